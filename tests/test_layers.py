"""Imports run one way, agents see their view only, randomness has one source: read off the source code itself."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import agents
import sim
from sim.view import View

SIM, AGENTS = Path(sim.__file__).parent, Path(agents.__file__).parent
AGENT_FILES = sorted(path for path in AGENTS.glob("*.py") if path.stem != "__init__")
PHYSICAL = {"hardware", "reserved", "rental", "labs", "indices"}
FINANCE = {"exchange", "funds"}
CREDIT = {"credit", "securitisation"}
DEPARTMENTS = PHYSICAL | FINANCE | CREDIT
ALLOWED = {"funds": {"exchange"}}
ALL_FILES = sorted(SIM.rglob("*.py")) + AGENT_FILES


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def attributes(tree: ast.AST) -> Iterator[str]:
    """Every attribute that is read or written, dotted where the chain is plain: `np.random.normal`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def name_of(path: Path) -> str:
    return str(path.relative_to(SIM.parent))


def forbidden_reads(tree: ast.AST, names: set[str]) -> list[str]:
    """Attributes, names, and names in `getattr`, that are not to be used."""
    found = [text for text in attributes(tree) if names & set(text.split("."))]
    found += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in names]
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return found + [value for value in constants if isinstance(value, str) and value in names]


def random_sources(tree: ast.AST) -> list[str]:
    """Uses of random numbers that do not come from addressed streams."""
    bad = {"random", "secrets", "uuid"}
    found = [module for module in imports(tree) if bad & set(module.split("."))]
    return found + [text for text in attributes(tree) if "random" in text.split(".") or text == "os.urandom"]


@pytest.mark.parametrize("path", AGENT_FILES, ids=lambda path: path.stem)
def test_agents_never_read_the_model_or_the_ledger(path):
    assert forbidden_reads(tree_of(path), {"model", "ledger", "books", "_board", "board", "economy"}) == []


@pytest.mark.parametrize(
    "text", ["self.model.step()", "x = getattr(self, 'model')", "view._board.cash_usd", "economy.books", "self.ledger"]
)
def test_the_bar_on_reading_the_model_can_fail(text):
    assert forbidden_reads(ast.parse(text), {"model", "ledger", "books", "_board", "economy"})


@pytest.mark.parametrize("path", ALL_FILES, ids=name_of)
def test_random_numbers_come_from_addressed_streams_only(path):
    assert random_sources(tree_of(path)) == []


@pytest.mark.parametrize(
    "text",
    ["np.random.normal()", "import random", "from numpy.random import default_rng", "self.random.random()",
     "def f():\n    import secrets", "os.urandom(8)"],
)  # fmt: skip
def test_the_bar_on_other_random_numbers_can_fail(text):
    assert random_sources(ast.parse(text))


def reached(tree: ast.AST) -> set[str]:
    return {module.split(".")[0] for module in imports(tree)}


@pytest.mark.parametrize("path", sorted(SIM.rglob("*.py")), ids=name_of)
def test_the_world_knows_no_agent_and_no_experiment(path):
    tree = tree_of(path)
    assert not reached(tree) & {"agents", "experiments", "configs", "hydra", "omegaconf", "matplotlib"}
    if SIM / "kernels" not in path.parents:
        assert "numba" not in reached(tree)


@pytest.mark.parametrize("path", AGENT_FILES, ids=lambda path: path.stem)
def test_agents_are_strangers_to_each_other_and_to_the_markets(path):
    modules = set(imports(tree_of(path)))
    assert not {module for module in modules if module.split(".")[0] in {"agents", "experiments", "mesa", "numpy"}}
    sections = {module.split(".")[1] for module in modules if module.startswith("sim.")}
    assert not sections & {
        "economy",
        "ledger",
        "laws",
        "audit",
        "books",
        "register",
        "department",
        "founding",
        "kernels",
        *DEPARTMENTS,
    }


@pytest.mark.parametrize("folder", ["shocks", "indices"])
def test_neighbours_are_strangers(folder):
    for path in (SIM / folder).glob("*.py"):
        neighbours = {module.split(".")[2] for module in imports(tree_of(path)) if module.startswith(f"sim.{folder}.")}
        shared = {"evidence", "basket", "hedonic", "publication", "audit", "timing"}
        assert neighbours <= shared, f"{path.name} knows {neighbours}"


