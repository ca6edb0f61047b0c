"""The program: `rackrate experiment=NAME [key=value ...]` runs a study, `rackrate VERB ...` does all else with it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments.errors import ABSENT, Problem, StorageError, Typed, UsageError, WorkersError, nearest_name
from experiments.wording import plural

if TYPE_CHECKING:
    from experiments.configuration.settings import Settings
    from experiments.execute.executor import Executor
    from experiments.execute.jobs import Queue
    from experiments.execute.worker import Outcome
    from experiments.store.asked import Call
    from experiments.store.unchanged import Held
    from experiments.study.runs import Expansion, RunSpec

OUTPUT_LOST, WRONG_USE, RUNS_MISSING, INTERRUPTED = (
    1,
    2,
    3,
    130,
)  # a kind of study has its own: 4 not neutral, 5 not replicated


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 2 wrong use, 3 runs failed or missing, 4 not neutral, 5 not replicated, 130 stopped.

    75 where runs are with jobs (`status`, `collect`): ask again later. 1 where standard output could not be written.
    """
    from experiments.plugins.guard import ended_as_interrupted
    from experiments.report.terminal import lost_output, speak_plainly

    speak_plainly()
    try:
        with ended_as_interrupted():
            status = run([in_utf8(word) for word in (sys.argv[1:] if arguments is None else arguments)])
    except UsageError as error:
        print(f"rackrate: {error}", file=sys.stderr)
        return WRONG_USE
    except (StorageError, WorkersError) as error:
        print(f"rackrate: {error}; finished runs are kept, the same call goes on from there", file=sys.stderr)
        return RUNS_MISSING
    except KeyboardInterrupt:
        print("rackrate: interrupted; no run was begun", file=sys.stderr)
        return INTERRUPTED
    if lost := lost_output():
        print(f"rackrate: what it printed could not be written: {lost.strerror}", file=sys.stderr)
    return status or (OUTPUT_LOST if lost else 0)


def in_utf8(word: str) -> str:
    """A word of the command line read as UTF-8 where the locale could not read it; as it is if it is no UTF-8."""
    try:
        return word.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeDecodeError:
        return word


def run(arguments: list[str]) -> int:
    """Does what the first word says: a verb, or else the study that the words ask for is run."""
    asked = read_arguments(arguments)
    if asked.version:
        from importlib.metadata import version

        print(f"rackrate {version('rackrate')}")
        return 0
    # Presets may name the user's own modules, which lie where he works or beside his presets.
    sys.path += [os.getcwd(), *([str(Path(asked.config_dir).resolve().parent)] if asked.config_dir else [])]
    if asked.multirun:
        raise UsageError("nothing was run", [sweep_asked(asked)])
    if asked.hydra:
        return show_with_hydra(asked)
    from experiments.execute.batches import one_thread_each

    one_thread_each()
    verb = asked.overrides[0] if asked.overrides else ""
    if verb in VERBS:
        asked.overrides = asked.overrides[1:]
        return VERBS[verb](asked, arguments)
    if verb and "=" not in verb and nearest_name(verb, VERBS):
        allowed = f"is no verb; there are {', '.join(VERBS)}, and key=value"
        raise UsageError("nothing was run", [Problem("rackrate", Typed(verb), allowed, nearest_name(verb, VERBS))])
    return run_asked(asked, arguments)


def run_asked(asked: argparse.Namespace, arguments: list[str], only_submit: bool = False) -> int:
    """Composes the study, runs what its folder lacks, and writes tables, figures and report."""
    from experiments.configuration.compose import composer
    from experiments.execute.batches import prepare_workers
    from experiments.execute.executor import check_here, executor_of
    from experiments.store.asked import Call
    from experiments.store.unchanged import answer_at_hand, words_and_surroundings
    from experiments.study.find import plan_for
    from experiments.study.purity import check_shocks_are_pure

    words = words_and_surroundings(asked.overrides, asked.config_dir)
    if not only_submit and (held := answer_at_hand(asked.overrides, words)):
        print("\n".join([*held.said, *shown_again(held, arguments)]))
        return held.status
    prepare_workers(asked.overrides)
    with composer(asked.config_dir) as open_composer:  # open while it runs: a kind may ask for further points
        from experiments.study.expand import expand

        expansion = expand(open_composer, asked.overrides)
        executor = executor_of(expansion.settings.executor, tuple(expansion.settings.plugins))
        check_here(executor)
        check_shocks_are_pure(expansion.worlds.values(), expansion.settings, executor.start_method)
        plan = plan_for(expansion.settings)
        if not plan.simulates:
            return plan.run(expansion)
        if expansion.settings.dry:
            from experiments.verbs.pilot import dry_run

            return dry_run(expansion, executor)
        presets = str(Path(asked.config_dir).resolve()) if asked.config_dir else None
        call = Call(asked.overrides, presets, os.getcwd())
        if only_submit:
            from experiments.verbs.submitting import submit_study

            return submit_study(expansion, executor, call)
        return run_study(expansion, executor, arguments, call, words)


