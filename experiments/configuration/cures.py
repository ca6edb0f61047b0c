"""Overrides that Hydra spells otherwise or a shell took apart, each told with the words to write instead."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.configuration.presets import parsed
from experiments.configuration.sweeps import STUDY, Presets, swept_key
from experiments.errors import ABSENT, Problem, Typed, nearest_name

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

Swept = Mapping[str, Sequence[str]]  # key -> the values to sweep, as typed
LISTS = {
    "seeds",
    "plugins",
    "shocks",
    "agents",
    "metrics",
    "figures",
    "study.calm_only",
    "study.shown",
    "study.endpoints",
    "study.secondary",
}
EXAMPLES = {
    "arms": 'study.arms={without: [], with_links: ["links=on"]}',
    "shocks": "study.shocks={outage: [fleet_outage]}",
    "sweep": "study.sweep={spot.occupancy: [0.7, 0.8]}",
    "contrasts": "study.contrasts={effect: {arms: {with_links: 1, without: -1}}}",
}
ANY = ("FIRST", "SECOND", "...")  # in place of values that cannot be listed
MOST_VALUES = 50  # of a range that is written out; a longer one is shown as dots


def cures(overrides: Sequence[str], presets: Presets, where: str = "") -> dict[str, Problem]:
    """Override -> what is wrong with it and what to write, for those whose cure is known; the others are left out."""
    parsed = {text: parse(text) for text in overrides}
    swept = swept_keys([found for found in parsed.values() if found], presets)
    told = {text: cure(text, found, presets, swept) for text, found in parsed.items()}
    return {text: blamed(text, allowed, where) for text, allowed in told.items() if allowed}


def sweep_flag(flag: str, overrides: Sequence[str], presets: Presets) -> Problem:
    """What to write in place of `--multirun`: the words beside it that sweep, or an example of one."""
    swept = [word for word in overrides if swept_key(word, presets)] or ["spot.occupancy=0.7,0.8"]
    return Problem(flag, ABSENT, f"a study sweeps by itself; leave {flag} out and write {shlex.join(swept)}")


def blamed(text: str, allowed: str, where: str) -> Problem:
    """The problem of an override: its key and value as typed, or the whole word where it has no key."""
    key, equals, value = text.lstrip("+").partition("=")
    readable = equals and " " not in key and "{" not in key
    return (
        Problem(key, Typed(value), allowed, where=where)
        if readable
        else Problem(text.lstrip("+"), ABSENT, allowed, where=where)
    )


def parse(text: str) -> Override | None:
    """The override as Hydra reads it; none if it cannot."""
    from hydra.errors import HydraException

    try:
        return parsed(text)
    except HydraException:
        return None


def swept_keys(overrides: Sequence[Override], presets: Presets) -> dict[str, list[str]]:
    """Key -> values, of the overrides that a study can sweep: keys of the world that hold one value."""
    sweeps = [found for found in overrides if found.is_sweep_override()]
    return {
        found.key_or_group: values_of(found, presets)
        for found in sweeps
        if found.key_or_group not in presets and found.key_or_group.split(".")[0] not in STUDY
    }


def values_of(sweep: Override, presets: Presets) -> list[str]:
    """The values of `1,2`, `choice(...)` or `range(...)` as typed; words in their place where they are too many.

    Those of `glob(...)` are the presets of its group that it fits.
    """
    from hydra.core.override_parser.types import Glob
    from hydra.errors import HydraException

    value = sweep.value()
    if isinstance(value, Glob) and (fitting := value.filter(list(presets.get(sweep.key_or_group, {})))):
        return list(fitting)
    try:
        values = list(itertools.islice(sweep.sweep_string_iterator(), MOST_VALUES + 1))
    except HydraException:  # interval(...) lists nothing, nor does the glob(...) of a key
        values = []
    return values if 0 < len(values) <= MOST_VALUES else list(ANY)


def sweep_word(swept: Swept) -> str:
    """The word of a command line that sweeps these keys, quoted for a shell; an example if there are none."""
    listed = ", ".join(f"{key}: [{', '.join(values)}]" for key, values in swept.items())
    return shlex.quote(f"study.sweep={{{listed}}}" if listed else EXAMPLES["sweep"])


def cure(text: str, found: Override | None, presets: Presets, swept: Swept) -> str | None:
    """What to write instead of one override; none if it is sound, or wrong in a way that others tell."""
    if found is None:
        return unreadable(text.lstrip("+"), presets)
    key, value = found.key_or_group, text.partition("=")[2]
    if found.is_sweep_override():
        return unswept(key, values_of(found, presets), presets, swept)
    twice = named_twice(text.partition("=")[2])
    if twice:
        return f"names {twice} twice, of which the last alone would stand; give each a name of its own"
    table = key.removeprefix("study.")
    if table in EXAMPLES and key != table and not isinstance(found.value(), dict | None):
        return f"is a table: write {shlex.quote(EXAMPLES[table])}"
    inner = key.removeprefix("study.sweep.")
    if inner != key and "." in inner:
        return f"a key with dots stands inside: write {shlex.quote(f'study.sweep={{{inner}: {value}}}')}"
    if key == "shocks" and preset_names(found) is None:
        example = shlex.quote(EXAMPLES["shocks"])
        return f"must name presets, as in 'shocks=[fleet_outage]'; for shocks with names of your own write {example}"
    if type(found.value()) in {int, float} and key in presets:
        return preset_wanted(key, value, presets[key])
    return None


def named_twice(text: str) -> str | None:
    """A name that stands twice in one table {...} of a value as typed; texts in quotes are passed over."""
    tables: list[set[str]] = []
    for mark, name in re.findall(r"([{}])|(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|([\w.+-]+)\s*:)", text):
        if mark == "{":
            tables.append(set())
        elif mark == "}" and tables:
            tables.pop()
        elif name and tables:
            if name in tables[-1]:
                return name
            tables[-1].add(name)
    return None


def preset_names(override: Override) -> list[str] | None:
    """The presets that `shocks=NAME`, `shocks=[...]` or `~shocks` asks for; None if it asks for what is none."""
    value = [] if override.is_delete() else override.value()
    names = value if isinstance(value, list) else [value]
    if override.is_sweep_override() or any(isinstance(name, dict | list) for name in names):
        return None
    return [str(name) for name in names if name not in {None, "", "none", "null"}]


def unswept(key: str, values: Sequence[str], presets: Presets, swept: Swept) -> str:
    """What to write instead of `key=1,2`, by whether it holds a list, a table, presets or one value."""
    names = [name.strip() for value in values for name in value.strip("[]").split(",")]
    unknown = [name for name in names if name not in presets.get(key, names)]
    if unknown:
        near = nearest_name(unknown[0], presets[key])
        hint = f"; did you mean {near}?" if near else ""
        which = "" if unknown[0] in ANY else f", and {unknown[0]} is none"
        return f"must name presets{which}; allowed: {', '.join(presets[key])}{hint}"
    listed = shlex.quote(f"{key}=[{','.join(names)}]")
    if key == "shocks":
        apart = shlex.quote(f"study.shocks={{{', '.join(f'{name}: [{name}]' for name in names)}}}")
        return f"each in runs of its own is {apart}; for all in one run write {listed}"
    if key in LISTS:
        return f"several are a list: write {listed}"
    if key.startswith("study."):
        return unswept_section(key, values, presets, swept)
    if key in presets and key not in STUDY:
        arms = ", ".join(f'{re.sub(r"[^A-Za-z0-9_.+-]", "_", name)}: ["{key}={name}"]' for name in values)
        return f"a world has one; worlds to compare are arms: write {shlex.quote(f'study.arms={{{arms}}}')}"
    if key in swept:
        return f"several values are swept by the study: write {sweep_word(swept)}"
    return f"one a call: write {shlex.quote(f'{key}={values[0]}')}"


def unswept_section(key: str, values: Sequence[str], presets: Presets, swept: Swept) -> str:
    """What to write instead of `study.KEY=1,2`: of a table, an example; of what the study itself sweeps, the sweep."""
    table, _, inner = key.removeprefix("study.").partition(".")
    if table == "sweep" and inner and inner.split(".")[0] not in STUDY:
        return f"several values are swept by the study: write {sweep_word({inner: values})}"
    if table == "sweep" and inner:
        return unswept(inner, values, presets, swept)
    if table in EXAMPLES and not inner:
        return f"is a table: write {shlex.quote(EXAMPLES[table])}"
    return f"one a call: write {shlex.quote(f'{key}={values[0]}')}"


def preset_wanted(group: str, value: str, presets: Mapping[str, Path]) -> str:
    """A number where the name of a preset is wanted: `links=0.5`."""
    preset = next((name for name in ("on", "default") if name in presets), next(iter(presets)))
    number = re.search(r"^(\w+):\s*-?[\d.]", presets[preset].read_text(encoding="utf-8"), re.MULTILINE)
    beside = f"; a value is set beside it: write {group}={preset} {group}.{number[1]}={value}" if number else ""
    return f"must name a preset: {', '.join(presets)}{beside}"


def unreadable(text: str, presets: Presets) -> str | None:
    """What to write instead of a word that is no override."""
    section = re.match(r"study\.(\w+)=", text)
    if section and section[1] in EXAMPLES:
        # overrides inside a list need quotes of their own, which an unquoted word loses to the shell
        inside = re.sub(r"(?<=[\[,])\s*([^\s\"'\[\]{},:=]+=[^\"'\[\]{},]+?)\s*(?=[\],])", r'"\1"', text)
        good = inside if parse(f"++{inside}") and inside.startswith(f"{section[0]}{{") else EXAMPLES[section[1]]
        how = "cannot be read; single quotes around the whole, double ones around overrides inside"
        return f"{how}: write {shlex.quote(good)}"
    words = text.split()
    if len(words) > 1 and all("=" in word and parse(word) for word in words):
        return f"these are {len(words)} words: write {shlex.join(words)} without quotes around them all"
    if re.fullmatch(r"\w+", text):
        name = nearest_name(text, presets.get("experiment", {}))
        return f"is not key=value; write rackrate experiment={name}" if name else None
    return None
