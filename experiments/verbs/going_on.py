"""Goes on with a folder by the call that made it: `rackrate restart OUT`, `rackrate expand OUT --add-seeds N`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.configuration.compose import as_override, key_of
from experiments.errors import ABSENT, Problem, UsageError
from experiments.results import Results
from experiments.store.asked import Call, read_call
from experiments.store.folder import read_yaml
from experiments.store.lock import locked
from experiments.store.replaced import set_mixed_aside
from experiments.verbs.standing import folder_named

HOW = {"executor", "workers", "fail_fast", "dry"}  # what may be said anew: how runs are done, not which


def restarted(words: Sequence[str]) -> Call:
    """The call that does what a folder lacks, also what failed and the seeds that several kinds of processor did."""
    out = folder_named("restart", [word for word in words if "=" not in word])
    mixed = Results(out).mixed_seeds if (out / "runs.parquet").exists() else []
    if mixed:
        with locked(out):
            set_mixed_aside(out, mixed)
        print(f"{out}: seeds {', '.join(map(str, mixed))} were done by several kinds of processor and are done anew")
    return repeated(out, held_seeds(out), how(words))


def expanded(words: Sequence[str], more: Any) -> Call:
    """The call that does so many seeds more than a folder holds."""
    out = folder_named("expand", [word for word in words if "=" not in word])
    if not str(more or "").isdigit() or int(more) < 1:
        allowed = "must be a whole number of seeds at least 1: rackrate expand FOLDER --add-seeds N"
        raise UsageError("nothing was run", [Problem("--add-seeds", ABSENT if more is None else more, allowed)])
    seeds = held_seeds(out)
    return repeated(out, [*seeds, *range(max(seeds) + 1, max(seeds) + 1 + int(more))], how(words))


def how(words: Sequence[str]) -> list[str]:
    """The overrides among some words; UsageError for one that says which runs, not how they are done."""
    overrides = [word for word in words if "=" in word]
    wrong = [key_of(word) for word in overrides if key_of(word).split(".")[0] not in HOW]
    if wrong:
        allowed = f"is the folder's own; what may be said anew is {', '.join(sorted(HOW))}"
        raise UsageError("nothing was run", [Problem(key, ABSENT, allowed) for key in wrong])
    return overrides


def held_seeds(out: Path) -> list[int]:
    """The seeds that a folder has been asked for."""
    return [int(seed) for seed in read_yaml(out / "config.yaml")["seeds"]]


def repeated(out: Path, seeds: Sequence[int], overrides: Sequence[str]) -> Call:
    """The call that a folder was made by, with these seeds and overrides."""
    call, said = read_call(out), {key_of(word) for word in overrides}
    dropped = {"out", "seeds", "shard", "dry", *said} | ({"executor"} & {key.split(".")[0] for key in said})
    kept = [word for word in call.arguments if key_of(word) not in dropped]
    if "executor" in said:  # another one has other parameters
        kept = [word for word in kept if not key_of(word).startswith("executor.")]
    asked = [*kept, f"seeds=[{','.join(map(str, seeds))}]", as_override("out", str(out)), *overrides]
    return Call(asked, call.config_dir, call.folder)
