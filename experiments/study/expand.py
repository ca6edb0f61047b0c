"""A study spelt out: every run of arms x shocks x swept parameters x seeds, each world composed and tried once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from experiments.configuration.compose import Composer, split
from experiments.configuration.dates import moved_start
from experiments.configuration.settings import NO_SHOCK, Settings, calm_beside, read_settings, start_of
from experiments.configuration.sweeps import set_aside_sweeps
from experiments.errors import Problem, UsageError
from experiments.plugins import provenance
from experiments.plugins.provenance import digest
from experiments.plugins.sources import PluginCode, simulating_code
from experiments.study.designs import layout_of
from experiments.study.events import remarks, with_events
from experiments.study.find import one_form, plan_of
from experiments.study.own import in_one_form, measuring_of
from experiments.study.plan import Plan
from experiments.study.runs import FORKED, Expansion, Layout, Parent, Place, Point, RunSpec, label, with_keys
from experiments.study.worlds import (
    as_held,
    check_overrides,
    check_worlds,
    compose_as_asked,
    own_point,
    set_aside_shocks,
    whole_keys,
    with_swept_values,
)


def expand(composer: Composer, overrides: Sequence[str]) -> Expansion:
    """Composes and checks every world of the study that the overrides ask for; UsageError if one cannot be run."""
    overrides, swept = set_aside_sweeps(overrides, composer.files())
    overrides, shocks_asked = set_aside_shocks(overrides)
    container = composer.compose(overrides)
    _, own = split(container)
    kind = own["study"].get("kind") or "paired"
    plan = plan_of(kind, tuple(own.get("plugins") or ()))
    own["study"]["kind"] = one_form(kind, plan)
    own["study"]["sweep"] = {**(own["study"].get("sweep") or {}), **swept}
    if shocks_asked.presets is not None:
        presets = sorted(set(shocks_asked.presets))  # what is named after them has one name
        own["study"]["shocks"] = plan.shocks(presets)
    settings = plan.checked(read_settings({**own, "study": plan.study(own["study"])}))
    if plan.needs_paths and settings.record != "paths":
        allowed = f"must be 'paths' for a study of kind {settings.study.kind_name}"
        raise UsageError("the study cannot be read; nothing was run", [Problem("record", settings.record, allowed)])
    check_overrides(settings.study, shocks_asked.overrides, composer.presets("shocks"))
    layout = layout_of(settings.study, whole_keys(composer, overrides, settings, plan))
    worlds = compose_as_asked(composer, overrides, settings.study, shocks_asked.overrides, plan, layout.points)
    moved = moved_start(worlds.values(), settings.days, overrides)
    said = [f"{settings.study.name}: dated shocks lie outside the run; all worlds move: {moved}"] if moved else []
    if moved:
        print(*said, flush=True)
        worlds = compose_as_asked(
            composer, [*overrides, moved], settings.study, shocks_asked.overrides, plan, layout.points
        )
    settings = with_events(settings, worlds)
    worlds, settings, held = with_swept_values(check_worlds(worlds, settings), in_one_form(settings))
    layout = replace(layout, rows=[as_held(point, held) for point in layout.rows])
    for remark in remarks(settings, worlds) if plan.simulates else ():
        said.append(f"{settings.study.name}: {remark}")
        print(said[-1], flush=True)
    plugins = PluginCode(settings.plugins, composer.folders[1:])
    own, versions = simulating_code(), provenance.versions()
    asked = [*overrides, *([moved] if moved else [])]
    spelling = Spelling(composer, asked, shocks_asked.overrides, plan, settings, plugins, digest([own, versions]))
    named = {label(*place): world for place, world in worlds.items()}
    used = [*worlds.values(), {"_target_": settings.study.kind_name}]
    files = own | {name: text for section in used for name, text in plugins.used_by(section).items()}
    told, runs = told_worlds(settings, worlds, layout), spelling.runs(worlds) if plan.simulates else []
    return Expansion(settings, runs, named, files, versions, layout, told, spelling.further, tuple(said))


@dataclass(frozen=True, eq=False)
class Spelling:
    """How the points of a study become runs: what it was composed of, as long as the composer is open."""

    composer: Composer
    overrides: Sequence[str]
    shock_overrides: Sequence[str]
    plan: Plan
    settings: Settings
    plugins: PluginCode
    code: str  # the hash of all that simulates

    def further(self, points: Sequence[Point]) -> tuple[list[Point], list[RunSpec]]:
        """More points of the study, with their values as worlds hold them, and their runs."""
        worlds = compose_as_asked(
            self.composer, self.overrides, self.settings.study, self.shock_overrides, self.plan, points
        )
        worlds, _, held = with_swept_values(check_worlds(worlds, self.settings, builds=1), self.settings)
        return [as_held(point, held) for point in points], self.runs(worlds)

    def runs(self, worlds: dict[Place, dict[str, Any]]) -> list[RunSpec]:
        """The runs of some worlds, named by what they hold."""
        measuring, presets = measuring_of(self.settings, self.plugins), tuple(self.composer.folders[1:])
        runs = [replace(run, measuring=measuring, presets=presets) for run in runs_of(self.settings, worlds)]
        return with_keys(runs, self.code, self.plugins.used_by)


def told_worlds(settings: Settings, worlds: Iterable[Place], layout: Layout) -> frozenset[str] | None:
    """The labels of the worlds at the first point of a design that is drawn; None for all of another."""
    if settings.study.lists_points:
        return None
    first = set(layout.rows[0])
    return frozenset(label(*place) for place in worlds if first.issuperset(place[2]))


def runs_of(settings: Settings, worlds: dict[Place, dict[str, Any]]) -> Iterable[RunSpec]:
    """Every run of the study, forked ones after those that live their whole life in one arm."""
    days, study, plugins = settings.days, settings.study, tuple(settings.plugins)
    calm = calm_runs(settings, worlds)
    labelled = [(arm, shown, point, world) for (arm, shock, point), world in worlds.items()
                for shown in (calm[arm] if shock == NO_SHOCK else [shock])]  # fmt: skip
    for seed, (arm, shock, point, world) in itertools.product(settings.seed_list, labelled):
        yield RunSpec(arm, shock, seed, point, days, settings.window_of(shock), world, plugins)
    parting = [row for row in labelled if row[0] in study.forked_arms()]
    for seed, (arm, shock, point, world) in itertools.product(settings.seed_list, parting if study.fork else ()):
        day = start_of(study.starts, shock)
        if study.fork and day is not None:
            parent = Parent(worlds[study.fork.arm, NO_SHOCK, own_point(point)], day)
            yield RunSpec(arm + FORKED, shock, seed, point, days, settings.window_of(shock), world, plugins, parent)


def calm_runs(settings: Settings, worlds: Iterable[Place]) -> dict[str, list[str]]:
    """The labels of each arm's runs without a shock: `none`, and one for each later day on which its shocks strike."""
    places = dict.fromkeys((arm, calm_beside(settings.study.starts, shock)) for arm, shock, _ in worlds)
    return {
        arm: list(dict.fromkeys([NO_SHOCK, *(label for other, label in places if other == arm)]))
        for arm in dict.fromkeys(arm for arm, _ in places)
    }
