"""Figures of the structure, read off the source: `python -m tests.structure` prints them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp
import networkx as nx

ROOT = Path(__file__).parents[1]
PACKAGES = ("sim", "agents", "experiments")


def attributes_by_class(*packages: str) -> dict[str, set[str]]:
    """Class -> the attributes its instances hold: fields declared in its body, and what its methods set on self."""
    found: dict[str, set[str]] = {}
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found[f"{path.relative_to(ROOT)}:{node.name}"] = set(attributes_of(node))
    return found


def attributes_of(cls: ast.ClassDef) -> Iterator[str]:
    """The names that a class declares, and those its methods assign to `self`."""
    for statement in cls.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id
    for node in ast.walk(cls):
        own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
        if own and isinstance(node.ctx, ast.Store):
            yield node.attr


def circles_of_files() -> list[list[str]]:
    """Groups of modules that import each other in a circle, imports for type checking counted."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False)
    imports = nx.DiGraph((a, b) for a in graph.modules for b in graph.find_modules_directly_imported_by(a))
    return [sorted(circle) for circle in nx.strongly_connected_components(imports) if len(circle) > 1]


def modules_by_folder(package: str) -> dict[str, int]:
    """Folder -> how many modules lie in it at one level."""
    folders: dict[str, int] = {}
    for path in (ROOT / package).rglob("*.py"):
        if path.stem != "__init__":
            name = str(path.parent.relative_to(ROOT))
            folders[name] = folders.get(name, 0) + 1
    return folders


if __name__ == "__main__":
    sizes = sorted(((len(names), cls) for cls, names in attributes_by_class(*PACKAGES).items()), reverse=True)
    print("attributes of the largest classes:", *sizes[:12], sep="\n  ")
    print("circles of files:", *circles_of_files(), sep="\n  ")
    print("modules of experiments by folder:", modules_by_folder("experiments"))
