"""The documentation is built as `make docs` builds it: every link leads somewhere, and pages say what the code says."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.parameters import default_world
from experiments.protocol import SUBJECTS, odd, sections_of, shocks, subject_page, subjects
from sim.economy import Economy
from sim.roles import PROMISES
from sim.rules import rents

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_site_is_built_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    made = {path.parent.name for path in (tmp_path / "site").glob("**/index.html")}
    assert {"odd", "limits", "citing", *(page.stem for page in ROOT.glob("docs/tutorials/*.md")), *SUBJECTS} <= made


def test_the_schedule_is_the_one_of_the_day() -> None:
    lines = sections_of(odd())["Process overview and scheduling"].splitlines()
    names = [line.split("`")[1] for line in lines if line[:1].isdigit()]
    code = inspect.getsource(Economy.step)
    places = [code.index(f"self.{name}(") for name in names]
    assert places == sorted(places)
    assert {"meet_shocks", "rent_hours", "close_futures", "credit.service", "close_the_day"} <= set(names)


def test_every_role_is_listed_with_what_it_promises() -> None:
    lines = [line for line in odd().split("### Roles")[1].split("###")[0].splitlines() if line.startswith("| `")]
    assert [line.split("`")[1].split("(")[0] for line in lines] == list(PROMISES)
    assert "capital_ratio" in next(line for line in lines if "room_usd" in line)


def test_a_subject_has_its_rules_and_every_parameter_is_on_a_page() -> None:
    known = subjects()
    assert inspect.getdoc(rents.annuity) in subject_page(known["contracts"])
    told = "".join([*map(subject_page, known.values()), shocks()])
    assert [default.key for default in default_world() if f"`{default.key}`" not in told] == []
    rules = [f"`sim/rules/{path.name}`" for path in ROOT.glob("sim/rules/[a-z]*.py")]
    assert [rule for rule in rules if rule not in told] == []
    assert [path.stem for path in ROOT.glob("configs/shocks/*.yaml") if f"| `{path.stem}` |" not in told] == []
