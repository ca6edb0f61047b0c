"""Pages of the documentation that are read off the source: the ODD protocol, and one for each market and instrument.

`make docs` has them made by `docs/hooks.py`; nothing of them is kept, so that they cannot be out of date.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from experiments.parameters import PACKAGED, PAGE, defaults, page, parameter_types, range_of, resolved, written

MODEL = PAGE.parent / "model.md"
ROLES_SAID = "What an agent is to the world follows from the methods of its class (`sim/roles.py`)."
CALLS = {"is_month_end": "at month ends", "opens_on": "on days on which a venue opens"}  # a condition, in words


class Subject(NamedTuple):
    """A market or an instrument: where its text, its rules and its parameters stand."""

    title: str
    sections: tuple[str, ...]  # of docs/model.md
    rules: tuple[str, ...]  # modules whose functions are its equations
    parameters: tuple[str, ...]  # sections of docs/parameters.md, or their beginnings


SUBJECTS = {
    "hours": Subject(
        "The hourly market",
        ("Products and how they are sold",),
        ("sim.rules.asks", "sim.rules.spot", "sim.rules.usage", "sim.rules.jobs"),
        ("grades", "regions", "tiers", "works", "demand", "spot", "agents.renter"),
    ),
    "contracts": Subject("Reserved capacity", ("Users and contracts",), ("sim.rules.rents",), ("reserved", "funding")),
    "hardware": Subject(
        "GPUs, new and used", ("The growth path", "News and hoarding"), ("sim.rules.investment", "sim.rules.hoarding"),
        ("investment", "resale", "agents.chip_vendor"),
    ),
    "indices": Subject("Indices", ("Indices",),
        ("sim.indices.quote", "sim.indices.transaction", "sim.indices.basket", "sim.indices.hedonic",
         "sim.indices.publication"),
        ("indices.",),
    ),
    "futures": Subject(
        "Futures", ("How futures trade", "What a futures price knows"),
        ("sim.rules.hedging", "sim.rules.speculation", "sim.rules.information", "sim.rules.outlook",
         "sim.rules.perpetual", "sim.rules.arbitrage", "sim.rules.open_interest", "sim.exchange.size",
         "sim.exchange.futures", "sim.exchange.market_maker"),
        ("venues", "futures", "information", "agents.speculator"),
    ),
    "clearing": Subject(
        "The clearing house", (),
        ("sim.exchange.clearing_house", "sim.exchange.margin_models", "sim.exchange.limits", "sim.exchange.waterfall",
         "sim.exchange.intraday", "sim.rules.close_out"),
        ("clearing",),
    ),
    "funds": Subject(
        "Exchange-traded funds", ("Funds",), ("sim.rules.fund_flows", "sim.funds.dose"),
        ("agents.etf_1x", "agents.etf_2x", "agents.etf_inverse", "agents.fund_holder", "agents.authorised_participant"),
    ),
    "loans": Subject(
        "Loans against GPUs", ("Credit",),
        ("sim.rules.credit_pricing", "sim.credit.financing", "sim.credit.day_count", "sim.credit.covenants",
         "sim.credit.clearing_vector"),
        ("loan", "resolution", "agents.lender"),
    ),
    "notes": Subject(
        "Notes", ("Securitisation",),
        ("sim.rules.screening", "sim.rules.tranches", "sim.securitisation.waterfall", "sim.securitisation.offering",
         "sim.securitisation.paper"),
        ("deal", "agents.vehicle", "agents.note_investor"),
    ),
    "links": Subject("Links from futures to the physical world", ("Links",), ("sim.rules.learning",), ("links",)),
}  # fmt: skip


def subjects() -> dict[str, Subject]:
    """All markets and instruments, and a page for the firms and whatever else has parameters."""
    named = [name for subject in SUBJECTS.values() for name in subject.parameters]
    rest = tuple(head.strip("`") for head in sections_of(page()) if not belongs(head.strip("`"), named))
    return {**SUBJECTS, "world": Subject("The world and its firms", (), ("sim.rules.rents",), rest)}


def pages() -> dict[str, str]:
    """Path below docs -> text of every page that is read off the source."""
    found = {f"markets/{name}.md": subject_page(subject) for name, subject in subjects().items()}
    return {"odd.md": odd(), "markets/index.md": index(), "markets/shocks.md": shocks(), **found}


def index() -> str:
    """The list of all markets and instruments."""
    lines = [f"- [{subject.title}]({name}.md)" for name, subject in subjects().items()]
    lines.append("- [Shocks](shocks.md)")
    head = "Each page holds the text of [the model](../model.md), the equations as the code has them, and parameters."
    return "\n\n".join(["# Markets and instruments", head, "\n".join(lines)]) + "\n"


def subject_page(subject: Subject) -> str:
    """What stands of a market or an instrument: text, equations with their sources, parameters with their ranges."""
    tables = sections_of(page())
    rows = [f"### {head}\n\n{text}" for head, text in tables.items() if belongs(head.strip("`"), subject.parameters)]
    rules = [rule for name in subject.rules for rule in rules_of(importlib.import_module(name))]
    told = [from_below(sections_of(MODEL.read_text(encoding="utf-8"))[name]) for name in subject.sections]
    parts = [f"# {subject.title}", *told]
    parts += ["## Equations, as the code has them", *rules] if rules else []
    parts += ["## Parameters", "Values of the default world; `null` is an option that is off.", *rows]
    return "\n\n".join(parts) + "\n"


def shocks() -> str:
    """What stands of shocks: text, when one acts, each class with its fields, and all presets."""
    told = from_below(sections_of(MODEL.read_text(encoding="utf-8"))["Shocks"])
    when = "\n\n".join(rules_of(importlib.import_module("sim.rules.profile")))
    classes = "\n\n".join(map(shock_class, shock_classes()))
    parts = ["# Shocks", told, "## When one acts", when, "## Kinds", classes, "## Presets", shock_presets()]
    return "\n\n".join(parts) + "\n"


def shock_classes() -> list[Any]:
    """The classes of shocks, by file."""
    names = sorted(path.stem for path in (PACKAGED.parent / "sim" / "shocks").glob("*.py"))
    modules = [importlib.import_module(f"sim.shocks.{name}") for name in names if name not in {"__init__", "timing"}]
    return [held for module in modules for held in vars(module).values() if is_shock_of(held, module)]


def is_shock_of(held: Any, module: ModuleType) -> bool:
    """Whether something is a class of shocks that a module defines."""
    return inspect.isclass(held) and held.__module__ == module.__name__ and "__call__" in dir(held)


def shock_class(cls: Any) -> str:
    """A class of shocks: what it does, and its fields with their ranges."""
    schema = cls.model_json_schema()
    lines = ["| key | allowed | if not given |", "|---|---|---|"]
    for name, field in schema["properties"].items():
        required = name in schema.get("required", ())
        given = "" if required else f"`{written(field.get('default'))}`"
        lines.append(f"| `{name}` | {range_of(resolved(field, schema), schema)} | {given} |")
    return "\n\n".join([f"### `{cls.__module__}.{cls.__name__}`", inspect.getdoc(cls) or "", "\n".join(lines)])


def shock_presets() -> str:
    """A table of the presets of shocks: what is on record or assumed, and the values."""
    lines = ["| preset | what | values |", "|---|---|---|"]
    for path in sorted(PACKAGED.glob("shocks/*.yaml")):
        rows = defaults(path, "")
        values = ", ".join(f"{row.key.rpartition('.')[2]} {written(row.value)}" for row in rows)
        lines.append(f"| `{path.stem}` | {rows[0].comments[-1]} | {values} |".replace("\n", " "))
    return "\n".join(lines)


def belongs(section: str, wanted: Iterable[str]) -> bool:
    """Whether a section of parameters is one of those wanted, or begins as one that ends with a dot."""
    return any(section == name or (name.endswith(".") and section.startswith(name)) for name in wanted)


def sections_of(text: str) -> dict[str, str]:
    """Heading -> text of each `##` section of a page."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {head: body.strip() for head, body in zip(parts[1::2], parts[2::2], strict=True)}


