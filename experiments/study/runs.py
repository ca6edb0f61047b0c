"""What a study is once it is spelt out: its runs, their labels, and what they depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.configuration.canonical import orders
from experiments.configuration.settings import Settings
from experiments.plugins import provenance
from experiments.study.own import Measuring

FORKED = "@fork"  # ends the label of an arm whose runs part from the reference arm on the event's first day
Point = tuple[tuple[str, Any], ...]  # swept keys and their values
Place = tuple[str, str, Point]  # arm, shock, swept point


def label(arm: str, shock: str, point: Point = ()) -> str:
    """`arm, shock, key=value`, for people."""
    return ", ".join([arm, shock, *(f"{key}={value}" for key, value in point)])


@dataclass(frozen=True, eq=False)
class Parent:
    """The run that forked runs part from: its resolved world, and the day of the parting."""

    world: dict[str, Any]
    day: int


@dataclass(frozen=True, eq=False)
class RunSpec:
    """One run: what a worker needs to know, and the labels of its row."""

    arm: str
    shock: str
    seed: int
    sweep: Point
    days: int
    window: tuple[int, int]
    world: dict[str, Any]
    plugins: tuple[str, ...] = ()
    parent: Parent | None = None
    made_of: str = ""  # the hash of all that can change its numbers, but for the seed
    key: str = ""
    measuring: Measuring = Measuring()
    presets: tuple[Path, ...] = ()  # folders of presets, which are no part of a plug-in's code


@dataclass(frozen=True, eq=False)
class Layout:
    """The points of a design, and how they were laid out: a row a point in the order of the design, points twice too.

    Points may fall together where keys have few values; a world is run once, and belongs to all rows that hold it.
    """

    rows: list[Point]
    keys: tuple[str, ...] = ()  # of the places, in their order
    places: NDArray[np.float64] | None = None  # (rows, keys) between 0 and 1, of a design that is drawn
    marks: dict[str, list[Any]] = field(default_factory=dict)  # what a row is in its design: sample and matrix, or path

    @property
    def points(self) -> list[Point]:
        """Each point once, in the order of the design."""
        return list(dict.fromkeys(self.rows))

    def and_then(self, other: Layout) -> Layout:
        """Both one after the other; what only one of them has is empty in the other's rows."""
        keys = tuple(dict.fromkeys([*self.keys, *other.keys]))
        marks: dict[str, list[Any]] = {}
        for name in dict.fromkeys([*self.marks, *other.marks]):
            marks[name] = [mark for one in (self, other) for mark in one.marks.get(name, [None] * len(one.rows))]
        return Layout([*self.rows, *other.rows], keys, np.vstack([self.placed(keys), other.placed(keys)]), marks)

    def placed(self, keys: Sequence[str]) -> NDArray[np.float64]:
        """The places of some keys (rows, keys), nan where a row has none."""
        found = np.full((len(self.rows), len(keys)), np.nan)
        for column, key in enumerate(keys):
            if key in self.keys and self.places is not None:
                found[:, column] = self.places[:, self.keys.index(key)]
        return found


Further = Callable[[Sequence[Point]], tuple[list[Point], list[RunSpec]]]


@dataclass(frozen=True, eq=False)
class Expansion:
    """All runs of a call, with what they depend on."""

    settings: Settings
    runs: list[RunSpec]
    worlds: dict[str, dict[str, Any]]  # label of a world -> its sections
    sources: dict[str, str]
    versions: dict[str, str]
    layout: Layout = Layout([()])  # of its swept points
    told: frozenset[str] | None = None  # labels of the worlds in config.yaml: of a drawn design its first point's
    further: Further | None = None  # spells out more points, as long as the configuration is open
    said: tuple[str, ...] = ()  # what was said while it was spelt out


def key_of(made_of: str, seed: int) -> str:
    """The key of a run."""
    return provenance.digest([made_of, seed])[:32]


def with_keys(
    runs: Iterable[RunSpec], code: str, plugins: Callable[[dict[str, Any]], dict[str, str]] = lambda world: {}
) -> list[RunSpec]:
    """The runs with the hash of all that can change their numbers: of `plugins`, what their worlds use."""
    hashes, texts = dict[int, str](), provenance.Texts()

    def hash_of(world: dict[str, Any]) -> str:
        if id(world) not in hashes:
            rest = map(provenance.text_of, (orders(world), plugins(world)))
            hashes[id(world)] = provenance.sha256_of(f"[{', '.join([texts.of(world), *rest])}]")
        return hashes[id(world)]

    keyed = []
    for run in runs:
        parent = [hash_of(run.parent.world), run.parent.day] if run.parent else None
        labels = [run.arm, run.shock, sorted(run.sweep)]
        made_of = provenance.digest([labels, hash_of(run.world), run.days, list(run.window), parent, code])
        keyed.append(replace(run, made_of=made_of, key=key_of(made_of, run.seed)))
    return keyed
