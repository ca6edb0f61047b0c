"""When each shock of a study strikes: by its own settings, or by what it does from day to day; checked before a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from experiments.configuration.canonical import exact, orders
from experiments.configuration.settings import NO_SHOCK, Settings, Span, start_of
from experiments.errors import ABSENT, Problem, UsageError
from experiments.plugins.guard import attempted
from experiments.study.find import plan_for
from experiments.study.runs import Place, label

FEWEST_DAYS = 2  # metrics are of changes from day to day
Worlds = Mapping[Place, dict[str, Any]]


def with_events(settings: Settings, worlds: Worlds) -> Settings:
    """The settings with the days of every shock's event; a UsageError if one lies outside the run or is contradicted.

    A shock's own `start` and `length` are its event: from the earliest start over arms and swept points to its end at
    the first swept point. One that says neither is tried day by day. `study.event` speaks for those that cannot be
    told; where it speaks against a shock's own days it is refused.
    """
    study, events, problems = settings.study, dict[str, Span](), list(outside(settings, worlds))
    for shock in [name for name in study.shocks if name != NO_SHOCK] if not problems else ():
        event, problem = event_of(shock, settings, worlds)
        events.update({shock: event} if event else {})
        problems += [problem] if problem else []
    if study.event and len(study.shocks) == 1:
        events[NO_SHOCK] = study.event
    if study.fork and not events and not problems:
        problems.append(Problem("study.event", None, "must be given for a study with forks: no shock says when"))
    if not problems:
        settings = settings.model_copy(update={"study": study.model_copy(update={"events": events})})
        problems = list(too_short(settings))
    if problems:
        raise UsageError("nothing was run", dict.fromkeys(problems))
    return settings


def event_of(shock: str, settings: Settings, worlds: Worlds) -> tuple[Span | None, Problem | None]:
    """The event of one shock, None if nothing tells it; a problem if what is given disagrees with it."""
    own = {place: world for place, world in worlds.items() if place[1] == shock}
    key = f"study.events.{shock}" if shock in settings.study.events else "study.event"
    given = settings.study.events.get(shock, settings.study.event)
    said = {place: spans_of(world, settings.days) for place, world in own.items()}
    if not any(said.values()):
        return given or acting_span(own, settings), None
    first_point = next(place[2] for place, spans in said.items() if spans)
    ends = [end for place, spans in said.items() if place[2] == first_point for _, end in spans.values()]
    start = min(first for spans in said.values() for first, _ in spans.values())
    event = Span(start_day=start, end_day=max(start + 1, *ends))
    all_say = all(spans.keys() == own[place]["shocks"].keys() for place, spans in said.items())
    if given in {None, event} or not all_say:
        return event, None
    return event, disagreement(key, given, shock, event, list(dict.fromkeys(name for s in said.values() for name in s)))


def disagreement(key: str, given: Span, shock: str, event: Span, presets: Sequence[str]) -> Problem:
    """The problem of an event that is not what the shock's own settings say, and what would mend it."""
    moved = ("start", given.start_day)
    if given.start_day == event.start_day:
        moved = ("length", given.end_day - given.start_day)
    cures = " ".join(f"shocks.{preset}.{moved[0]}={moved[1]}" for preset in presets)
    allowed = (
        f"says days {given.start_day} to {given.end_day - 1}, but {shock} strikes on days {event.start_day} to "
        f"{event.end_day - 1} by its own settings; leave {key} out, or change the shock: {cures}"
    )
    return Problem(key, ABSENT, allowed)


def spans_of(world: dict[str, Any], days: int) -> dict[str, tuple[int, int]]:
    """First day and the day after the last of each shock that says when it strikes; for good is to the run's end."""
    from sim.nature.striking import span_of

    found = {}
    for name, shock in world["shocks"].items():
        span = span_of(shock, str((world.get("world") or {}).get("start_date"))) if isinstance(shock, dict) else None
        if span is not None and span[0] >= 0:
            start, length = span
            found[name] = (start, start + max(length, 1) if length is not None else max(days, start + 1))
    return found


def outside(settings: Settings, worlds: Worlds) -> Iterator[Problem]:
    """A problem for each shock, and each event that is given, which begins after the last day of the run."""
    days, study, seen = settings.days, settings.study, set()
    for place, world in worlds.items():
        late = {name: start for name, (start, _) in spans_of(world, days).items() if start >= days}
        for name, start in late.items():
            allowed = (
                f"strikes on day {start}, but the run ends on day {days - 1}; give days={start + FEWEST_DAYS} or "
                f"more, or another shocks.{name}.start"
            )
            if (name, start) not in seen:
                seen.add((name, start))
                yield Problem(f"shocks.{name}.start", world["shocks"][name].get("start"), allowed, where=label(*place))
    for key, event in [("study.event", study.event), *((f"study.events.{s}", e) for s, e in study.events.items())]:
        if event and event.start_day >= days:
            allowed = f"must be greater than {key}.start_day = {event.start_day}"
            yield Problem("days", days, allowed)


