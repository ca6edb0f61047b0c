"""From overrides to a composed configuration, and what was misspelt in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import configs
from experiments.configuration.cures import cures
from experiments.configuration.presets import Presets, presets_in, stamps_of
from experiments.configuration.settings import fields_at, needed_at
from experiments.errors import ABSENT, Problem, Typed, UsageError, nearest_name
from experiments.plugins.guard import attempted

PACKAGED = Path(configs.__file__).parent
# The sections that are the world; every other key of the configuration belongs to the study.
WORLD = (
    *("world", "grades", "regions", "tiers", "works", "demand", "noise", "spot", "reserved", "funding"),
    *("investment", "resale", "deal", "loan", "resolution", "indices", "venues", "clearing", "links"),
    *("futures", "information", "agents", "shocks"),
)
NO_KEY = "there is no such key"
LISTED_OR_STUDIES = ("agents", "experiment")  # groups whose presets are not chosen for a key of theirs
MOST_PRESETS = 3  # that are named where a key is of several
OWN_GROUPS = ("metrics", "figures")  # of presets that only a user's own folder holds


@contextmanager
def composer(config_dir: str | Path | None = None) -> Iterator[Composer]:
    """Opens the packaged configuration, and a user's own folder of presets beside it; also while another is open."""
    folder = None if config_dir is None else Path(config_dir).resolve()
    if folder and not folder.is_dir():
        raise UsageError("nothing was run", [Problem("--config-dir", str(config_dir), "must be an existing folder")])
    yield Composer(folder)


