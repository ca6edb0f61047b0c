"""Runs replications: `replication.parquet` and figures in the result folder, a table on the screen."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

import experiments.lab.replications
from experiments.configuration.settings import Settings, problems_of
from experiments.errors import ABSENT, Problem, UsageError, nearest_name
from experiments.kinds.kind import Kind
from experiments.lab.replications.check import Check
from experiments.store.files import write_rows
from experiments.study.runs import Expansion

if TYPE_CHECKING:
    import pyarrow as pa

NOT_REPLICATED = 5  # exit status
Row = tuple[str, Check]  # name of the replication, one of its checks


class Replication(Kind):
    """Puts published results beside what the model's own parts give; nothing is simulated from day to day."""

    simulates = False

    def checked(self, settings: Settings) -> Settings:
        """The settings with every parameter of the replications in one form."""
        return settings.model_copy(update={"replications": read_parameters(settings.replications)})

    def run(self, expansion: Expansion) -> int:
        """Runs the replications in this process; NOT_REPLICATED unless all agree."""
        return 0 if run_replications(expansion) else NOT_REPLICATED


def modules() -> dict[str, str]:
    """Name -> the module of the replications that may be one."""
    package = experiments.lab.replications
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return {module.name.rpartition(".")[2]: module.name for module in found if not module.ispkg}


def names() -> list[str]:
    """The replications there are: the modules of `experiments.lab.replications` that have a `replicate`."""
    return sorted(name for name in modules() if hasattr(module_of(name), "replicate"))


def module_of(name: str) -> Any:
    """The module of a replication: `Parameters` and `replicate(parameters, spec)`, which yields checks."""
    return importlib.import_module(modules()[name])


def read_parameters(replications: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The parameters of replications in one form; a UsageError with everything that is wrong with them."""
    problems, read = list[Problem](), dict[str, dict[str, Any]]()
    known = names()
    if not replications:
        problems.append(Problem("replications", ABSENT, f"must name one or more of {', '.join(known)}"))
    for name, parameters in replications.items():
        key = f"replications.{name}"
        if name not in known:
            allowed = f"there is no such replication; allowed: {', '.join(known)}"
            problems.append(Problem(key, ABSENT, allowed, nearest_name(name, known)))
            continue
        model = module_of(name).Parameters
        try:
            read[name] = model.model_validate(parameters).model_dump(mode="json")
        except ValidationError as error:
            for problem in problems_of(error):
                absent = problem.allowed == "there is no such key"
                near = nearest_name(problem.key, model.model_fields) if absent else None
                problems.append(problem._replace(key=f"{key}.{problem.key}", nearest=near))
    if problems:
        raise UsageError("the replications cannot be run; nothing was run", problems)
    return read


def all_checks(replications: dict[str, dict[str, Any]], world: dict[str, Any], plugins: tuple[str, ...]) -> list[Row]:
    """All checks of the replications; `world` is the composed world that those with agents of their own start from."""
    from sim.spec import read_spec

    spec = read_spec(world, plugins)
    rows: list[Row] = []
    for name, parameters in replications.items():
        module = module_of(name)
        rows += [(name, check) for check in module.replicate(module.Parameters.model_validate(parameters), spec)]
    return rows


def run_replications(expansion: Expansion) -> bool:
    """Runs them in this process, leaves the table in the study's folder and prints it; whether all agree."""
    from experiments.store.folder import opened_folder

    settings = expansion.settings
    out = Path(settings.out).resolve()
    world = next(iter(expansion.worlds.values()))
    with opened_folder(out, expansion):
        rows = all_checks(settings.replications, world, tuple(settings.plugins))
        write(out / "replication.parquet", rows)
        draw(out / "figures", rows)
    show(rows)
    print(out)
    return all(check.passed for _, check in rows)


def write(path: Path, rows: list[Row]) -> None:
    """Write `replication.parquet`: a row a quantity."""
    table = [
        {
            "replication": name, "quantity": check.quantity, "parameters": check.parameters,
            "expected": check.expected, "obtained": check.obtained,
            "standard_error": None if check.standard_error != check.standard_error else check.standard_error,
            "tolerance": check.tolerance, "pass": check.passed,
        }
        for name, check in rows
    ]  # fmt: skip
    write_rows(path, table, schema())


def draw(folder: Path, rows: list[Row]) -> None:
    """Keep a figure of each replication: what was found beside the record."""
    from experiments.lab.replications.figure import figures_of
    from experiments.plots.style import house_style, save

    folder.mkdir(parents=True, exist_ok=True)
    with house_style():
        for plot in figures_of(rows):
            save(plot, folder)


def schema() -> pa.Schema:
    """The types of `replication.parquet`."""
    import pyarrow as pa

    texts, numbers = ("replication", "quantity", "parameters"), ("expected", "obtained", "standard_error", "tolerance")
    fields = [*((name, pa.string()) for name in texts), *((name, pa.float64()) for name in numbers)]
    return pa.schema([*fields, ("pass", pa.bool_())])


def show(rows: list[Row]) -> None:
    """Print the checks as a table."""
    from rich.console import Console
    from rich.table import Table

    agreed = sum(check.passed for _, check in rows)
    table = Table(title=f"Replications: {agreed} of {len(rows)} quantities agree")
    for column in ("replication", "quantity", "parameters"):
        table.add_column(column, overflow="fold")
    for column in ("expected", "obtained", "s.e.", "tolerance"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("pass")
    last = ""
    for name, check in rows:
        error = "–" if check.standard_error != check.standard_error else f"{check.standard_error:.2g}"
        table.add_row(
            name if name != last else "", check.quantity, check.parameters, f"{check.expected:.7g}",
            f"{check.obtained:.7g}", error, f"{check.tolerance:.2g}", "yes" if check.passed else "[bold red]no[/]",
        )  # fmt: skip
        last = name
    Console(width=None if sys.stdout.isatty() else 160).print(table)