def run_again(call: Call, asked: argparse.Namespace) -> int:
    """Runs a study by the call that made its folder, from the folder in which that was typed."""
    if not Path(call.folder).is_dir():
        allowed = f"is gone, where the call that made the folder was typed; type it anew: {' '.join(call.arguments)}"
        raise UsageError("nothing was run", [Problem(call.folder, ABSENT, allowed)])
    os.chdir(call.folder)
    sys.path += [call.folder, *([str(Path(call.config_dir).parent)] if call.config_dir else [])]
    asked.overrides, asked.config_dir = call.arguments, call.config_dir
    presets = ["--config-dir", call.config_dir] if call.config_dir else []
    return run_asked(asked, [*presets, *call.arguments])


def run_restart(asked: argparse.Namespace, arguments: list[str]) -> int:
    """Does what a folder lacks, also what failed: `rackrate restart OUT [executor=NAME]`."""
    from experiments.verbs.going_on import restarted

    del arguments
    return run_again(restarted(asked.overrides), asked)


def run_expand(asked: argparse.Namespace, arguments: list[str]) -> int:
    """Does more seeds: `rackrate expand OUT --add-seeds N`."""
    from experiments.verbs.going_on import expanded

    del arguments
    return run_again(expanded(asked.overrides, asked.add_seeds), asked)


def run_status(asked: argparse.Namespace, arguments: list[str]) -> int:
    """Says how a folder stands: `rackrate status OUT`."""
    from experiments.verbs.standing import show_status

    del arguments
    return show_status(asked.overrides)


def run_compare(asked: argparse.Namespace, arguments: list[str]) -> int:
    """Says what tells two folders or arms apart: `rackrate compare A B`."""
    from experiments.verbs.comparing import show_comparison

    del arguments
    return show_comparison(asked.overrides)


def run_collect(asked: argparse.Namespace, arguments: list[str]) -> int:
    """Reads what is done of a folder: `rackrate collect OUT`."""
    from experiments.verbs.standing import collect

    del arguments
    return answer_of(asked, collect)


def run_merge(asked: argparse.Namespace, arguments: list[str]) -> int:
    """Makes one folder of several: `rackrate merge A B ... out=C`."""
    from experiments.verbs.merging import merge

    del arguments
    return answer_of(asked, merge)


def answer_of(asked: argparse.Namespace, do: Callable[..., tuple[int, Path, list[str]]]) -> int:
    """Has a verb read a folder, and prints the answer: its exit status."""
    from experiments.configuration.compose import composer
    from experiments.report.ending import answered

    with composer(asked.config_dir) as open_composer:
        status, out, answer = do(open_composer, asked.overrides, read_results)
    print("\n".join(answered(out, answer)))
    return status


def run_measure(asked: argparse.Namespace, arguments: list[str]) -> int:
    """Measures a folder's stored runs anew: `rackrate measure OUT [metrics=[NAME]] [figures=[NAME]]`."""
    from experiments.configuration.compose import composer
    from experiments.report.ending import answered
    from experiments.verbs.measuring import measure_folder

    del arguments
    try:
        with composer(asked.config_dir) as open_composer:
            done = measure_folder(open_composer, asked.overrides, read_results)
    except KeyboardInterrupt:
        print("rackrate: interrupted; the same call measures and writes the rest", file=sys.stderr)
        return INTERRUPTED
    if done.failures:
        print(f"{plural(len(done.failures), 'run')} could not be measured: {done.failures[0].error}", file=sys.stderr)
    print("\n".join(answered(done.out, done.answer)))
    return RUNS_MISSING if done.failures else done.status