def readers_of_the_curve(tree: ast.AST, own: bool = False) -> set[str]:
    """The functions of a file in which a futures price is read; in an agent's (`own`) any price."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            reads = {text.rsplit(".", 1)[-1] for text in attributes(node)}
            constants = {inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant)}
            if {"curve", "curves"} & (reads | constants) or own and "price_usd" in reads:
                found.add(node.name)
    return found


@pytest.mark.parametrize("path", AGENT_FILES, ids=lambda path: path.stem)
def test_agents_read_futures_prices_in_the_futures_market_only(path):
    assert readers_of_the_curve(tree_of(path), own=True) <= {"futures", "fund_exposure"}


def may_read_the_curve(path: Path) -> bool:
    """Finance, hedgers with schedules and records, the view (where the links read it), and those who lead the day."""
    place = path.relative_to(SIM)
    named = {"board.py", "view.py", "economy.py", "behaviours/hedging.py", "behaviours/own_hedge.py"}
    return place.parts[0] in FINANCE or place.as_posix() in named


@pytest.mark.parametrize("path", sorted(SIM.rglob("*.py")), ids=name_of)
def test_only_finance_and_the_view_read_the_curve(path):
    assert may_read_the_curve(path) or not readers_of_the_curve(tree_of(path))


def test_the_view_has_one_reader_for_the_links():
    assert "curve_gap" in readers_of_the_curve(tree_of(SIM / "view.py"))


PHYSICAL_FILES = sorted(path for place in PHYSICAL | {"behaviours", "nature", "shocks"} for path in
                        (SIM / place).glob("*.py")
                        if path.stem not in {"__init__", "hedging", "own_hedge"})  # fmt: skip


@pytest.mark.parametrize("path", PHYSICAL_FILES, ids=name_of)
@pytest.mark.parametrize(
    "read", ["view.today.curve.price_usd[0]", "getattr(view.today, 'curve')", "view.curve('ice')", "view.today.curves"]
)
def test_a_read_of_the_curve_planted_anywhere_on_the_physical_side_is_found(path, read):
    planted = path.read_text("utf-8") + f"\n\ndef planted(view):\n    return {read}\n"
    assert readers_of_the_curve(ast.parse(planted)) == {"planted"}
    assert not may_read_the_curve(path)


def departments_in(tree: ast.AST) -> set[str]:
    return {module.split(".")[1] for module in imports(tree) if module.startswith("sim.")} & DEPARTMENTS


@pytest.mark.parametrize("path", sorted(SIM.rglob("*.py")), ids=name_of)
def test_departments_are_strangers(path):
    """What is physical, what is traded on the exchange and credit know nothing of each other; funds know the exchange.

    `TYPE_CHECKING` hides nothing here.
    """
    home = path.relative_to(SIM).parts[0]
    if home in DEPARTMENTS:
        assert departments_in(tree_of(path)) - {home} <= ALLOWED.get(home, set())


def test_the_bar_between_departments_can_fail():
    planted = "if TYPE_CHECKING:\n    from sim.exchange.venue import Venue\ndef f():\n    import sim.credit.loans"
    assert departments_in(ast.parse(planted)) == {"exchange", "credit"}


def test_every_window_of_a_view_is_filled_from_the_first_day_on():
    from tests.worlds import ran

    for view in ran(1, "notes=default", "funds=leveraged").register.views:
        for name in vars(View):
            if isinstance(vars(View)[name], property):
                getattr(view, name)


def test_agents_hold_no_state_of_others_between_days():
    """What an agent keeps on itself is numbers, or records of them: beliefs and own work, not views or other agents."""
    from tests.worlds import ran

    def plain(value: object) -> bool:
        if dataclasses.is_dataclass(value):
            return all(plain(inner) for inner in vars(value).values())
        if isinstance(value, (list, tuple)):
            return all(plain(inner) for inner in value)
        if isinstance(value, np.ndarray):
            return value.dtype.kind in "bif"
        return isinstance(value, (int, float, str, type(None)))

    for agent in ran(40).register.people:
        own = {key: value for key, value in vars(agent).items() if key not in {"model", "p", "pos", "unique_id"}}
        for key, value in own.items():
            if not key.startswith("_"):
                assert plain(value), f"{agent.name}.{key} is {value!r}"


def in_the_locales_encoding(tree: ast.AST) -> list[str]:
    """Calls that read or write text without saying in which encoding."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            words = [value.value for value in node.args if isinstance(value, ast.Constant)]
            binary = any(isinstance(word, str) and set(word) <= set("rwaxb+") and "b" in word for word in words)
            of_files = name in {"read_text", "write_text"} or (name in {"open", "fdopen"} and not binary)
            library = ast.unparse(node.func) in {"os.open", "tarfile.open"}
            if of_files and not library and "encoding" not in {keyword.arg for keyword in node.keywords}:
                found.append(ast.unparse(node))
    return found


OURS = [
    path
    for folder in (SIM, AGENTS, SIM.parent / "experiments", SIM.parent / "configs")
    for path in folder.rglob("*.py")
]


@pytest.mark.parametrize("path", sorted(OURS), ids=name_of)
def test_text_is_in_utf8_whatever_the_locale(path):
    assert in_the_locales_encoding(tree_of(path)) == []


@pytest.mark.parametrize("text", ["path.read_text()", "open(name)", "file.open('w')", "path.write_text(x)"])
def test_the_bar_on_the_locales_encoding_can_fail(text):
    assert in_the_locales_encoding(ast.parse(text))
    assert not in_the_locales_encoding(ast.parse("file.open('rb'); path.read_text(encoding='utf-8')"))


def test_the_economy_holds_departments_and_little_else():
    """At most twenty things of its own: what belongs to a market is its department's."""
    import mesa

    from tests.worlds import ran

    economy = ran(1, "notes=default", "funds=leveraged")
    own = set(vars(economy)) - set(vars(mesa.Model()))
    assert len(own) <= 20, sorted(own)
    assert {id(part) for part in economy.departments} <= {id(vars(economy)[name]) for name in own}