@contextmanager
def hydra_opened() -> Iterator[None]:
    """Hydra on the packaged configuration, whoever else has opened it."""
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    outer, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
    try:
        with initialize_config_dir(str(PACKAGED), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = outer


class Composer:
    """Composes lists of overrides, with presets as they are when it is opened."""

    def __init__(self, folder: Path | None) -> None:
        self.folders = [PACKAGED, folder] if folder else [PACKAGED]
        self.searched = [f"hydra.searchpath=[{quoted(f'file://{folder}')}]"] if folder else []
        self._parsed: Presets | None = None
        self._files: dict[str, dict[str, Path]] | None = None

    def world(self, overrides: Sequence[str], where: str = "") -> dict[str, Any]:
        """The world's sections alone, equal to those of `compose`, from presets that are parsed once."""
        world = self.plain_world(overrides)
        return split(self.compose(overrides, where))[0] if world is None else world

    def plain_world(self, overrides: Sequence[str]) -> dict[str, Any] | None:
        """The same where nothing in it is filled in from elsewhere; None where that takes Hydra, or is wrong."""
        left = latest(overrides)
        try:
            return None if cures(left, self.files()) else split(self.parsed().compose(left, WORLD))[0]
        except Exception:  # noqa: BLE001 Hydra composes what is unusual, and tells what is wrong
            return None

    def plain(self, left: Sequence[str]) -> dict[str, Any] | None:
        """The whole configuration, of presets that are parsed once; None where that takes Hydra, or is wrong."""
        try:
            container = self.parsed().whole(left)
        except Exception:  # noqa: BLE001 as above
            return None
        return None if any(misplaced(container, self.files())) else container

    def parsed(self) -> Presets:
        """The presets as they were when they were first asked for."""
        if self._parsed is None:
            files = sorted(file for folder in self.folders for file in folder.rglob("*.yaml"))
            self._parsed = presets_in(tuple(self.folders), stamps_of(files))
        return self._parsed

    def compose(self, overrides: Sequence[str], where: str = "") -> dict[str, Any]:
        """The resolved configuration as plain dicts; a UsageError lists every override that cannot be used."""
        left = latest(overrides)
        told = cures(left, self.files(), where)
        if not told and (container := self.plain(left)) is not None:
            return container
        with hydra_opened():
            return self.by_hydra(left, told, where)

    def by_hydra(self, overrides: Sequence[str], told: Mapping[str, Problem], where: str = "") -> dict[str, Any]:
        """What Hydra composes; a UsageError with what is told already and all that it refuses."""
        from hydra import compose
        from hydra.errors import HydraException
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException
        from yaml import YAMLError

        left, problems = [override for override in overrides if override not in told], list(told.values())
        while True:
            try:
                config = compose("config", overrides=[*self.searched, *left])
                container = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
                break
            except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
                problem = self.problem_of(error, left, where)
                problems.append(problem)
                kept = [override for override in left if key_of(override) != problem.key and override != problem.key]
                if len(kept) == len(left):
                    container = {}
                    break
                left = kept
        problems += misplaced(container, self.files())
        if problems:
            keys = flat(container)
            known = [key for key in keys if not is_of_the_user(key)] + self.groups()
            problems = [self.not_chosen(left_out(problem, keys)) for problem in problems]
            raise UsageError("the configuration cannot be composed; nothing was run", with_nearest(problems, known))
        return container  # type: ignore[return-value]

    def groups(self) -> list[str]:
        """The names of all groups of presets."""
        return sorted({path.name for folder in self.folders for path in folder.iterdir() if path.is_dir()})

    def presets(self, group: str) -> list[str]:
        """The names of the presets of a group."""
        return sorted({path.stem for folder in self.folders for path in folder.glob(f"{group}/*.yaml")})

    def files(self) -> dict[str, dict[str, Path]]:
        """Group -> preset -> its file; the user's own after ours."""
        if self._files is None:
            found = sorted(
                (path.parent.name, path.stem, path) for folder in self.folders for path in folder.glob("*/*.yaml")
            )
            self._files = {group: {name: path for own, name, path in found if own == group} for group, _, _ in found}
        return self._files

    def not_chosen(self, problem: Problem) -> Problem:
        """The problem of a key that is there with another preset: which presets have it."""
        if problem.allowed != NO_KEY or "." not in problem.key:
            return problem
        path = problem.key.split(".")
        words = [
            f"{group}=[{name}]" if group == "shocks" else f"{group}={name}"
            for group, presets in self.files().items()
            for name, file in presets.items()
            if group not in LISTED_OR_STUDIES and names(file, path[-1]) and self.parsed().sets(f"{group}/{name}", path)
        ]
        listed = " or ".join(map(shlex.quote, words[:MOST_PRESETS])) + (", ..." if len(words) > MOST_PRESETS else "")
        return problem._replace(allowed=f"there is none without a preset that has it: {listed}") if words else problem

    def problem_of(self, error: Exception, overrides: Sequence[str], where: str) -> Problem:
        """What stopped a composition, as the override or key to blame."""
        from hydra.errors import MissingConfigException, OverrideParseException
        from omegaconf.errors import OmegaConfBaseException
        from yaml import MarkedYAMLError

        text = str(error).split("\nSee https")[0].split("\nSet the environment")[0]
        if isinstance(error, OverrideParseException):
            return Problem(
                error.override, ABSENT, "cannot be read; write key=value, with 'quotes' around texts", where=where
            )
        if isinstance(error, MissingConfigException) and error.missing_cfg_file:
            group, _, preset = str(error.missing_cfg_file).rpartition("/")
            options = self.presets(group) if group else []
            allowed = f"there is no such preset; allowed: {', '.join(options) or 'none'}"
            return Problem(group or preset, Typed(preset), allowed, nearest_name(preset, options), where)
        named = re.search(r"Could not (?:override|delete from config\.?) '([^']+)'", text)
        if named:
            return unset_key(named[1], error, text, overrides, where)
        if isinstance(error, MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            place = f"{mark.name}, line {mark.line + 1}" if mark else "a YAML file"
            return Problem(place, ABSENT, f"is not valid YAML: {error.problem}", where=where)
        if isinstance(error, OmegaConfBaseException) and error.full_key:
            return Problem(error.full_key, ABSENT, (error.msg or text).splitlines()[0], where=where)
        if merging := re.match(r"Error merging override (.+)", text):
            key, _, value = merging[1].lstrip("+").partition("=")
            said = str(error.__cause__ or "cannot be merged").splitlines()[0]
            return Problem(key, Typed(value), f"does not fit what stands there: {said}", where=where)
        guilty = next((text for text in overrides if re.search(r"=\s*(null)?\s*$", text)), None)
        if guilty and "Config group override" in text:
            return Problem(key_of(guilty), Typed(guilty.split("=", 1)[1]), "must name a preset", where=where)
        first, *more = text.splitlines()
        said = f"{first} {more[0].strip()}" if first.endswith(":") and more else first
        return Problem("configuration", ABSENT, said, where=where)


def unset_key(key: str, error: Exception, text: str, overrides: Sequence[str], where: str) -> Problem:
    """The problem of a key that the configuration does not have, or not yet."""
    value: Any = next(
        (Typed(said.split("=", 1)[1]) for said in overrides if key_of(said) == key and "=" in said), ABSENT
    )
    inner = getattr(error.__cause__, "full_key", None) or key
    if inner.startswith(f"{key}."):  # a table was given with names that the one set so far does not have
        text = f"{key} has no {inner.removeprefix(key + '.')} yet; names are added one by one: +{inner}=..."
        return Problem(key, value, text, where=where)
    if key in OWN_GROUPS:
        return Problem(
            key, value, f"there are no such presets; yours are files DIR/{key}/NAME.yaml of --config-dir DIR"
        )
    section, _, name = key.rpartition(".")
    if section.startswith("study.") and name in fields_at(section.split(".")):
        entries = {name: "..." if value is ABSENT else value, **dict.fromkeys(needed_at(section) - {name}, "...")}
        table = shlex.quote(f"{section}={{{', '.join(f'{inner}: {said}' for inner, said in entries.items())}}}")
        return Problem(key, value, f"{section} is not set yet: write {table}", where=where)
    return Problem(key, value, NO_KEY, where=where)


def misplaced(container: dict[str, Any], groups: Iterable[str]) -> Iterator[Problem]:
    """Groups that a preset sets as if they were keys: `venue: none`."""
    for group in groups:
        if isinstance(value := container.get(group), str | bool | list):
            name = {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value).replace("'", "")
            allowed = f"is a group; a preset of yours chooses of it under defaults: write - override /{group}: {name}"
            yield Problem(group, Typed(name), allowed)


def left_out(problem: Problem, keys: Mapping[str, Any]) -> Problem:
    """The problem of a key that is a field of a class but is not in the preset that names it: what adds it."""
    from sim.parts import find_class

    section, _, name = problem.key.rpartition(".")
    target, plugins = keys.get(f"{section}._target_"), tuple(keys.get("plugins") or ())
    if problem.allowed != NO_KEY or not target:
        return problem
    cls, error = attempted(lambda: find_class(str(target), plugins))
    fields = getattr(getattr(cls, "Parameters", cls), "model_fields", {}) if error is None else {}
    value = "..." if problem.value is ABSENT else problem.value
    added = shlex.quote(f"+{problem.key}={value}")
    return problem._replace(allowed=f"is not in its preset; to add it write {added}") if name in fields else problem


def names(file: Path, key: str) -> bool:
    """Whether a file's text has a key somewhere, so that it is worth parsing."""
    return re.search(rf"\b{re.escape(key)}\s*:", file.read_text(encoding="utf-8", errors="replace")) is not None


def split(container: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The world's sections, and the study's own keys."""
    world = {section: container[section] for section in WORLD if section in container}
    world.setdefault("shocks", {})
    agents = world.get("agents")
    if isinstance(agents, dict):  # a preset may set terms of a group that this world's `agents` leaves out
        left_out = {g for g, own in agents.items() if "_target_" not in (own or {}) and _packaged("agents", g)}
        world["agents"] = {group: own for group, own in agents.items() if group not in left_out}
    own = {key: value for key, value in container.items() if key not in world}
    return world, own


def _packaged(group: str, preset: str) -> bool:
    return (PACKAGED / group / f"{preset}.yaml").exists()


def opened(override: str) -> str:
    """The override as it must read for Hydra to add keys where a study's own names are keys."""
    return (
        f"++{override}"
        if re.match(r"study\.((arms|shocks|sweep|equivalence|events|contrasts)\b|kind\.\w+=\{)", override)
        else override
    )


def is_of_the_user(key: str) -> bool:
    """Whether a key stands in a table of the study whose names are the user's own."""
    return bool(re.match(r"study\.(arms|shocks|sweep|equivalence|events|contrasts)\.", key))


def key_of(override: str) -> str:
    """The key that an override sets: `a.b` of `+a.b=1`, `shocks` of `shocks=[x]`."""
    return override.split("=", 1)[0].lstrip("+~").split("@")[0].strip()


def latest(overrides: Sequence[str]) -> list[str]:
    """The overrides with only the last of each key, since a preset may be chosen once only."""
    last: dict[str, str] = {}
    for override in overrides:
        last.pop(key_of(override), None)
        last[key_of(override)] = opened(override)
    return list(last.values())


def as_override(key: str, value: Any) -> str:
    """`key=value` as Hydra reads it."""
    if isinstance(value, str):
        return f"{key}={quoted(value)}"
    if isinstance(value, bool) or value is None:
        return f"{key}={str(value).lower() if value is not None else 'null'}"
    return f"{key}={value!r}"


def flat(container: Any, prefix: str = "") -> dict[str, Any]:
    """Dotted key -> value, for the leaves and the sections of nested dicts."""
    found: dict[str, Any] = {}
    for name, value in container.items():
        key = f"{prefix}{name}"
        found[key] = value
        if isinstance(value, dict):
            found.update(flat(value, f"{key}."))
    return found


def quoted(text: str) -> str:
    """A string that Hydra's grammar reads as itself."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./-]*", text) and text not in {"null", "true", "false", "nan", "inf"}:
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def with_nearest(problems: list[Problem], known: list[str]) -> list[Problem]:
    """The problems, with the nearest valid name where one is missing."""
    told = [problem._replace(key=problem.key.removeprefix("++")) for problem in problems]
    return [problem if problem.nearest else problem._replace(nearest=nearest_known(problem, known)) for problem in told]


def nearest_known(problem: Problem, known: Iterable[str]) -> str | None:
    """The valid name most like a key that is not there, or like a name in a table that its section has not."""
    if problem.allowed == NO_KEY:
        return nearest_name(problem.key, known)
    inner = re.match(rf"{re.escape(problem.key)} has no (\S+) yet;", problem.allowed)
    if not inner:
        return None
    within = f"{problem.key}."
    return nearest_name(inner[1], [key.removeprefix(within) for key in known if key.startswith(within)])