VERBS: dict[str, Callable[[argparse.Namespace, list[str]], int]] = {
    "run": run_asked,
    "submit": lambda asked, arguments: run_asked(asked, arguments, only_submit=True),
    "status": run_status,
    "collect": run_collect,
    "restart": run_restart,
    "expand": run_expand,
    "compare": run_compare,
    "merge": run_merge,
    "measure": run_measure,
}


def shown_again(held: Held, arguments: Sequence[str]) -> list[str]:
    """What is said of a folder that is as the last call left it."""
    from experiments.report.ending import ending

    stands = f"{held.name}: the folder is as the last call left it; its answer stands"
    return [stands, *([held.events] if held.events else []), ending(Path(held.out), held.seeds, held.answer, arguments)]


def run_study(
    expansion: Expansion,
    executor: Executor,
    arguments: Sequence[str] = (),
    call: Call | None = None,
    words: str = "",
) -> int:
    """Runs what is missing in the study's folder, reads it, and says what was found and what to try next.

    A kind of study may ask for further points once all are there (`Kind.further`): they are run likewise.
    """
    from experiments.execute.progress import print_failures
    from experiments.report.ending import ending
    from experiments.store.folder import opened_folder
    from experiments.store.unchanged import Held, asked_of, data_of, keep_answer, unchanged
    from experiments.verbs.rounds import next_round

    settings, began = expansion.settings, time.monotonic()
    out, asked, data = Path(settings.out).resolve(), asked_of(expansion), data_of(settings)
    if held := unchanged(out, asked):
        print("\n".join([*announced(expansion, [], total=held.runs), *shown_again(held, arguments)]))
        return held.status
    with opened_folder(out, expansion):
        done, missing = run_round(expansion, executor, call), 0
        while True:
            missing += done.missing
            if done.interrupted:
                return say_interrupted(out, done.rows)
            further = None if done.failures or done.stopped else next_round(expansion, out)
            if further is None:
                break
            expansion = further
            done = run_round(expansion, executor, call)
        write_timing(out, missing, time.monotonic() - began)
        try:
            status, answer = read_results(out, settings)
        except KeyboardInterrupt:
            return say_interrupted(out, done.rows, "; the same call writes its tables, figures and report")
        events = events_line(out)
        if not done.failures and not done.stopped:
            runs, name, seeds = len(expansion.runs), settings.study.name, len(settings.seed_list)
            said = [*expansion.said, *announced(expansion, [], total=runs)]
            keep_answer(Held(asked, status, answer, events, runs, str(out), name, seeds, words, data, said))
    if events:
        print(events, flush=True)
    if done.failures:
        print_failures(done.failures, expansion.runs)
    if done.stopped:
        print("stopped at the first run that failed (fail_fast=true); the others were not done", flush=True)
    print(ending(out, len(settings.seed_list), answer, arguments, failed=bool(done.failures)))
    return RUNS_MISSING if done.failures else status


class Round(NamedTuple):
    """What came of running what a folder lacks."""

    rows: list[dict[str, Any]]
    missing: int
    failures: list[Outcome]
    interrupted: bool
    stopped: bool


def run_round(expansion: Expansion, executor: Executor, call: Call | None) -> Round:
    """Runs what the folder lacks of a study, and measures what was measured otherwise."""
    from experiments.execute.batches import batches_of, worker_count
    from experiments.execute.executor import FailedFast, execute
    from experiments.execute.jobs import Queues, queue_of
    from experiments.execute.progress import progress
    from experiments.store.asked import write_asked
    from experiments.store.rows import compact, unmeasured_runs
    from experiments.verbs.measuring import measure_stored

    settings, out = expansion.settings, Path(expansion.settings.out).resolve()
    if call:
        write_asked(out, call, expansion.runs)
    missing, queue = to_do(expansion)
    again = unmeasured_runs(out, expansion.runs)
    print("\n".join(announced(expansion, missing, again)), flush=True)
    here = [run for run in missing if run.key not in queue.runs]
    failures: list[Outcome] = []
    interrupted = stopped = False
    try:
        if missing:
            with progress(len(missing)) as shown:
                failures = shown.failures
                workers = worker_count(settings, executor)
                batches = batches_of(here, out, settings.record, workers)
                execute(batches, executor, workers, shown.report, settings.fail_fast)
                if isinstance(executor, Queues) and queue.runs:
                    executor.watch(out, [run.key for run in missing if run.key in queue.runs], shown.report)
        failures += measure_stored(out, again, settings.window_of)
    except KeyboardInterrupt:
        interrupted = True
    except FailedFast:
        stopped = True
        if isinstance(executor, Queues):
            executor.cancel(list(queue_of(out).jobs))
    rows = compact(out)
    with_jobs = queue_of(out).runs if queue.runs else {}
    failures += [] if stopped or interrupted else left_out(missing, rows, failures, with_jobs)
    return Round(rows, len(missing), failures, interrupted, stopped)


