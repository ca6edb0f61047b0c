"""The worlds of a study: each arm, shock and swept point composed once, read, and tried before anything runs."""

from __future__ import annotations

import hashlib
import itertools
import json
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.configuration.canonical import OneForm, one_form, value_at
from experiments.configuration.compose import Composer, as_override, flat, key_of
from experiments.configuration.cures import parse, preset_names
from experiments.configuration.settings import Settings, Study
from experiments.configuration.sweeps import Drawn
from experiments.errors import ABSENT, Problem, Typed, UsageError, nearest_name
from experiments.plugins import provenance
from experiments.plugins.guard import attempted, tell
from experiments.study.own import checked_metrics
from experiments.study.plan import Plan
from experiments.study.runs import Place, Point, label

TRIAL_BUILDS = 32
Held = dict[str, dict[str, Any]]  # swept key -> how a value was typed -> what it is


# ---- shocks given on the command line


@dataclass(frozen=True)
class ShocksAsked:
    """What the command line says about shocks: presets instead of the study's, and values for their keys."""

    presets: list[str] | None
    overrides: list[str]


def set_aside_shocks(overrides: Sequence[str]) -> tuple[list[str], ShocksAsked]:
    """Parts the overrides of shocks from the rest: they concern the runs with that shock only."""
    presets, about_shocks, rest = None, [], []
    for override in overrides:
        key = key_of(override)
        found = parse(override) if key == "shocks" else None
        names = preset_names(found) if found else None
        if names is not None:
            presets = names
        elif key.startswith("shocks."):
            about_shocks.append(override)
        else:
            rest.append(override)
    return rest, ShocksAsked(presets, about_shocks)


def presets_and_values(entries: Iterable[str]) -> tuple[list[str], list[str]]:
    """Parts a shock's list into presets and overrides of their keys."""
    entries = list(entries)
    return [entry for entry in entries if "=" not in entry], [entry for entry in entries if "=" in entry]


def check_overrides(study: Study, shock_overrides: Sequence[str], shocks_known: Sequence[str]) -> None:
    """Every preset of a shock must exist, and every override of a shock or arm must be able to apply."""
    problems, used = [], {preset for entries in study.shocks.values() for preset in presets_and_values(entries)[0]}
    for preset in sorted(used - set(shocks_known)):
        allowed = f"there is no such preset; allowed: {', '.join(shocks_known)}"
        problems.append(Problem("shocks", Typed(preset), allowed, nearest_name(preset, shocks_known)))
    for key in [*map(key_of, shock_overrides), *study.sweep]:
        if key.startswith("shocks.") and (name := key.split(".")[1]) not in used:
            allowed = f"the study has no such shock; it has: {', '.join(sorted(used)) or 'none'}"
            near = nearest_name(name, used or shocks_known)
            if near == name:
                allowed, near = f"{allowed}; write {shlex.quote(f'shocks=[{name}]')} beside it", None
            problems.append(Problem(key, ABSENT, allowed, near))
    for shock, entries in study.shocks.items():
        presets, values = presets_and_values(entries)
        own = ", ".join(f"shocks.{preset}.KEY=VALUE" for preset in presets) or "it names none"
        problems += [
            Problem(f"study.shocks.{shock}", Typed(entry), f"must set a key of the shock's own presets: {own}")
            for entry in values
            if not key_of(entry).startswith(tuple(f"shocks.{preset}." for preset in presets))
        ]
    changed = [(f"study.arms.{arm}", key_of(entry)) for arm, entries in study.arms.items() for entry in entries]
    changed += [("study.sweep", key) for key in study.sweep]
    for place, key in changed:
        if key.split(".")[0] in {*Settings.model_fields, "experiment"} or key == "shocks":
            problems.append(Problem(place, Typed(key), "must change the world, not the settings of the study"))
    for key in study.sweep:
        setters = [arm for arm, entries in study.arms.items() if key in map(key_of, entries)]
        if setters:
            problems.append(Problem("study.sweep", Typed(key), f"is set by the arms {', '.join(setters)} already"))
    if problems:
        raise UsageError("the study cannot be run; nothing was run", problems)


# ---- worlds


def compose_worlds(
    composer: Composer,
    overrides: Sequence[str],
    study: Study,
    shock_overrides: Sequence[str],
    plan: Plan,
    points: Sequence[Point] = ((),),
) -> dict[Place, dict[str, Any]]:
    """The resolved world of every arm, shock and swept point; once for all points that differ in other shocks only."""
    worlds, problems, bases = {}, {}, Bases(composer)
    for arm, point, shock in itertools.product(study.arms, points, study.shocks):
        if not plan.meets(study, arm, shock):
            continue
        presets, values = presets_and_values(study.shocks[shock])
        point = own_point(point, presets)  # noqa: PLW2901
        if (arm, shock, point) in worlds:
            continue
        asked = [*overrides, *shock_overrides, *study.arms[arm], *values]
        asked = [entry for entry in asked if not is_about_absent_shock(entry, presets)]
        try:
            worlds[arm, shock, point] = bases.world(
                asked, f"shocks=[{','.join(presets)}]", point, label(arm, shock, point)
            )
        except UsageError as error:
            problems.update({problem._replace(where=""): problem for problem in error.problems})
    if problems:
        raise UsageError("the study cannot be composed; nothing was run", problems.values())
    return worlds


