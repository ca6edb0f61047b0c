"""Presets parsed once: Hydra says which stand where and in which order, plain dicts are merged as it merges its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


class NotPlain(Exception):
    """What is asked for needs more than presets in their order and values for keys that are there: Hydra itself."""


class Presets:
    """The folders of presets of one opened configuration, a user's own after ours; files are read once."""

    def __init__(self, folders: Sequence[Path]) -> None:
        from hydra._internal.config_repository import CachingConfigRepository, ConfigRepository
        from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
        from hydra.core.plugins import Plugins

        Plugins.instance()  # which know how to read a folder
        path = ConfigSearchPathImpl()
        for folder in folders:
            path.append("presets", f"file://{folder}")
        path.append("schema", "structured://")
        self.files = CachingConfigRepository(ConfigRepository(path))
        self._read: dict[str, Any] = {}
        self._groups: dict[str, bool] = {}
        self._orders: dict[tuple[str, ...], list[tuple[str, str]]] = {}

    def compose(self, overrides: Sequence[str], sections: Iterable[str]) -> dict[str, Any]:
        """These sections of what Hydra composes of the overrides, as plain dicts; NotPlain where that takes Hydra.

        Whatever Hydra refuses is refused here too, by its error or by NotPlain; Hydra says it better.
        """
        composed = self._composed(overrides)
        world = {name: composed[name] for name in sections if name in composed}
        if not all(map(is_final, world.values())):
            raise NotPlain
        return world

    def whole(self, overrides: Sequence[str]) -> dict[str, Any]:
        """All of it but Hydra's own settings, with what is filled in from elsewhere."""
        from omegaconf import OmegaConf

        composed = self._composed(overrides)
        if composed.pop("hydra", None) != self._content("config").get("hydra"):  # asked of Hydra
            raise NotPlain
        if all(map(is_final, composed.values())):
            return composed
        return OmegaConf.to_container(OmegaConf.create(composed), resolve=True, throw_on_missing=True)  # type: ignore[return-value]

    def _composed(self, overrides: Sequence[str]) -> dict[str, Any]:
        asked = [parsed(text) for text in overrides]
        chosen = tuple(text for text, override in zip(overrides, asked, strict=True) if self._is_choice(override))
        if chosen not in self._orders:
            self._orders[chosen] = self._order(chosen)
        composed: dict[str, Any] = {}
        for preset, package in self._orders[chosen]:
            merge(composed, placed(self._content(preset), package))
        for override in asked:
            if not self._is_choice(override):
                set_value(composed, override)
        return composed

    def _is_choice(self, override: Override) -> bool:
        """Whether an override chooses presets of a group; any other sets a key, as a table at a group's name does."""
        group = override.key_or_group
        if group not in self._groups:
            self._groups[group] = self.files.group_exists(group)
        return self._groups[group] and not isinstance(override.value(), dict)

    def _order(self, chosen: Sequence[str]) -> list[tuple[str, str]]:
        """Name and place of each preset of these choices, in the order in which Hydra merges them."""
        from hydra._internal.defaults_list import create_defaults_list

        asked = [parsed(text) for text in chosen]
        found = create_defaults_list(self.files, "config", asked, prepend_hydra=False, skip_missing=False)
        if found.config_overrides or any(override.is_sweep_override() for override in asked):
            raise NotPlain
        return [(str(preset.config_path), preset.package or "") for preset in found.defaults]

    def sets(self, name: str, path: Sequence[str]) -> bool:
        """Whether a preset's own file sets a key, by its place; not if the file cannot be read."""
        try:
            at, header = self._content(name), self.files.load_config(name).header
        except Exception:  # noqa: BLE001 whatever a file of the user's own raises
            return False
        package = header.get("package") or name.rpartition("/")[0].replace("/", ".")
        at = placed(at, "" if package == "_global_" else package)
        for key in path:
            if not isinstance(at, dict) or key not in at:
                return False
            at = at[key]
        return True

    def _content(self, name: str) -> Any:
        """The content of a preset's file, without its list of defaults."""
        from omegaconf import OmegaConf

        if name not in self._read:
            loaded = self.files.load_config(name)
            if loaded is None or loaded.is_schema_source:
                raise NotPlain
            self._read[name] = OmegaConf.to_container(loaded.config, resolve=False)
        return self._read[name]


@lru_cache(maxsize=4)
def presets_in(folders: tuple[Path, ...], state: tuple[tuple[str, int, int], ...]) -> Presets:
    """The presets of these folders, whose files are parsed once as long as the stamps of all are the same."""
    return Presets(folders)


def stamps_of(files: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """Name, size (bytes) and time of the last change (ns) of each file."""
    return tuple((str(file), (held := file.stat()).st_size, held.st_mtime_ns) for file in files)


@lru_cache(maxsize=4096)
def parsed(text: str) -> Override:
    """The override as Hydra reads it; it is not to be changed."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create().parse_override(text)


def placed(content: Any, package: str) -> Any:
    """A preset's content under the dotted place where it stands."""
    for name in reversed(package.split(".") if package else []):
        content = {name: content}
    return content


def merge(whole: dict[Any, Any], part: Any) -> None:
    """Takes another part into a configuration: sections are merged key by key, all else is replaced."""
    if not isinstance(part, dict):
        raise NotPlain
    for key, value in part.items():
        if not is_mergeable(whole.get(key), value):
            raise NotPlain
        if isinstance(value, dict) and isinstance(whole.get(key), dict):
            merge(whole[key], value)
        else:
            whole[key] = copied(value)


def set_value(composed: dict[str, Any], override: Override) -> None:
    """Sets a key that is there, or with `++` one that may be."""
    adds, key = override.is_force_add(), override.key_or_group
    unusual = override.is_delete() or override.is_add() or override.is_sweep_override() or override.package is not None
    if unusual or "[" in key:
        raise NotPlain
    *path, last = key.split(".")
    at: Any = composed
    for name in path:
        if adds and name not in at:
            at[name] = {}
        at = at.get(name)
        if not isinstance(at, dict):
            raise NotPlain
    if last not in at and not adds:
        raise NotPlain
    value = override.value()
    if isinstance(value, dict) and isinstance(at.get(last), dict):
        if not adds and not is_inside(value, at[last]):
            raise NotPlain
        merge(at[last], value)
    elif not is_mergeable(at.get(last), value):
        raise NotPlain
    else:
        at[last] = copied(value)


def is_mergeable(held: Any, value: Any) -> bool:
    """Whether a value can simply replace another or be merged into it, as far as plain dicts tell."""
    if isinstance(held, str) and "${" in held:  # stands for what may be merged into
        return not isinstance(value, dict | list)
    both = isinstance(held, dict | list) and isinstance(value, dict | list)
    return value != "???" and not (both and type(held) is not type(value))


def is_inside(value: dict[Any, Any], known: dict[Any, Any]) -> bool:
    """Whether a table has no name that the one it is merged into has not."""
    return all(
        key in known
        and (not (isinstance(inner, dict) and isinstance(known[key], dict)) or is_inside(inner, known[key]))
        for key, inner in value.items()
    )


def copied(value: Any) -> Any:
    """A copy of plain dicts and lists."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value


def is_final(value: Any) -> bool:
    """Whether a value stands for itself: nothing in it is filled in from elsewhere or still missing."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and "${" not in key and is_final(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(is_final, value))
    if isinstance(value, str):
        return "${" not in value and value != "???"
    return value is None or isinstance(value, bool | int | float)
