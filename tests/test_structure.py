"""The source's structure: small classes, no circles of imports, no crowded folders, plug-ins that nobody imports."""

import ast
import re

from tests.structure import (
    PACKAGES,
    ROOT,
    attributes_by_class,
    attributes_of,
    circles_of_files,
    importers_of_departments,
    importers_of_plug_ins,
    is_parameters,
    modules_by_folder,
)

ATTRIBUTES, MODULES_A_FOLDER, KNOW_A_DEPARTMENT, KNOW_A_PLUG_IN = 20, 10, 4, 1
LARGER = {  # with the reason
    "sim/environment.py:Environment": "all that shocks may change, a field a kind: they are read by many departments",
    "sim/credit/terms.py:Loan": "all terms of loans, a field a key of the YAML",
    "sim/exchange/terms.py:VenueTerms": "all terms of a venue, a field a key of the YAML",
    "sim/spec.py:Spec": "the sections of a world's configuration, a field a section",
    "experiments/results.py:Design": "what statistics need to know of a study, a field a fact",
    "experiments/lab/bench/mesa_hourly.py:HourlyMarket": "holds what the kernel it stands in for is given, by name",
}


def test_no_class_holds_more_than_twenty_attributes_but_records_of_parameters() -> None:
    held = attributes_by_class(*PACKAGES)
    assert {cls for cls, own in held.items() if len(own) > ATTRIBUTES and not is_parameters(cls)} == set(LARGER)


def test_attributes_are_counted() -> None:
    [cls] = ast.parse("class A:\n    x: int\n    def f(self):\n        self.y, other.z = self.w, 1\n").body
    assert set(attributes_of(cls)) == {"x", "y"}


def test_no_two_files_import_each_other_in_a_circle() -> None:
    assert circles_of_files() == []


def test_few_files_of_the_world_know_a_department() -> None:
    known = importers_of_departments()
    assert len(known) == 9
    assert {name: by for name, by in known.items() if len(by) > KNOW_A_DEPARTMENT} == {}


def test_agents_shocks_kinds_executors_and_metrics_are_found_and_not_imported() -> None:
    known = importers_of_plug_ins()
    assert {"agents.ai_lab", "sim.shocks.outage", "experiments.kinds.paired"} <= set(known)
    assert {name: by for name, by in known.items() if len(by) > KNOW_A_PLUG_IN} == {}


def test_no_folder_of_the_experiments_is_crowded() -> None:
    crowded = {folder: held for folder, held in modules_by_folder("experiments").items() if held > MODULES_A_FOLDER}
    assert crowded == {}


def test_the_map_names_every_department_and_every_folder_of_the_experiments() -> None:
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8").partition("## Where things live")[2]
    named = {name for row in text.splitlines() if row.startswith("| `") for name in re.findall("`([a-z]+)`", row[:40])}
    departments = {path.parent.name for path in (ROOT / "sim").glob("*/department.py")}
    folders = {path.parent.name for path in (ROOT / "experiments").glob("*/__init__.py")}
    assert named == departments | folders
