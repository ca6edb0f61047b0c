"""The one form of a world: what is compared, hashed, named, stored and run is spelt in one way only."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BaseModel, create_model

if TYPE_CHECKING:
    from sim.spec import Read

ORDERED = ("grades", "regions", "tiers", "works", "reserved.tenors")  # the order of their names moves the last bits
NOT_READ = {"agents", "shocks", "indices", "plugins"}  # by the specification, which keeps them as they are configured
PLAIN = {bool, int, float, str, type(None)}


def canonical(world: dict[str, Any], plugins: tuple[str, ...] = ()) -> dict[str, Any]:
    """A world as its classes read it, as plain dicts and lists: numbers of one kind a key, defaults filled in.

    A number is a float where its key takes floats; texts and truth values are never numbers. The date of a shock is
    its day. Lists that are dealt out, and laws, stay as they are but for the kinds of their numbers. Agents and shocks
    stand in order of name; what is `ORDERED` and the indices, whose order is that of columns, stay in theirs. SpecError
    if the world cannot be read.
    """
    return one_form(world, plugins).form


class OneForm(NamedTuple):
    """A world as it was given and in its one form, with what was read of each."""

    given: Read
    read: Read
    filled: bool  # whether defaults of agents, shocks and indices stand in the form

    @property
    def form(self) -> dict[str, Any]:
        """The one form."""
        return dict(self.read.container)


def one_form(world: dict[str, Any], plugins: tuple[str, ...] = (), beside: OneForm | None = None) -> OneForm:
    """A world's one form, and the specification that is read from it.

    `beside` is the one form of another world, by the same plug-ins: what both worlds hold as the same objects, sections
    and agents, is taken from it.
    """
    from sim.problems import SpecError
    from sim.spec import Read, read_spec

    given = Read(world, read_spec(world, plugins, beside.given if beside else None))
    like = beside if beside and beside.filled else None
    before, known = (like.given.container, like.read.container) if like else ({}, {})
    held = {
        name: known[name] if name in known and before[name] is world.get(name) else _as_dicts(inner, name)
        for name, inner in given.spec
        if name not in NOT_READ
    }
    try:
        form = held | _parts(world, plugins, True, like)
        return OneForm(given, Read(form, read_spec(form, plugins, like.read if like else None)), filled=True)
    except SpecError:  # a class may refuse to be given what it would itself fill in
        form = held | _parts(world, plugins, False)
        return OneForm(given, Read(form, read_spec(form, plugins)), filled=False)


def orders(world: dict[str, Any]) -> dict[str, list[str]]:
    """The names of each section whose order moves results, in their order."""
    found = {key: value_at(world, key) for key in ORDERED}
    return {f"order of {key}": list(names) for key, names in found.items() if isinstance(names, dict)}


def value_at(world: dict[str, Any], key: str) -> Any:
    """What a world holds at a dotted key; None if it has no such key."""
    at: Any = world
    for name in key.split("."):
        at = at.get(name) if isinstance(at, dict) else None
    return at


def exact(value: Any) -> str:
    """A text that is the same for the same plain value only: 1, 1.0 and true are three."""
    return json.dumps(value, sort_keys=True, default=str)


def plain(value: Any) -> Any:
    """A value as plain dicts, their keys in order, and lists; minus zero is zero."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if isinstance(value, dict):
        return {str(key): plain(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value + 0.0 if type(value) is float else value


def _as_dicts(value: Any, key: str = "") -> Any:
    """A section of the specification; its fields, and names whose order matters, in their order."""
    if isinstance(value, BaseModel):
        return {name: _as_dicts(inner, f"{key}.{name}") for name, inner in value}
    if key in ORDERED:
        return {name: plain(inner) for name, inner in value.items()}
    return plain(value)


# ---- what is kept as it is configured: agents, shocks and indices; metrics and figures of the user's own


def parts(section: Mapping[str, Any], plugins: tuple[str, ...], filled: bool = True) -> dict[str, Any]:
    """A section of parts that are built as configured in its one form; it has been read before."""
    from sim.parts import find_class

    return {name: _part(own, find_class(own["_target_"], plugins), filled) for name, own in section.items()}


def _parts(
    world: dict[str, Any], plugins: tuple[str, ...], filled: bool, beside: OneForm | None = None
) -> dict[str, Any]:
    before, known = (beside.given.container, beside.read.container) if beside else ({}, {})
    agents = {
        name: known["agents"][name]
        if name in known.get("agents", {}) and before["agents"].get(name) is own
        else _group(own, plugins, filled)
        for name, own in sorted(world["agents"].items())
    }
    dated = {name: _dated(own, world) for name, own in sorted(world["shocks"].items())}
    shocks = parts(dated, plugins, filled)
    indices = known["indices"] if known and before["indices"] is world["indices"] else None
    if known and before["agents"] is world["agents"]:
        agents = known["agents"]
    return {"indices": indices or parts(world["indices"], plugins, filled), "agents": agents, "shocks": shocks}


def _dated(shock: dict[str, Any], world: dict[str, Any]) -> dict[str, Any]:
    """A shock's settings with the day on which it starts, where that is a date."""
    from sim.nature.striking import day_of

    start = shock.get("start")
    first = datetime.date.fromisoformat(world["world"]["start_date"])
    return {**shock, "start": day_of(start, first)} if isinstance(start, str) else shock


def _part(settings: dict[str, Any], model: type[BaseModel], filled: bool) -> dict[str, Any]:
    """A part's settings, each one value or a law."""
    left_out = _left_out(settings, model) if filled else {}
    return left_out | {key: _as_read(value, model, key) for key, value in settings.items()}


def _group(settings: dict[str, Any], plugins: tuple[str, ...], filled: bool) -> dict[str, Any]:
    """A group's settings, each one value, a law, or a list of values that are dealt out."""
    from sim.parts import find_class

    model = find_class(settings["_target_"], plugins).Parameters  # type: ignore[attr-defined]
    left_out = _left_out(settings, model) if filled else {}
    dealt = {key: [value] if isinstance(value, list) and value else value for key, value in left_out.items()}
    return dealt | {key: _as_dealt(value, model, key) for key, value in settings.items()}


def _as_dealt(value: Any, model: type[BaseModel], name: str) -> Any:
    is_dealt = isinstance(value, list) and value and not _is_law(value)
    return [_as_read(item, model, name) for item in value] if is_dealt else _as_read(value, model, name)


def _as_read(value: Any, model: type[BaseModel], name: str) -> Any:
    """A value as the class reads it; as it was given where that is another value."""
    given = plain(value)
    if _is_law(given):
        return [given[0], *map(float, given[1:])]
    read = _read(value, model, name)
    return read if _agree(given, read) and _is_plain(read) else given


def _left_out(settings: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """What a class fills in for the keys that are not given, as far as it may as well stand in a configuration."""
    fields = {name: field for name, field in model.model_fields.items() if name not in settings}
    values = {name: plain(f.default) for name, f in fields.items() if not f.is_required() and not f.validation_alias}
    return {
        name: value
        for name, value in values.items()
        if _is_plain(value) and not _is_law(value) and exact(_read(value, model, name)) == exact(value)
    }


def _read(value: Any, model: type[BaseModel], name: str) -> Any:
    """A value as a class reads it for one of its fields, as plain dicts and lists; nothing if it does not."""
    if name not in model.model_fields:
        return None
    try:
        return plain(_reader(model, name).model_validate({"value": value}).model_dump()["value"])
    except (ValueError, TypeError):  # the class has read it as a whole, and may have a way of its own
        return None


@lru_cache(maxsize=4096)
def _reader(model: type[BaseModel], name: str) -> Any:
    """A class with one field alone, read as `model` reads its field `name`."""
    field = model.model_fields[name]
    kind = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return create_model("Reader", __config__=model.model_config, value=(kind, ...))


def _is_law(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and isinstance(value[0], str)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return all(map(_is_plain, value)) if isinstance(value, list) else type(value) in PLAIN


def _agree(given: Any, read: Any) -> bool:
    """Whether what was read is what was given, but for the kinds of numbers and what was filled in."""
    if isinstance(given, dict) and isinstance(read, dict):
        return all(key in read and _agree(value, read[key]) for key, value in given.items())
    if isinstance(given, list) and isinstance(read, list):
        return len(given) == len(read) and all(map(_agree, given, read))
    return bool(given == read)
