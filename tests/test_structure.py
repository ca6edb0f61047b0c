"""The source's structure: no circles of imports and no crowded folders, where that is reached."""

import re

from tests.structure import ROOT, circles_of_files, modules_by_folder

MODULES_A_FOLDER = 10
NOT_YET = ("sim.",)  # of circles: its departments are still being taken out of the economy


def test_no_two_files_of_the_experiments_import_each_other() -> None:
    circles = circles_of_files()
    assert [circle for circle in circles if not all(name.startswith(NOT_YET) for name in circle)] == []


def test_no_folder_of_the_experiments_is_crowded() -> None:
    crowded = {folder: held for folder, held in modules_by_folder("experiments").items() if held > MODULES_A_FOLDER}
    assert crowded == {}


def test_the_map_names_every_department_and_every_folder_of_the_experiments() -> None:
    text = (ROOT / "docs" / "model.md").read_text(encoding="utf-8").partition("## Where things live")[2]
    named = {name for row in text.splitlines() if row.startswith("| `") for name in re.findall("`([a-z]+)`", row[:40])}
    departments = {path.parent.name for path in (ROOT / "sim").glob("*/department.py")}
    folders = {path.parent.name for path in (ROOT / "experiments").glob("*/__init__.py")}
    assert named == departments | folders
