"""The source's structure: no circles of imports and no crowded folders, where that is reached."""

from tests.structure import circles_of_files, modules_by_folder

MODULES_A_FOLDER = 10
NOT_YET = ("sim.",)  # of circles: its departments are still being taken out of the economy


def test_no_two_files_of_the_experiments_import_each_other() -> None:
    circles = circles_of_files()
    assert [circle for circle in circles if not all(name.startswith(NOT_YET) for name in circle)] == []


def test_no_folder_of_the_experiments_is_crowded() -> None:
    crowded = {folder: held for folder, held in modules_by_folder("experiments").items() if held > MODULES_A_FOLDER}
    assert crowded == {}
