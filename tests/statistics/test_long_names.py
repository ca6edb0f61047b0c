"""Figures hold names of any length: what is too wide is broken or shortened, and nothing runs out of the picture."""

import itertools
import warnings
from pathlib import Path

import pandas as pd
import pytest
import yaml

from experiments.analyse.effects import write_effects
from experiments.plots import style
from experiments.plots.fit import MOST_LINES
from experiments.report import draw
from experiments.results import FORK, Results
from tests.statistics.conftest import ARMS, write_folder

LETTERS = {arm: "a" * 240 + str(number) for number, arm in enumerate(ARMS)}
WORDS = {arm: f"renters_and_landlords_hedge_and_{arm}_with_all_links_on" for arm in ARMS}
SHOCK = "+".join(["hormuz_helium"] * 13)


def rename(folder: Path, arms: dict[str, str], shock: str) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    study = config["study"]
    study["arms"] = {arms[arm]: entries for arm, entries in study["arms"].items()}
    study |= {"baseline": arms[study["baseline"]], "shocks": {shock: ["pool_outage"]}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    for path in [folder / "runs.parquet", *(folder / "paths").iterdir()]:
        table = pd.read_parquet(path)
        plain = table["arm"].str.removesuffix(FORK)
        table["arm"] = plain.map(arms) + table["arm"].where(table["arm"] != plain, "").str.slice(-len(FORK))
        table["shock"] = table["shock"].replace("pool_outage", shock)
        table.to_parquet(path, index=False)


@pytest.fixture(params=[pytest.param(LETTERS, marks=pytest.mark.slow), WORDS], ids=["letters", "words"])
def plots(request: pytest.FixtureRequest, tmp_path: Path) -> list[style.Plot]:
    folder = write_folder(tmp_path / "out", seeds=3, failed=0)
    rename(folder, request.param, SHOCK)
    write_effects(folder)
    with style.house_style(), warnings.catch_warnings():
        warnings.simplefilter("error")
        plots = list(draw.plots(Results(folder)))
        for plot in plots:
            style.settle(plot.figure)
    return plots


def test_nothing_runs_out_of_a_figure_and_titles_do_not_meet(plots: list[style.Plot]) -> None:
    assert len(plots) == 9
    for plot in plots:
        edge = plot.figure.bbox.width + 1.0
        boxes = []
        for axes in plot.figure.axes:
            assert axes.get_position().width > 0.2, plot.name
            titles = [axes.title, axes._left_title, axes._right_title]
            boxes += [title.get_window_extent() for title in titles if title.get_text()]
            labels = [label.get_window_extent() for label in axes.get_yticklabels() if label.get_text()]
            assert all(box.x0 >= -1.0 for box in labels), plot.name
            assert all(title.get_text().count("\n") < MOST_LINES for title in titles), plot.name
        boxes += [legend.get_window_extent() for legend in plot.figure.legends]
        assert all(box.x0 >= -1.0 and box.x1 <= edge for box in boxes), plot.name
        assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2)), plot.name


def test_a_figure_of_plain_names_keeps_its_size() -> None:
    with style.house_style():
        figure, axes = style.panels(1, 2)
        axes[0, 0].set_title("both − no finance")
        style.settle(figure)
        assert figure.get_figheight() == 2.2
        long, axes = style.panels(1, 2)
        axes[0, 0].set_title("a name that is much too long for one line of a figure − another as long")
        style.settle(long)
        assert long.get_figheight() > 2.2