class Bases:
    """Worlds without their swept values, composed once; a point's plain values are set into a copy.

    To the last bit what Hydra composes with the values as overrides: where a key is more than a plain value that is
    there (a group, a table, one that another is filled in from), it composes the whole.
    """

    def __init__(self, composer: Composer) -> None:
        self.composer = composer
        self.held: dict[tuple[str, ...], dict[str, Any] | None] = {}
        self.alike = Alike()

    def world(self, asked: Sequence[str], shocks: str, point: Point, where: str) -> dict[str, Any]:
        """The world of these overrides at a point."""
        chosen = tuple(as_override(key, value) for key, value in point if key in self.composer.files())
        words = (*asked, *chosen, shocks)
        if words not in self.held:
            plain = self.composer.plain_world(words) if point else None
            self.held[words] = {name: self.alike.first(own) for name, own in plain.items()} if plain else None
        base = self.held[words]
        world = with_values(base, [pair for pair in point if pair[0] not in self.composer.files()]) if base else None
        if world is not None:
            return world
        return self.composer.world([*asked, *(as_override(key, value) for key, value in point), shocks], where)


def with_values(world: dict[str, Any], values: Iterable[tuple[str, Any]]) -> dict[str, Any] | None:
    """A copy of a world with plain values in place of those that it has; None where it has none at a key."""
    changed = dict(world)
    for key, value in values:
        *path, last = key.split(".")
        at = changed
        for name in path:
            if not isinstance(at.get(name), dict):
                return None
            at[name] = at = dict(at[name])
        if last not in at or isinstance(at[last], dict):
            return None
        at[last] = value
    return changed


def compose_as_asked(
    composer: Composer,
    overrides: Sequence[str],
    study: Study,
    shock_overrides: Sequence[str],
    plan: Plan,
    points: Sequence[Point] = ((),),
) -> dict[Place, dict[str, Any]]:
    """The worlds of a study, with what its kind gives each arm once they are composed."""
    worlds = compose_worlds(composer, overrides, study, shock_overrides, plan, points)
    asked = {key_of(override) for override in overrides}
    given = {arm: [own for own in owns if key_of(own) not in asked] for arm, owns in plan.given(worlds).items()}
    if not any(given.values()):
        return worlds
    arms = {arm: [*given.get(arm, []), *changes] for arm, changes in study.arms.items()}
    return compose_worlds(composer, overrides, study.model_copy(update={"arms": arms}), shock_overrides, plan, points)


def is_about_absent_shock(override: str, presets: Sequence[str]) -> bool:
    """Whether an override sets a key of a shock that is not among the presets."""
    key = key_of(override)
    return key.startswith("shocks.") and key.split(".")[1] not in presets


def own_point(point: Point, presets: Sequence[str] = ()) -> Point:
    """The part of a swept point that a world with these shocks depends on: not the keys of other shocks."""
    return tuple((key, value) for key, value in point if not is_about_absent_shock(key, presets))


def whole_keys(composer: Composer, overrides: Sequence[str], settings: Settings, plan: Plan) -> dict[str, bool | None]:
    """Which swept keys that are drawn hold whole numbers, by the first world that has them; None where none tells."""
    study, plugins = settings.study, tuple(settings.plugins)
    if not any(isinstance(said, Drawn) for said in study.sweep.values()):
        return {}
    found: dict[str, bool | None] = dict.fromkeys(study.sweep)
    for world in compose_worlds(composer, overrides, study, [], plan).values():
        form, _ = attempted(lambda world=world: one_form(world, plugins).form)
        held = {key: value_at(form or world, key) for key, known in found.items() if known is None}
        found.update({key: type(value) is int for key, value in held.items() if isinstance(value, int | float)})
    return found


def check_worlds(
    worlds: dict[Place, dict[str, Any]], settings: Settings, builds: int = TRIAL_BUILDS
) -> dict[Place, dict[str, Any]]:
    """Reads every world and builds the first; all problems are reported together, each once. The worlds' one form."""
    provenance.check_packages()
    from sim.economy import Economy

    check_metrics(settings.study, checked_metrics(settings))
    found: dict[Problem, list[str]] = defaultdict(list)
    plugins, forms, specs, alike = tuple(settings.plugins), {}, [], Alike()
    last: OneForm | None = None
    for place, world in worlds.items():
        one, error = attempted(lambda world=world, last=last: one_form(world, plugins, last))
        for problem in told(error, world):
            found[problem].append(label(*place))
        if one is not None:
            last, forms[place] = one, {name: alike.first(section) for name, section in one.form.items()}
            specs += [one.read.spec] if len(specs) < builds else []
    for place, spec in zip(forms, specs if not found else (), strict=False):
        _, error = attempted(lambda spec=spec: Economy(spec, seed=settings.seed_list[0], days=settings.days))
        for problem in told(error, forms[place]):
            found[problem].append(label(*place))
    if found:
        everywhere = len(worlds)
        problems = [
            problem if len(places) == everywhere else problem._replace(where="in " + "; ".join(places[:3]))
            for problem, places in found.items()
        ]
        raise UsageError("the world cannot be built; nothing was run", problems)
    return forms


