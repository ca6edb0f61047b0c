"""Writes `docs/parameters.md`: every parameter of the default world with its value, unit, range and source."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

import configs

PACKAGED = Path(configs.__file__).parent
PAGE = PACKAGED.parent / "docs" / "parameters.md"
# What accounts for a number in a comment: assumed or by design, who published it, or how it was found.
ACCOUNTED = re.compile(
    r"\bassum(ption|ptions|ed)\b|\bby design\b|confidence [HML]\b|Silicon Data|CCIR|Economist|Epoch|filings|\bfiled\b"
    r"|NYMEX|AWS|\bVIX\b|\bXIV\b|\(press\)|EU and US rules|fitted|chosen|measured|list prices of|resale quotes",
    re.IGNORECASE,
)
GLOBAL = "# @package _global_"  # the head of a preset that writes its sections itself
LEFT_OUT = {
    "executor",
    "size",
    "scenario",
    "notes",
    "funds",
    "population",
    "traders",
    "mechanism",
    "arbitrage",
    "control",
    "hoarding",
}  # no sections
PARTS = ("agents", "indices")  # sections of classes that are named by `_target_`
NUMBER = re.compile(r"-?[\d.]+(e[-+]?\d+)?")  # YAML of PyYAML reads 2.5e6 as a text, Hydra as a number
UNITS = {
    "gpu_hours": "GPU-hours", "per_year": "1/year", "per_day": "1/day", "per_hour": "1/hour", "usd": "USD", "ve": "VE",
    "sd_per_sqrt_year": "1/sqrt(year)", "years": "years", "months": "months", "weeks": "weeks", "days": "days",
    "hours": "hours", "share": "share", "policy_rate": "1/year", "equity_rate": "1/year", "advance_rate": "share",
    "capital_ratio": "share", "spread": "1/year", "cost_of_capital": "1/year", "probability": "share",
}  # fmt: skip
UNIT_SAID = re.compile(r"^(1/year|USD per VE-hour|USD a share|USD)\b")


class Default(NamedTuple):
    """One value of a preset: dotted key, value, the comments on it and on what encloses it, nearest first."""

    key: str
    value: Any
    comments: tuple[str, ...]

    @property
    def source(self) -> str | None:
        """The nearest sentence that cites or says that it is assumed; none if there is none."""
        sentences = (part for text in self.comments for part in re.split(r"(?<=[.:]) (?=[A-Z])", text))
        return next((text for text in sentences if ACCOUNTED.search(text)), None)

    @property
    def numeric(self) -> bool:
        """Whether it holds a number, alone or in a list."""
        values = self.value if isinstance(self.value, list) else [self.value]
        return any(NUMBER.fullmatch(str(value)) for value in values)


def defaults(path: Path, prefix: str) -> list[Default]:
    """The values of a YAML file, in order."""
    text = path.read_text(encoding="utf-8")
    prefix = "" if text.startswith(GLOBAL) else prefix
    node = yaml.compose(text, yaml.SafeLoader)
    lines = text.splitlines()
    head = " ".join(line.lstrip("# ") for line in lines[: node.start_mark.line if node else 0] if line != GLOBAL)
    return list(_leaves(node, prefix, (head,), lines)) if isinstance(node, yaml.MappingNode) else []


def _leaves(node: yaml.MappingNode, prefix: str, above: tuple[str, ...], lines: list[str]) -> Iterator[Default]:
    for name, inner in node.value:
        key, first = ".".join(filter(None, (prefix, name.value))), name.start_mark.line
        last = inner.end_mark.line if inner.end_mark.column else inner.end_mark.line - 1
        comment = " ".join(filter(None, (_comment(lines, first), _comment(lines, last) if last != first else "")))
        if isinstance(inner, yaml.MappingNode) and inner.value:
            yield from _leaves(inner, key, (_comment(lines, first), *above), lines)
        elif name.value not in {"_target_", "defaults"}:
            yield Default(key, yaml.safe_load(yaml.serialize(inner)), (comment, *above))


def _comment(lines: list[str], at: int) -> str:
    """The comment of a line, with lines below it that hold nothing but its continuation."""
    place = re.search(r"(?<=\s)# ?", lines[at])
    if not place or lines[at].lstrip().startswith("#"):
        return ""
    parts = [lines[at][place.end() :]]
    for below in lines[at + 1 :]:
        if not below.strip().startswith("#") or below.index("#") < place.start():
            break
        parts.append(below.strip().lstrip("# "))
    return " ".join(parts)


def default_world() -> list[Default]:
    """All values of the presets that the default configuration names, agents among them."""
    listed = yaml.safe_load((PACKAGED / "config.yaml").read_text(encoding="utf-8"))["defaults"]
    chosen = [pair for entry in listed if isinstance(entry, dict) for pair in entry.items()]
    found: list[Default] = []
    for group, names in chosen:
        for name in names if isinstance(names, list) else [names]:
            path = PACKAGED / group / f"{name}.yaml"
            if path.exists() and group not in LEFT_OUT:
                found += defaults(path, group)
    return found


def limits(key: str, schemas: dict[str, Any]) -> str:
    """The range of a key as its type checks it: `0 to 1`, `> 0`, a list of words; empty where any value is allowed."""
    group, *rest = key.split(".")
    schema = schemas.get(_section(key), {})
    if group in PARTS:
        rest = rest[1:]
    root = schema
    for part in rest:
        schema = resolved(schema, root)
        inside = schema.get("properties", {}).get(part) or schema.get("additionalProperties") or {}
        schema = inside if isinstance(inside, dict) else {}
    return range_of(resolved(schema, root), root)


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema with what it refers to in place, of an option that may be null the other one."""
    while "$ref" in schema or "anyOf" in schema:
        if "anyOf" in schema:
            schema = next((one for one in schema["anyOf"] if one.get("type") != "null"), {})
        else:
            schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def range_of(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """The range that a resolved JSON schema allows, in words; empty where it allows any."""
    from sim.vocabulary import LARGEST

    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "boolean":
        return "true, false"
    if schema.get("type") == "array":
        return range_of(resolved(schema.get("items", {}), root), root)
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    high = None if high == LARGEST else high
    ends = [f"≥ {low:g}" if low is not None else "", f"> {above:g}" if above is not None else ""]
    ends += [f"≤ {high:g}" if high is not None else "", f"< {below:g}" if below is not None else ""]
    return ", ".join(filter(None, ends))


def schemas() -> dict[str, Any]:
    """Section, `agents.GROUP` or `indices.NAME` -> the JSON schema of its parameters."""
    from sim.spec import Spec

    found: dict[str, Any] = {}
    whole = Spec.model_json_schema()
    for section in whole["properties"]:
        found[section] = {**resolved(whole["properties"][section], whole), "$defs": whole["$defs"]}
    return found | {key: types.model_json_schema() for key, types in parameter_types().items()}


def parameter_types() -> dict[str, Any]:
    """`agents.GROUP` or `indices.NAME` -> the class that holds its parameters."""
    from sim.parts import find_class

    found = {}
    for path in [*sorted(PACKAGED.glob("agents/*.yaml")), PACKAGED / "indices" / "default.yaml"]:
        for name, part in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            cls = find_class(part["_target_"])
            found[f"{path.parent.name}.{name}"] = getattr(cls, "Parameters", cls)
    return found


def meanings() -> dict[str, str]:
    """Key -> the comment beside the field in the class that holds it, for agents and indices."""
    beside = re.compile(r"^    (\w+): [^#\n]+  # (.+)$", re.MULTILINE)
    return {
        f"{key}.{field}": text
        for key, types in parameter_types().items()
        for field, text in beside.findall(inspect.getsource(types))
    }


def unit(default: Default) -> str:
    """The unit: as the comment begins, or as the name of the key ends; none for pure numbers and words."""
    said = UNIT_SAID.match(default.comments[0])
    if not default.numeric and default.value is not None:
        return ""
    if said:
        return said[1]
    name = default.key.rsplit(".", 1)[-1]
    return next((words for end, words in UNITS.items() if name == end or name.endswith(f"_{end}")), "")


def page() -> str:
    """The page: a table a section, a row a parameter. Raises ValueError for a number without a source."""
    known, rows, told = schemas(), default_world(), meanings()
    bare = [default.key for default in rows if default.numeric and not default.source]
    if bare:
        raise ValueError(f"neither a source nor the word assumption stands beside {', '.join(bare)}")
    tables: dict[str, list[str]] = {}
    for default in rows:
        cells = (f"`{default.key}`", f"`{written(default.value)}`", unit(default), limits(default.key, known))
        tables.setdefault(_section(default.key), []).append(f"| {' | '.join([*cells, _told(default, told)])} |")
    head = "| parameter | value | unit | range | what it is, and its source or *assumption* |\n|---|---|---|---|---|"
    parts = [
        "# Parameters of the default world",
        "Written by `python -m experiments.parameters` from the YAML files in `configs/` and the types that check "
        "them. A source says where a figure was read (H in a primary or published source, M secondary, L an "
        "estimate); *by design* is what a definition or a switch that is off sets. Other presets explain what they "
        "change in their own files.",
    ]
    for section, lines in tables.items():
        parts += [f"## `{section}`", "\n".join([head, *lines])]
    return "\n\n".join(parts) + "\n"


def _section(key: str) -> str:
    parts = key.split(".")
    return ".".join(parts[:2]) if parts[0] in PARTS else parts[0]


def written(value: Any) -> str:
    """A value as YAML has it."""
    if isinstance(value, bool) or value is None:
        return "null" if value is None else str(value).lower()
    return f"[{', '.join(map(written, value))}]" if isinstance(value, list) else str(value)


def _told(default: Default, meanings: dict[str, str]) -> str:
    """What the parameter is, as its type says; the comment beside the value, or else the nearest one that cites."""
    own, source = default.comments[0], default.source
    parts = [own] if source is None or source in own else [own, source]
    meaning = meanings.get(default.key, "")
    return "; ".join(filter(None, [meaning if meaning not in own else "", *parts])).replace("|", "or")


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