def from_below(text: str) -> str:
    """A text of a page in docs as it stands in a folder of docs: its links lead one folder up."""
    text = re.sub(r"\]\((?!https?:|#)([^)]+)\)", r"](../\1)", text)
    return re.sub(r"\]\(#([^)]+)\)", r"](../model.md#\1)", text)


def rules_of(module: ModuleType) -> Iterator[str]:
    """What a module of rules says of itself, and each of its public functions with its docstring and its code."""
    where = module.__name__.replace(".", "/") + ".py"
    yield f"### `{where}`\n\n{inspect.getdoc(module)}"
    for name, held in inspect.getmembers(module, callable):
        if getattr(held, "__module__", "") == module.__name__ and not name.startswith("_"):
            function = getattr(held, "py_func", held)  # as it is before it is compiled
            if inspect.isfunction(function):
                yield f"#### `{name}`\n\n{inspect.getdoc(function)}\n\n```python\n{body_of(function)}\n```"


def body_of(function: Any) -> str:
    """A function's code without its docstring and decorators."""
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    tree.decorator_list, tree.body = [], [*(tree.body[1:] if ast.get_docstring(tree) else tree.body)]
    return ast.unparse(tree)


# ---- the ODD protocol


def odd() -> str:
    """The ODD protocol (Grimm et al. 2006, 2020), with entities and schedule read off the code."""
    model = sections_of(MODEL.read_text(encoding="utf-8"))
    told = {head: text.replace("](#", "](model.md#") for head, text in model.items()}
    parts = [
        "# ODD protocol",
        "Overview, design concepts and details, after Grimm et al. (2006; second update 2020). Entities, schedule and "
        "parameters are read off the source when this page is made; the rest is the text of [the model](model.md).",
        "## Purpose and patterns", told["Purpose"],
        "Patterns by which the default world is judged are those of `rackrate experiment=moments`.",
        "## Entities, state variables and scales",
        "A step is a day; hours are cleared within it. Space is regions; goods are grades of GPU by region and tier.",
        "### Agents", entities(), "### Roles", ROLES_SAID, roles(),
        "### Departments of the world, which hold its state", departments(),
        "What of the state is recorded each day, with its unit: [columns](columns.md).",
        "## Process overview and scheduling",
        "In this order each day (`Economy.step` in `sim/economy.py`):", schedule(),
        "## Design concepts", concepts(told),
        "## Initialisation", told["The growth path"],
        "## Input data", "None but the configuration: [parameters](parameters.md) and the presets in `configs/`.",
        "## Submodels", f"{told['A day']}\n\nEach with its equations: [markets and instruments](markets/index.md).",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def concepts(told: dict[str, str]) -> str:
    """The design concepts in a list."""
    said = {
        "Basic principles": "a durable asset that decays, financed with debt, makes a good that cannot be stored",
        "Emergence": "rents, futures prices, fleets, defaults; around a growth path that is solved and not searched",
        "Adaptation and objectives": "rules, most of them linear in a gap to what is wanted; no agent optimises a path",
        "Learning": "of what the futures curve is worth (`links=learned`), else none",
        "Prediction": "rents are believed to return to an anchor that falls with technology",
        "Sensing": "what `sim/view.py` shows: yesterday's prices, today's environment, own books",
        "Interaction": "through auctions, list prices, contracts, loans and margin alone",
        "Collectives": "funds, the vehicle, lenders as groups; a crowd of speculators held as arrays",
        "Observation": "a row a day, metrics over a window, events ([columns](columns.md))",
    }
    lines = [f"- **{name}**: {text}." for name, text in said.items()]
    return "\n".join([*lines, f"- **Stochasticity**: {told['Randomness']}"])


def entities() -> str:
    """A table of the agents of all presets: what its class says of it."""
    from sim.parts import find_class

    lines = ["| agent | what it does | class | parameters |", "|---|---|---|---|"]
    typed = parameter_types()
    for path in sorted(PACKAGED.glob("agents/*.yaml")):
        cls = find_class(*re.findall(r"_target_: *([\w.]+)", path.read_text(encoding="utf-8"))[:1])
        said = (inspect.getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")
        count = len(typed[f"agents.{path.stem}"].model_fields)
        lines.append(f"| {path.stem} | {said} | `{cls.__module__}` | [{count}](parameters.md#agents{path.stem}) |")
    return "\n".join(lines)


def roles() -> str:
    """A table of all roles: the method that gives one, what it is to do, what else a class must then have."""
    from sim.roles import ROLES, promises_of

    lines = ["| method | returns | what | needs too |", "|---|---|---|---|"]
    for role in ROLES:
        first, *others = promises_of(role)
        held = vars(role)[first]
        signature = inspect.signature(held.fget if isinstance(held, property) else held)
        given = ", ".join(name for name in signature.parameters if name != "self")
        said = " ".join((inspect.getdoc(held) or "").split())
        also = ", ".join(f"`{name}`" for name in others)
        lines.append(f"| `{first}({given})` | `{signature.return_annotation}` | {said} | {also} |")
    return "\n".join(lines)


def departments() -> str:
    """A table of the departments: what each says of itself."""
    lines = ["| department | what it holds |", "|---|---|"]
    for path in sorted((Path(PACKAGED).parent / "sim").glob("*/department.py")):
        module = importlib.import_module(f"sim.{path.parent.name}.department")
        lines.append(f"| `sim/{path.parent.name}` | {' '.join((inspect.getdoc(module) or '').split())} |")
    return "\n".join(lines)


def schedule() -> str:
    """The calls of `Economy.step` in their order, each with the first sentence of what it calls."""
    from experiments.build import build
    from sim.economy import Economy

    economy = build(days=1)
    [step] = ast.parse(textwrap.dedent(inspect.getsource(Economy.step))).body
    assert isinstance(step, ast.FunctionDef)
    return "\n".join(f"{k}. {line}" for k, line in enumerate(steps(step.body, economy), 1))


def steps(body: Iterable[ast.stmt], economy: Any, when: str = "") -> Iterator[str]:
    """A line for each method of the economy's that some statements call."""
    for statement in body:
        if isinstance(statement, ast.If):
            words = next((text for name, text in CALLS.items() if name in ast.unparse(statement.test)), None)
            yield from steps(statement.body, economy, words or f"where `{ast.unparse(statement.test)}`")
            continue
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Call):
            names = ast.unparse(value.func).split(".")[1:]
            method = economy
            for name in names:
                method = getattr(method, name)
            said = (inspect.getdoc(method) or "").split("\n\n")[0].replace("\n", " ")
            yield f"`{'.'.join(names)}`{f' ({when})' if when else ''}: {said}"