class Alike:
    """Sections that are one another to the last letter as one object: what 100,000 worlds take is what parts them."""

    def __init__(self) -> None:
        self.by_content: dict[bytes, Any] = {}
        self.by_object: dict[int, tuple[Any, Any]] = {}  # which is kept, so that no other has its number

    def first(self, section: Any) -> Any:
        """The first of all sections that are this one."""
        if id(section) not in self.by_object:
            content = hashlib.sha256(json.dumps(section, default=repr).encode()).digest()
            self.by_object[id(section)] = section, self.by_content.setdefault(content, section)
        return self.by_object[id(section)][1]


def with_swept_values(
    worlds: dict[Place, dict[str, Any]], settings: Settings
) -> tuple[dict[Place, dict[str, Any]], Settings, Held]:
    """The worlds under the swept values that they hold, one kind a key, the settings with them, and what each became.

    Raises UsageError where two values that were typed are one.
    """
    study, values = settings.study, held_values(worlds, settings.study)
    twice = [
        Problem(f"study.sweep.{key}", list(study.sweep[key]), "two of them are one value once they are read")
        for key, held in values.items()
        if study.design != "zip" and not isinstance(study.sweep[key], Drawn) and len(set(held.values())) < len(held)
    ]
    if twice:
        raise UsageError("the study cannot be run; nothing was run", twice)
    placed = {(arm, shock, as_held(point, values)): world for (arm, shock, point), world in worlds.items()}
    sweep = {
        key: said if isinstance(said, Drawn) else [values[key][repr(value)] for value in said]
        for key, said in study.sweep.items()
    }
    return placed, settings.model_copy(update={"study": study.model_copy(update={"sweep": sweep})}), values


def as_held(point: Point, values: Held) -> Point:
    """A swept point with its values as worlds hold them."""
    return tuple((key, values[key][repr(value)]) for key, value in point)


def held_values(worlds: dict[Place, dict[str, Any]], study: Study) -> Held:
    """Each swept key's values as worlds hold them, by how they were typed; all numbers, or else all of one kind."""
    found: Held = {
        key: {} if isinstance(said, Drawn) else {repr(value): value for value in said}
        for key, said in study.sweep.items()
    }
    for (_, _, point), world in worlds.items():
        for key, typed in point:
            value = value_at(world, key)
            found[key][repr(typed)] = value if isinstance(value, bool | int | float | str) else typed
    return {key: of_one_kind(held) for key, held in found.items()}


def of_one_kind(held: dict[str, Any]) -> dict[str, Any]:
    """Values of one kind: as they are, all as floats, or all as texts."""
    kinds = {type(value) for value in held.values()}
    if len(kinds) < 2:
        return held
    kind = float if kinds == {int, float} else str
    return {name: kind(value) for name, value in held.items()}


def check_metrics(study: Study, own: Iterable[str] = ()) -> None:
    """Every metric that a study names must be one that runs have."""
    from sim.metrics import METRICS

    known = [*METRICS, *own]
    named = [("study.endpoints", name) for name in study.endpoints]
    named += [("study.secondary", name) for name in study.secondary]
    named += [("study.equivalence", name) for name in study.equivalence]
    problems = [
        Problem(key, Typed(name), "there is no such metric", nearest_name(name, known))
        for key, name in dict.fromkeys(named)
        if name not in known
    ]
    problems += [
        Problem(key, Typed(name), "is named twice; name each metric once")
        for (key, name), times in Counter(named).items()
        if times > 1 and name in known
    ]
    if problems:
        raise UsageError("the study cannot be read; nothing was run", problems)


def told(error: BaseException | None, world: dict[str, Any]) -> list[Problem]:
    """What stopped a world from being read or built, as problems of its keys where they are known."""
    if error is None:
        return []
    if hasattr(error, "problems"):
        return [as_problem(problem, world) for problem in error.problems]
    return [Problem("world", ABSENT, f"is impossible: {str(error) if type(error) is ValueError else tell(error)}")]


def as_problem(problem: Any, world: dict[str, Any]) -> Problem:
    """A problem of the world's specification; where it knows no nearest name, the nearest of all dotted names."""
    key, nearest = str(problem.key), problem.nearest
    if nearest is None and "no such" in problem.allowed:
        nearest = nearest_name(key, set(flat(world)) - {key})
    value = problem.value if isinstance(problem.value, str) else Typed(repr(problem.value))
    return Problem(key, value, problem.allowed, nearest)
