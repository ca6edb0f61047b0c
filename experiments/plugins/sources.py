"""Code by what it means: hashes that comments, docstrings and formatting leave alone, of the files that a run uses."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import Any

import rackrate
from experiments.errors import Problem, UsageError

SIMULATES = ("sim", "agents")
MEASURES = "sim/metrics"  # reads what was simulated and changes nothing in it
INSTALLED = {"site-packages", "dist-packages"}
NOT_READ = {".md", ".rst", ".nbi", ".nbc", ".pyc"}
FINDS_BY_NAME = {"importlib", "import_module", "__import__", "pkgutil"}
ENCODED = ("utf-8", "surrogatepass")
MEANINGS: dict[bytes, str] = {}  # hash of a Python file's bytes -> hash of what it means, as known so far
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def simulating_code() -> dict[str, str]:
    """File -> hash of all code of ours that can change a run."""
    files = {name: path for package in SIMULATES for name, path in files_of(package)}
    return {name: hash_of(path) for name, path in files.items() if not name.startswith(f"{MEASURES}/")}


def measuring_code() -> dict[str, str]:
    """File -> hash of all code of ours that turns a run's days into metrics."""
    return {name: hash_of(path) for name, path in files_of("sim") if name.startswith(f"{MEASURES}/")}


class PluginCode:
    """The user's own packages: which of their files a configuration uses."""

    def __init__(self, plugins: Collection[str], presets: Iterable[Path] = ()) -> None:
        """Raises UsageError for a plug-in that cannot be found or bears a name that is taken."""
        self.plugins = tuple(plugins)
        self.presets = {folder.resolve() for folder in presets}
        homes = {home for plugin in plugins if (home := checked_home(plugin))}
        self.homes = {home for home in homes if not INSTALLED & set(home.parts)}
        self.known: dict[tuple[str, ...], dict[str, str]] = {}
        self.named: dict[int, tuple[Any, set[str]]] = {}  # number of a section, which is kept, -> modules that it names

    def used_by(self, section: Any) -> dict[str, str]:
        """File -> hash of the modules that the `_target_`s of a configuration name, and of all they import of yours."""
        if not self.plugins:
            return {}
        own = tuple(sorted(self.own_modules(section)))
        if own not in self.known:
            self.known[own] = self.files_behind(own)
        return self.known[own]

    def own_modules(self, section: Any) -> set[str]:
        """The modules of plug-ins that the `_target_`s of a configuration name; what worlds share is looked at once."""
        if not isinstance(section, dict) or "_target_" in section:
            named = {target.rpartition(".")[0] for target in targets(section)}
            return {module for module in named if module.split(".")[0] in self.plugins}
        for inner in section.values():
            if id(inner) not in self.named:
                self.named[id(inner)] = inner, self.own_modules(inner)
        return set[str]().union(*(self.named[id(inner)][1] for inner in section.values()))

    def files_behind(self, modules: Iterable[str]) -> dict[str, str]:
        """File -> hash of modules, of what they import of the user's, and of the data in their packages."""
        seen: dict[str, Path | None] = {}
        waiting = list(modules)
        while waiting:
            module = waiting.pop()
            if module not in seen:
                seen[module] = path = file_of(module)
                parent = module.rpartition(".")[0]
                waiting += [parent] if parent else []
                waiting += [name for name in imports_of(path, module) if self.is_own(name.split(".")[0])]
        found = {label(module, path): path for module, path in seen.items() if path}
        for package in {module.split(".")[0] for module in seen}:
            blind = any(finds_by_name(path) for module, path in seen.items() if module.split(".")[0] == package)
            found.update(files_of(package, self.presets) if blind else data_of(package, self.presets))
        return {name: hash_of(path) for name, path in sorted(found.items())}

    def is_own(self, package: str) -> bool:
        """Whether a package is a plug-in, or lies beside one outside the folders where libraries are installed."""
        return package in self.plugins or (not owner_of(package) and home_of(package) in self.homes)


def targets(section: Any) -> Iterator[str]:
    """Every `_target_` in a configuration."""
    if isinstance(section, dict):
        for key, value in section.items():
            if key == "_target_":
                yield str(value)
            else:
                yield from targets(value)
    elif isinstance(section, list):
        for value in section:
            yield from targets(value)


# ---- files


def owner_of(package: str) -> str:
    """Whose a name of a package is already: ours, Python's, or nobody's."""
    return "Rackrate's" if package in rackrate.PACKAGES else "Python's" if package in sys.stdlib_module_names else ""


def checked_home(plugin: str) -> Path | None:
    """The folder in which a plug-in lies; raises UsageError where there is none, or its name is taken."""
    owner, home = owner_of(plugin), home_of(plugin)
    if owner:
        raise UsageError("nothing was run", [Problem("plugins", plugin, f"is {owner} own name; give yours another")])
    if home is None:
        allowed = "no such package can be imported; it must lie in the working folder or beside --config-dir"
        raise UsageError("nothing was run", [Problem("plugins", plugin, allowed)])
    return home


