"""Shocks of the user's own are tried before anything runs: a run's key holds for one result only if they are pure."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from experiments.configuration.settings import Settings
from experiments.errors import ABSENT, Problem, UsageError
from experiments.plugins import chance
from experiments.plugins.guard import attempted, ignore_interrupts, tried
from experiments.plugins.sources import targets

SECONDS = 1.0  # that a shock is tried for, on as many days as they suffice for
PATIENCE_SECONDS = 120.0  # after which a shock that hangs is left to its run
ADVICE = (
    "a shock must be a pure function of the day. What is drawn is drawn from the seed: by a law in the preset, "
    "as size: [uniform, 0.05, 0.10]"
)


class Trial(NamedTuple):
    """A shock to try: its name, settings, and the world and seed it is built for."""

    name: str
    settings: dict[str, Any]
    start_date: str
    plugins: tuple[str, ...]
    seed: int
    days: int


def check_shocks_are_pure(worlds: Iterable[dict[str, Any]], settings: Settings, start_method: str | None) -> None:
    """Raises UsageError for a shock of a plug-in's that does not say the same of a day each time it is asked.

    They are tried in a process of their own, started so, or in this one where all runs are done in it.
    """
    trials = {}
    for world in worlds:
        for name, shock in (world.get("shocks") or {}).items():
            if {target.split(".")[0] for target in targets(shock)} & set(settings.plugins):
                start = str(world["world"]["start_date"])
                trial = Trial(name, shock, start, tuple(settings.plugins), settings.seed_list[0], settings.days)
                trials[json.dumps([name, shock, start], sort_keys=True, default=str)] = trial
    asked = list(trials.values())
    tried_days = tried_apart(asked, start_method) if start_method else tried_here(asked)
    found = {name: day for name, day in tried_days if day is not None}
    if found:
        said = "what it says of day {} is not always the same: " + ADVICE
        problems = [Problem(f"shocks.{name}", ABSENT, said.format(day)) for name, day in sorted(found.items())]
        raise UsageError("nothing was run", problems)


def tried_here(trials: list[Trial]) -> Iterator[tuple[str, int | None]]:
    """Name and first impure day of each shock, tried in this process."""
    for trial in trials:
        yield trial.name, attempted(lambda trial=trial: impure_day(trial))[0]


def tried_apart(trials: list[Trial], start_method: str) -> Iterator[tuple[str, int | None]]:
    """The same in a process of its own: a shock that ends or holds up its process is left to its run."""
    from pebble import ProcessExpired, ProcessPool

    if not trials:
        return
    context = multiprocessing.get_context(start_method)
    pool = ProcessPool(1, context=context, initializer=ignore_interrupts)
    try:
        waiting = [(trial.name, pool.schedule(tried_day, args=(trial,), timeout=PATIENCE_SECONDS)) for trial in trials]
        for name, future in waiting:
            try:
                yield name, future.result()
            except (ProcessExpired, Exception):  # noqa: BLE001 what it raises is told by its run
                yield name, None
        pool.close()
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.join()


def tried_day(trial: Trial) -> int | None:
    """The first impure day of a shock, None also for one that raises."""
    return tried(lambda: impure_day(trial))[0]


def impure_day(trial: Trial) -> int | None:
    """The first day on which a shock draws, or of which it says one thing, asked forwards, and another, backwards."""
    from sim.environment import Environment
    from sim.nature.striking import build_shocks
    from sim.streams import Streams

    [shock] = build_shocks({trial.name: trial.settings}, trial.start_date, Streams(trial.seed), trial.plugins).values()
    end, said, stood = time.monotonic() + SECONDS, [], chance.state()
    try:
        for day in range(trial.days):
            said.append(shock(day, Environment()))
            if chance.state() != stood:
                return day
            if time.monotonic() > end:
                break
        differing = [day for day in reversed(range(len(said))) if shock(day, Environment()) != said[day]]
        return min(differing, default=None)
    finally:
        chance.restore(stood)
