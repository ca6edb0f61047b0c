"""Figures of the structure, read off the source: `python -m tests.structure` prints them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Collection, Iterator
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


def is_parameters(cls: str) -> bool:
    """Whether a class is a flat record of what configures agents or a replication, a field a key of the YAML."""
    return cls.startswith(("agents/", "experiments/lab/replications/")) and cls.endswith("Parameters")


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


def importers(package: str) -> dict[str, list[str]]:
    """Each folder or file of a package -> the modules outside it that import from it, also for type checking only.

    Replications and benchmarks of the laboratory take the world's parts to pieces, and are left out.
    """
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False)
    found = {}
    for part in sorted(graph.find_children(package)):
        own = {part, *graph.find_descendants(part)}
        outside = {by for name in own for by in graph.find_modules_that_directly_import(name)} - own
        found[part] = sorted(by for by in outside if not by.startswith("experiments.lab."))
    return found


def importers_of_departments() -> dict[str, list[str]]:
    """Each department -> the modules of the world outside it, and outside a department built on it, that know it."""
    departments = {f"sim.{path.parent.name}" for path in (ROOT / "sim").glob("*/department.py")}
    return {
        name: [by for by in outside if by.startswith("sim.") and by.rpartition(".")[0] not in departments]
        for name, outside in importers("sim").items()
        if name in departments
    }


def importers_of_plug_ins() -> dict[str, list[str]]:
    """Each agent, shock, kind of study, executor and file of metrics -> the modules that know it by name."""
    made_of = {"sim.shocks.timing", "experiments.kinds.kind", "sim.metrics.measure", "sim.metrics.series"}
    packages = ("agents", "sim.shocks", "experiments.kinds", "sim.metrics", "experiments.execute")
    found = {name: by for package in packages for name, by in importers(package).items() if name not in made_of}
    executors = [f"experiments.execute.{name}" for name in ("local", "in_process", "slurm", "on_ray")]
    return {name: by for name, by in found.items() if ".execute." not in name or name in executors}


def undeclared_calls() -> list[str]:
    """What mypy says of the world and of our agents against the promises of roles."""
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if ": error:" in line]


def largest(found: dict[str, Collection[str]], most: int = 3) -> str:
    """The largest of some groups, in words."""
    sizes = sorted(((len(names), name) for name, names in found.items()), reverse=True)
    return ", ".join(f"{size} {name}" for size, name in sizes[:most])


def table() -> list[tuple[str, str, str]]:
    """What is measured, its goal, and what it is."""
    held = attributes_by_class(*PACKAGES)
    records = {cls: names for cls, names in held.items() if is_parameters(cls)}
    folders = {folder: ["module"] * held for folder, held in modules_by_folder("experiments").items()}
    return [
        ("attributes of a class", "<= 20", largest({c: n for c, n in held.items() if c not in records}, 5)),
        ("attributes of a record of parameters", "as the YAML", largest(records)),
        ("circles of files", "0", str(len(circles_of_files()))),
        ("files of the world that name a department", "<= 4", largest(importers_of_departments())),
        ("files that name an agent, shock, kind, executor, metric", "<= 1", largest(importers_of_plug_ins())),
        ("calls of agents' methods that no promise declares", "0", str(len(undeclared_calls()))),
        ("modules of experiments in a folder", "<= 10", largest(folders)),
    ]


if __name__ == "__main__":
    for what, goal, figure in table():
        print(f"{what:58} {goal:12} {figure}")