def home_of(package: str) -> Path | None:
    """The folder in which a package or module lies, if it can be found."""
    places = places_of(package)
    return places[0].parent if places else None


def places_of(package: str) -> list[Path]:
    """The folders of a package, or the file of a module; nothing is imported. Empty if there is none."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return []
    found = list(spec.submodule_search_locations or ([spec.origin] if spec.origin else []))
    return [Path(place).resolve() for place in found if Path(place).exists()]


def file_of(module: str) -> Path | None:
    """The file of a module, the `__init__.py` of a package; None where there is none."""
    package, *inner = module.split(".")
    for place in places_of(package):
        if place.is_file():
            return None if inner else place
        folder = place.joinpath(*inner)
        stems = [folder / "__init__", *([folder] if inner else [])]
        for candidate in (stem.with_name(stem.name + suffix) for stem in stems for suffix in all_suffixes()):
            if candidate.is_file():
                return candidate
    return None


def label(module: str, path: Path) -> str:
    """A module's file as it is named in tables: `my_lab/agents.py`."""
    folder = module.split(".") if path.name.startswith("__init__.") else module.split(".")[:-1]
    return "/".join([*folder, path.name])


def files_of(package: str, but: Collection[Path] = ()) -> list[tuple[str, Path]]:
    """All files of a package or module, named from the package on, in order."""
    found = []
    for place in places_of(package):
        if place.is_file():
            return [(place.name, place)]
        found += [(f"{package}/{path.relative_to(place).as_posix()}", path) for path in walk(place, but)]
    return found


def data_of(package: str, but: Collection[Path]) -> list[tuple[str, Path]]:
    """The files of a package that are no code: which module reads them cannot be told."""
    if any(place.is_file() for place in places_of(package)):
        return []
    return [(name, path) for name, path in files_of(package, but) if path.suffix not in all_suffixes()]


def walk(folder: Path, but: Collection[Path] = ()) -> Iterator[Path]:
    """The files of a folder in order, without caches, hidden ones, results, and the folders of presets."""
    for place, inner, names in os.walk(folder):
        if "provenance.json" in names:
            inner.clear()
            continue
        kept = (name for name in inner if name[0] != "." and name != "__pycache__")
        inner[:] = sorted(name for name in kept if Path(place, name).resolve() not in but)
        yield from (Path(place, name) for name in sorted(names) if name[0] != "." and Path(name).suffix not in NOT_READ)


# ---- meaning


def tree_of(path: Path) -> ast.Module | None:
    """The syntax tree of a file of Python, without docstrings; None of any other file, and of what is no Python."""
    if path.suffix != ".py":
        return None
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):  # told when it is imported
        return None
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
    return tree


def hash_of(path: Path) -> str:
    """A hash of what a file means: of its syntax tree, the same under every Python; of its bytes if it is no Python."""
    content = path.read_bytes()
    if path.suffix != ".py":
        return short_hash(content)
    bytes_hash = hashlib.sha256(content).digest()
    if bytes_hash not in MEANINGS:
        tree = tree_of(path)
        MEANINGS[bytes_hash] = short_hash(content if tree is None else "\n".join(words(tree)).encode(*ENCODED))
    return MEANINGS[bytes_hash]


def short_hash(content: bytes) -> str:
    """The first half of a hash."""
    return hashlib.sha256(content).hexdigest()[:16]


def words(node: ast.AST) -> list[str]:
    """A syntax tree as a list of words; no two trees have the same."""
    out = [f"({type(node).__name__}"]
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, ast.AST):
            out += [field, *words(value)]
        elif isinstance(value, list) and value:
            out.append(f"{field}[")
            for item in value:
                out += words(item) if isinstance(item, ast.AST) else [repr(item)]
            out.append("]")
        elif value is not None and value != [] and field != "kind":
            out += [field, repr(value)]
    out.append(")")
    return out


def imports_of(path: Path | None, module: str) -> Iterator[str]:
    """Every module that a file imports, also inside functions, and every name that may be one."""
    tree = tree_of(path) if path else None
    if path is None or tree is None:
        return
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def finds_by_name(path: Path | None) -> bool:
    """Whether a file may import what its text does not name."""
    tree = tree_of(path) if path else None
    for node in ast.walk(tree) if tree else ():
        names = {
            ast.Name: lambda node: node.id,
            ast.Attribute: lambda node: node.attr,
            ast.alias: lambda node: node.name.split(".")[0],
            ast.ImportFrom: lambda node: str(node.module).split(".")[0],
        }
        if type(node) in names and names[type(node)](node) in FINDS_BY_NAME:
            return True
    return False
