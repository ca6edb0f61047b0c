"""The one form of a world: what is compared, hashed, named, stored and run is spelt in one way only."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, ValidationError, create_model

ORDERED = ("grades", "regions", "tiers", "works", "reserved.tenors")  # the order of their names moves the last bits
PLAIN = (bool, int, float, str, type(None))


def canonical(world: dict[str, Any], plugins: tuple[str, ...] = ()) -> dict[str, Any]:
    """A world as its classes read it, as plain dicts and lists: numbers of one kind a key, defaults filled in.

    A number is a float where its key takes floats; texts and truth values are never numbers. Lists that are dealt
    out, and laws, stay as they are but for the kinds of their numbers. SpecError if the world cannot be read.
    """
    from sim.parts import find_class
    from sim.spec import read_spec

    read = plain(read_spec(world, plugins).model_dump(exclude={"plugins"}))

    def parts(section: str, form: Form, listed: bool = False) -> dict[str, Any]:
        classes = {name: find_class(own["_target_"], plugins) for name, own in world[section].items()}
        models = {name: getattr(cls, "Parameters", cls) if listed else cls for name, cls in classes.items()}
        return {name: _part(own, models[name], form, listed) for name, own in world[section].items()}

    sections = {"agents": parts("agents", _dealt, listed=True), "shocks": parts("shocks", _drawn)}
    return {**read, **sections, "indices": parts("indices", _as_read)}


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
    """A value as plain dicts and lists; minus zero is zero."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value + 0.0 if isinstance(value, float) else value


# ---- agents, shocks and indices, which are kept as they are configured


Form = Callable[[Any, type[BaseModel], str], Any]  # value, class, name of its field -> the value's one form


def _part(settings: dict[str, Any], model: type[BaseModel], form: Form, dealt: bool) -> dict[str, Any]:
    own = {key: form(v, model, key) if key in model.model_fields else plain(v) for key, v in settings.items()}
    left_out = {name: field for name, field in model.model_fields.items() if name not in own}
    for name, field in left_out.items():
        value = plain(field.default)
        if not field.is_required() and not field.validation_alias and _can_be_given(value, model, name):
            own[name] = [value] if dealt and isinstance(value, list) and value else value
    return own


def _dealt(value: Any, model: type[BaseModel], name: str) -> Any:
    """A parameter of agents: one value, a list of values that are dealt out, or a law."""
    if _is_law(value) or not isinstance(value, list) or not value:
        return _drawn(value, model, name)
    return [_as_read(item, model, name) for item in value]


def _drawn(value: Any, model: type[BaseModel], name: str) -> Any:
    """A parameter of a shock: one value, or a law."""
    return [value[0], *map(float, value[1:])] if _is_law(value) else _as_read(value, model, name)


def _as_read(value: Any, model: type[BaseModel], name: str) -> Any:
    """A value as the class reads it; as it was given where that is another value, or is read elsewhere (a date)."""
    given = plain(value)
    try:
        read = plain(_reader(model, name).model_validate({"value": value}).model_dump()["value"])
    except Exception:  # noqa: BLE001 the class has read it as a whole, and may have a way of its own
        return given
    return read if _agree(given, read) else given


def _can_be_given(value: Any, model: type[BaseModel], name: str) -> bool:
    """Whether a default may as well stand in the configuration."""
    if not _is_plain(value):
        return False
    try:
        read = plain(_reader(model, name).model_validate({"value": value}).model_dump()["value"])
    except ValidationError:
        return False
    return exact(read) == exact(value)


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
    return all(map(_is_plain, value)) if isinstance(value, list) else isinstance(value, PLAIN)


def _agree(given: Any, read: Any) -> bool:
    """Whether what was read is what was given, but for the kinds of numbers and what was filled in."""
    if isinstance(given, dict) and isinstance(read, dict):
        return all(key in read and _agree(value, read[key]) for key, value in given.items())
    if isinstance(given, list) and isinstance(read, list):
        return len(given) == len(read) and all(map(_agree, given, read))
    return bool(given == read)