def to_do(expansion: Expansion) -> tuple[list[RunSpec], Queue]:
    """The runs that a folder lacks, and which of them are with jobs of earlier calls, which is said."""
    from experiments.execute.jobs import queue_of
    from experiments.store.rows import missing_runs

    out = Path(expansion.settings.out).resolve()
    missing, queue = missing_runs(out, expansion.runs, expansion.settings.record), queue_of(out)
    for reason in queue.unknown:
        print(f"{expansion.settings.study.name}: {reason}; its runs are taken for nobody's", flush=True)
    held = sum(run.key in queue.runs for run in missing)
    if held:
        told = f"{held} of the runs that are missing are with jobs of an earlier call and left to them"
        print(f"{expansion.settings.study.name}: {told}: {queue.told()}", flush=True)
    return missing, queue


def say_interrupted(out: Path, rows: Sequence[dict[str, Any]], what_next: str = "") -> int:
    """Says what an interruption has left."""
    from experiments.execute.jobs import queue_of

    done = sum(row["status"] == "ok" for row in rows)
    print(f"\nrackrate: interrupted; {done} finished runs are kept in {out}{what_next}", file=sys.stderr)
    if left := queue_of(out).told():
        print(f"rackrate: its jobs go on: {left}; rackrate status {out} shows them", file=sys.stderr)
    return INTERRUPTED


def left_out(
    runs: Sequence[RunSpec], rows: Sequence[dict[str, Any]], failures: Sequence[Outcome], queued: Mapping[str, str]
) -> list[Outcome]:
    """The runs that an executor has neither finished nor reported as failed, those that are with jobs told so."""
    from experiments.execute.worker import Outcome

    told = {row["key"] for row in rows if row["status"] == "ok"} | {failure.key for failure in failures}
    said = {key: f"is with job {job}" for key, job in queued.items()}
    return [
        Outcome(run.key, "missing", said.get(run.key, "the executor ended without it"))
        for run in runs
        if run.key not in told
    ]


def events_line(out: Path) -> str:
    """How often which kinds of event happened in all finished runs, in words; nothing where none did."""
    from experiments.results import Results

    results = Results(out)
    told = results.events
    if told is not None and told["shock"].isin(results.design.shocks).any():
        told = told[told["shock"].isin(results.design.shocks)]
        often = ", ".join(f"{count:,} {kind}" for kind, count in told["kind"].value_counts().sort_index().items())
        return f"events: {often} (events.parquet)"
    return ""


def announced(
    expansion: Expansion, missing: Sequence[object], again: Sequence[object] = (), total: int | None = None
) -> list[str]:
    """What is about to be run, and what is measured by other metrics than before; of `total` runs if given."""
    from experiments.analyse.stats import few_words
    from experiments.configuration.settings import NO_SHOCK
    from experiments.study.events import most_comparisons

    study, total = expansion.settings.study, total or len(expansion.runs)
    stored = f", {total - len(missing)} of them stored already" if len(missing) < total else ""
    stored += f", {len(again)} of these measured anew from their paths" if again else ""
    arms, shocks = len(study.arms), len([shock for shock in study.shocks if shock != NO_SHOCK])
    worlds = f"{counted(arms, 'arm')}, {counted(shocks, 'shock')}"
    if not study.lists_points:
        points, keys = len(expansion.layout.points), counted(len(study.sweep), "key")
        worlds += f", {points} points of a {study.design} design over {keys}"
    days = plural(expansion.settings.days, "day")
    said = [f"{study.name}: {plural(total, 'run')} of {days} ({worlds}){stored}"]
    few = few_words(len(expansion.settings.seed_list), most_comparisons(expansion.settings))
    return [*said, f"{study.name}: {few}"] if few and len(expansion.settings.seed_list) > 1 else said


