"""The page of columns is what the code writes."""

from experiments.analyse.effects import COLUMNS
from experiments.columns import EFFECTS, MOMENTS, PAGE, page
from experiments.kinds.moments import schema


def test_the_page_of_columns_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m experiments.columns"


def test_the_page_names_every_column_of_effects_and_moments() -> None:
    assert ", ".join(name for name, _, _ in EFFECTS[:-1]).split(", ") == list(COLUMNS)
    assert ", ".join(name for name, _, _ in MOMENTS).split(", ") == schema().names
