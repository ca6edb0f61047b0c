"""Which points a study runs of what it sweeps: all combinations, side by side, or drawn by a design with its layout."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.configuration.settings import Study
from experiments.configuration.sweeps import Drawn
from experiments.errors import ABSENT, Problem, Typed, UsageError
from experiments.study.runs import Layout, Point

EXTRA = "sensitivity"  # the extra that brings SALib
DIGITS = 10  # of a value that is drawn
TAIL = 1e-4  # of a law, beyond which nothing is drawn


def pointed(pairs: Iterable[tuple[str, Any]]) -> Point:
    """A point: its pairs by key."""
    return tuple(sorted(pairs, key=lambda pair: pair[0]))


def layout_of(study: Study, whole: Mapping[str, bool | None]) -> Layout:
    """The points that a study runs; `whole` says which keys hold whole numbers, None where that is not known.

    Raises UsageError for a design that cannot be drawn.
    """
    if study.design == "zip" and study.sweep:
        beside = zip(*study.sweep.values(), strict=True)
        return Layout([pointed(zip(study.sweep, values, strict=True)) for values in beside])
    if study.lists_points:
        listed = ([(key, value) for value in values] for key, values in study.sweep.items())
        return Layout([pointed(pairs) for pairs in itertools.product(*listed)])
    check_levels(study, whole)
    return drawn(study, whole)


def drawn(study: Study, whole: Mapping[str, bool | None]) -> Layout:
    """The points of a design that is drawn."""
    places, marks = DRAWN[study.design](study)
    columns = [
        values_at(said, places[:, place], bool(whole.get(key)), study.levels if study.design == "morris" else None)
        for place, (key, said) in enumerate(study.sweep.items())
    ]
    rows = [pointed(zip(study.sweep, values, strict=True)) for values in zip(*columns, strict=True)]
    return Layout(rows, tuple(study.sweep), places, marks)


def check_levels(study: Study, whole: Mapping[str, bool | None]) -> None:
    """Raises UsageError for a key whose range its kind of number, or the levels of a design, cannot hit."""
    problems = []
    for key, said in study.sweep.items():
        if not isinstance(said, Drawn) or not whole.get(key):
            continue
        where, low, high = f"study.sweep.{key}", said.low, said.high
        if said.law != "uniform" or low != int(low) or high != int(high):
            allowed = "holds whole numbers: give an interval between two of them, or list its values"
            problems.append(Problem(where, Typed(f"{low:g} to {high:g}"), allowed))
        elif study.design == "morris" and high - low > 1 and (high - low) % (study.levels - 1):
            steps = study.levels - 1
            nearest = int(low) + steps * max(1, round((high - low) / steps))
            allowed = (
                f"holds whole numbers, which {study.levels} levels must hit: end at {nearest}, or give another even "
                "study.levels"
            )
            problems.append(Problem(where, Typed(f"{int(low)} to {int(high)}"), allowed))
    if problems:
        raise UsageError("the design cannot be drawn; nothing was run", problems)


def values_at(said: list[Any] | Drawn, places: NDArray[np.float64], whole: bool, levels: int | None) -> list[Any]:
    """The values of a key at places between 0 and 1: whole levels of what is listed or whole, else a quantile."""
    if not isinstance(said, Drawn):
        chosen = np.minimum((places * len(said)).astype(int), len(said) - 1)
        return [said[place] for place in chosen]
    low, high = float(said.low), float(said.high)
    if said.law != "uniform":
        from scipy.special import ndtri

        score = ndtri(np.clip(places, TAIL, 1.0 - TAIL))
        drawn = low + high * score if said.law == "normal" else low * np.exp(high * score)
    elif said.scale == "log":
        drawn = low * (high / low) ** places
    elif whole and levels is None:
        drawn = np.minimum(np.floor(low + places * (high - low + 1.0)), high)
    else:
        drawn = low + places * (high - low)
    if whole:
        return [int(value) for value in np.rint(drawn)]
    return [float(f"{value:.{DIGITS}g}") for value in drawn]


# ---- designs that are drawn: places (rows, keys) between 0 and 1, and what each row is


Draw = tuple[NDArray[np.float64], dict[str, list[Any]]]


def latin_hypercube(study: Study) -> Draw:
    """Points of which every key has one in each of as many equal parts."""
    from scipy.stats.qmc import LatinHypercube

    generator = np.random.Generator(np.random.PCG64(study.design_seed))
    return LatinHypercube(len(study.sweep), rng=generator).random(study.drawn_points), {}


def sobol(study: Study) -> Draw:
    """Saltelli's layout over a scrambled Sobol' sequence: of each base point A, A with each key of B, then B."""
    keys = list(study.sweep)
    places = sampled("sobol", study, study.drawn_points, calc_second_order=False)
    return places, marked(["A", *(f"B:{key}" for key in keys), "B"], study.drawn_points, "matrix")


def morris(study: Study) -> Draw:
    """Trajectories on a grid of levels, each moving one key after another by half of them (Morris 1991)."""
    places = sampled("morris", study, study.drawn_points, num_levels=study.levels)
    steps = list(range(len(study.sweep) + 1))
    return places, marked(steps, study.drawn_points, "step")


def sampled(name: str, study: Study, number: int, **options: Any) -> NDArray[np.float64]:
    """Places drawn by a sampler of SALib."""
    sampler = salib(f"sample.{name}")
    return np.asarray(sampler.sample(problem_of(study.sweep), number, seed=study.design_seed, **options), np.float64)


def marked(names: Sequence[Any], times: int, what: str) -> dict[str, list[Any]]:
    """The marks of a layout that repeats rows with these names."""
    return {"sample": np.repeat(np.arange(times), len(names)).tolist(), what: list(names) * times}


def problem_of(keys: Iterable[str]) -> dict[str, Any]:
    """SALib's description of keys between 0 and 1."""
    names = list(keys)
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def salib(module: str) -> Any:
    """A module of SALib; UsageError where it is not installed."""
    try:
        return importlib.import_module(f"SALib.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "SALib":
            raise
        allowed = f"needs SALib, which is not installed: pip install 'rackrate[{EXTRA}]'"
        raise UsageError("nothing was run", [Problem("study.design", ABSENT, allowed)]) from None


DRAWN = {"latin_hypercube": latin_hypercube, "sobol": sobol, "morris": morris}