def counted(number: int, what: str) -> str:
    """A number of things in words: 1 arm, 2 arms, no shock."""
    return f"{number or 'no'} {what}{'s' * (number > 1)}"


def write_timing(out: Path, runs: int, seconds: float) -> None:
    """Keeps how long the last call took, apart from what the results depend on."""
    from experiments.store.files import write_whole

    if runs:
        write_whole(out / "timing.json", json.dumps({"runs": runs, "seconds": round(seconds, 3)}))


def read_results(out: Path, settings: Settings) -> tuple[int, list[str]]:
    """Writes what is read from the runs, a line for each stage: the exit status of the study's kind; the answer."""
    from experiments.execute.progress import stage
    from experiments.kinds.kind import Kind, kind_for

    kind = kind_for(settings)
    if type(kind).read is not Kind.read:
        stage(settings.study.kind_name)
    status = kind.read(out, settings)
    stage("effects")
    from experiments.analyse.effects import write_effects

    write_effects(out, settings)
    stage("figures")
    from experiments.report.draw import draw_figures
    from experiments.results import Results

    results = Results(out)  # one for all three: what it has read of the recorded days is read once
    drawn = draw_figures(results, settings)
    stage("report")
    from experiments.report.answer import sentences
    from experiments.report.page import write_report

    answer = sentences(results)
    write_report(results, settings, drawn, answer)
    return status, answer


# ---- the command line

HYDRA_FLAGS = {
    **{
        "--help": 0,
        "-h": 0,
        "--hydra-help": 0,
        "--resolve": 0,
        "--shell-completion": 0,
        "-sc": 0,
        "--info": 1,
        "-i": 1,
    },
    **{"--cfg": 1, "-c": 1, "--package": 1, "-p": 1},
}


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """Parts flags from overrides; `hydra` holds the flags that show something and run nothing."""
    parser = argparse.ArgumentParser(prog="rackrate", add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--config-dir", "-cd")
    parser.add_argument("--add-seeds")
    try:
        asked, rest = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise UsageError("nothing was run", [Problem(error.argument_name or "flag", ABSENT, error.message)]) from None
    asked.hydra, asked.overrides, asked.multirun = [], [], None
    while rest:
        word = rest.pop(0)
        flag = word.split("=")[0]
        if flag in HYDRA_FLAGS:
            asked.hydra.append(word)
            if HYDRA_FLAGS[flag] and "=" not in word and rest and "=" not in rest[0]:
                asked.hydra.append(rest.pop(0))
        elif flag in {"--multirun", "-m"}:
            asked.multirun = flag
        elif flag.startswith("-"):
            near = nearest_name(flag, [*HYDRA_FLAGS, "--version", "--config-dir", "--add-seeds"])
            allowed = "there is no such flag; settings are written key=value"
            raise UsageError("nothing was run", [Problem(flag, ABSENT, allowed, near)])
        else:
            asked.overrides.append(word)
    return asked


def sweep_asked(asked: argparse.Namespace) -> Problem:
    """What to write in place of Hydra's flag of many runs."""
    from experiments.configuration.compose import composer
    from experiments.configuration.cures import sweep_flag

    with composer(asked.config_dir) as open_composer:
        return sweep_flag(asked.multirun, asked.overrides, open_composer.files())


def show_with_hydra(asked: argparse.Namespace) -> int:
    """Lets Hydra print a configuration, its help or completions."""
    import hydra

    from experiments.configuration.compose import PACKAGED, composer
    from experiments.configuration.sweeps import as_tables, set_aside_sweeps

    words = asked.overrides
    if "-sc" not in asked.hydra and "--shell-completion" not in asked.hydra:
        with composer(asked.config_dir) as open_composer:
            words, swept = set_aside_sweeps(words, open_composer.files())
            words = [*words, *as_tables(swept)]
            open_composer.compose(words)
    folder = ["--config-dir", str(Path(asked.config_dir).resolve())] if asked.config_dir else []
    sys.argv = [sys.argv[0], *asked.hydra, *folder, *words]
    try:
        hydra.main(version_base="1.3", config_path=str(PACKAGED), config_name="config")(lambda config: None)()
    except SystemExit as ended:  # Hydra leaves so after its help
        return int(ended.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