def acting_span(worlds: Worlds, settings: Settings) -> Span | None:
    """From the first day on which shocks that do not say when change anything, to the last of these days in a row."""
    for world in worlds.values():
        acting = acting_days(world, settings)
        if any(acting):
            start = acting.index(True)
            calm_again = acting.index(False, start) if False in acting[start:] else settings.days
            return Span(start_day=start, end_day=calm_again)
    return None


def acting_days(world: dict[str, Any], settings: Settings, name: str = "") -> list[bool]:
    """On which days of the first seed's run a world's shocks, or one of them, change anything; none if they fail."""
    from sim.nature.striking import CALM, build_shocks
    from sim.streams import Streams

    section = {name: world["shocks"][name]} if name else world["shocks"]
    start_date = str((world.get("world") or {}).get("start_date"))

    def told() -> list[bool]:
        shocks = build_shocks(section, start_date, Streams(settings.seed_list[0]), tuple(settings.plugins))
        return [any(shock(day, CALM) != CALM for shock in shocks.values()) for day in range(settings.days)]

    return attempted(told)[0] or []  # what fails is told when worlds are checked, or by the run itself


def too_short(settings: Settings) -> Iterator[Problem]:
    """A problem for each window in which metrics cannot be taken."""
    if not plan_for(settings).simulates:
        return
    burn_in, first = settings.study.burn_in or 0, start_of(settings.study.starts, NO_SHOCK)
    if first is not None and burn_in > first:
        allowed = f"must be at most {first}, the day on which the first shock strikes"
        yield Problem("study.burn_in", burn_in, allowed)
    for shock in settings.study.events or [NO_SHOCK]:
        start, end = settings.window_of(shock)
        if end - start < FEWEST_DAYS:
            if settings.study.window:
                yield Problem("study.window", f"days {start} to {end - 1}", f"must hold {FEWEST_DAYS} days or more")
            else:
                of = f" from the day of {shock} on" if shock in settings.study.shocks and shock != NO_SHOCK else ""
                allowed = f"must be {start + FEWEST_DAYS} or more: metrics take {FEWEST_DAYS} days or more{of}"
                yield Problem("days", settings.days, allowed)


# ---- what is worth saying before it runs


def remarks(settings: Settings, worlds: Worlds) -> Iterator[str]:
    """What a user may not mean: arms that are one world, shocks that change nothing, a single seed."""
    first_points: dict[str, dict[str, Any]] = {}
    for (arm, shock, _), world in worlds.items():
        if shock == NO_SHOCK:
            first_points.setdefault(arm, world)
    for arms in alike(first_points):
        yield f"the arms {', '.join(arms)} are one world: their differences are exactly zero"
    idle: dict[str, list[str]] = {}
    for place, world in worlds.items():
        for name in [name for name, shock in world["shocks"].items() if is_packaged(shock)]:
            acting = acting_days(world, settings, name)
            if acting and not any(acting):
                idle.setdefault(name, []).append(label(*place))
    for name, places in idle.items():
        yield f"the shock {name} changes nothing on any day of the run in {'; '.join(places[:3])}"
    if len(settings.seed_list) == 1 and len(worlds) > 1:
        yield "one seed: differences have neither interval nor p; seeds=4 or more give both"


def most_comparisons(settings: Settings) -> int:
    """How many comparisons the answer of a study judges together, if none but nulls is exactly zero; none without any.

    That is the family `experiments.analyse.effects.is_said` makes.
    """
    study, shocks, plan = settings.study, len(settings.study.shocks) - 1, plan_for(settings)
    if not plan.compares_arms:
        return 0
    endpoints = len(plan.endpoints(study.endpoints, list(settings.metrics)))
    meeting, forked = [arm for arm in study.arms if arm not in study.calm_only], study.forked_arms()
    if study.contrasts:
        of = [set(contrast.arms) for contrast in study.contrasts.values() if contrast.role != "null"]
        responding = sum((arms <= set(meeting)) + (arms <= set(forked)) for arms in of)
        return endpoints * (len(of) + responding * shocks)
    responding = max(0, len(meeting) - 1) + max(0, len(forked) - 1)
    along = 0  # of designs that are drawn, effects are means over their points
    if study.design == "grid":
        points = math.prod(len(values) for values in study.sweep.values())
        along = sum(points - points // len(values) for values in study.sweep.values())
    elif study.design == "zip" and study.sweep:
        along = len(next(iter(study.sweep.values()))) - 1
    runs = len(study.arms) + len(meeting) * shocks
    return endpoints * (len(study.arms) - 1 + (len(meeting) + responding) * shocks + along * runs)


def is_packaged(shock: Any) -> bool:
    """Whether a shock is one of Rackrate's own, which may be tried day by day without harm."""
    return isinstance(shock, dict) and str(shock.get("_target_", "sim.")).startswith("sim.")


def alike(worlds: Mapping[str, dict[str, Any]]) -> list[list[str]]:
    """The groups of two names or more whose worlds are the same."""
    groups: dict[str, list[str]] = {}
    for name, world in worlds.items():
        groups.setdefault(exact([world, orders(world)]), []).append(name)
    return [group for group in groups.values() if len(group) > 1]
