"""The page of a study in a real browser, without a network: its charts answer, and nothing goes wrong on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.analyse.effects import write_effects
from experiments.report.page import write_report
from experiments.results import Results
from tests.browser import CHROMIUM, Page, browser
from tests.statistics.conftest import write_folder

pytest.importorskip("bokeh")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


def drawn(page: Page, chart: str, marks: str, column: str) -> list[object]:
    """A column behind the marks that a chart shows."""
    data = f"document.getElementById('{chart}').drawn.{marks}.data['{column}']"
    plain = "typeof one === 'string' || one.length === undefined ? one : Array.from(one)"
    return list(page.value(f"Array.from({data}, (one) => {plain})"))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_folder(tmp_path_factory.mktemp("browser") / "outage", seeds=3, failed=0)
    write_effects(folder)
    write_report(folder, drawn=[])
    return folder


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize(("width", "touch"), [(1280, False), (390, True)])
def test_charts_answer_what_is_chosen_and_no_error_is_told(out: Path, page: Page, width: int, touch: bool) -> None:
    page.open(out / "report.html", width, touch)
    series = page.value("[...document.getElementById('days-series').options].map((option) => option.text)")
    assert series[0] == "Rent of an H100 ($/GPU-hour)"
    page.choose("days-shock", "1")
    rents = Results(out).paths("rent_h100", shock="pool_outage", arm="both", seed=2).frame()
    named = list(
        zip(drawn(page, "days-chart", "paths", "arm"), drawn(page, "days-chart", "paths", "seed"), strict=True)
    )
    assert len(named) == 4 * 3
    mine = named.index(("both", 2))
    assert drawn(page, "days-chart", "paths", "ys")[mine] == pytest.approx(rents.iloc[:, -1].to_list(), rel=1e-6)
    page.choose("days-view", "shock")
    calm = Results(out).paths("rent_h100", shock="none", arm="both", seed=2).frame()
    apart = drawn(page, "days-chart", "paths", "ys")[mine]
    assert apart == pytest.approx((rents.iloc[:, -1] - calm.iloc[:, -1]).to_list(), abs=1e-6)
    page.value("document.getElementById('days-none').click()")
    assert drawn(page, "days-chart", "paths", "ys") == []
    page.value("[...document.querySelectorAll('#days-arms .chip')].find((one) => one.textContent === 'loans').click()")
    assert set(drawn(page, "days-chart", "paths", "arm")) == {"loans"}

    metrics = page.value("[...document.getElementById('metric-name').options].map((o) => o.text)")
    page.choose("metric-name", str(metrics.index("Unserved GPU-hours")))
    effects = Results(out).effects.query(
        "metric == 'unserved_gpu_hours' and shock == 'pool_outage' and arm == baseline"
    )
    means = drawn(page, "metric-chart", "means", "x")
    assert sorted(means) == pytest.approx(sorted(effects["estimate"]), rel=1e-6)
    page.choose("metric-group", "levels")
    assert len(drawn(page, "metric-chart", "dots", "x")) == 8 * 3
    assert page.value("document.documentElement.scrollWidth") == width
    assert page.errors == []


@pytest.mark.parametrize(("width", "touch"), [(1280, False), (390, True)])
def test_a_tap_or_a_pointer_on_a_path_tells_its_seed_and_value(out: Path, page: Page, width: int, touch: bool) -> None:
    page.open(out / "report.html", width, touch)
    page.value("document.getElementById('days-median').click()")
    page.value("document.getElementById('days-chart').scrollIntoView({block: 'center'})")
    box = page.value("(() => {const b = document.getElementById('days-chart').getBoundingClientRect(); "
                     "return [b.x, b.y, b.width, b.height]})()")  # fmt: skip
    told, down = "", 0.1
    while ", seed " not in told and down < 0.9:
        spot = {"x": box[0] + 0.6 * box[2], "y": box[1] + down * box[3]}
        if touch:
            page.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[spot])
            page.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        else:
            page.ask("Input.dispatchMouseEvent", type="mouseMoved", **spot)
        page.value(f"new Promise((done) => setTimeout(done, {400 if touch else 40}))")
        told, down = page.value("document.getElementById('days-told').textContent"), down + 0.05
    arm, seed, day, value = re.fullmatch(r"(.+), seed (\d), day (\d+): ([\d.]+)", told).groups()
    days = Results(out).paths("rent_h100", shock="pool_outage", seed=int(seed)).frame().query(f"day == {day}")
    [rent] = days.loc[days["arm"] == arm.replace(" ", "_"), "rent_h100_usd_per_gpu_hour"]
    assert float(value) == pytest.approx(rent, rel=1e-3)
    assert page.errors == []


def test_on_a_phone_a_row_keeps_its_name_and_a_choice_is_read_whole(out: Path, page: Page) -> None:
    page.open(out / "report.html", 390, True)
    left = page.value("""[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth
        && !box.querySelector('.verdicts')).map((box) => { box.scrollLeft = 1e6;
        return box.querySelector('td').getBoundingClientRect().left - box.getBoundingClientRect().left; })""")
    assert left
    assert max(map(abs, left)) < 1.0
    wide = page.value("[...document.querySelectorAll('.controls select')].map((one) => one.clientWidth)")
    assert min(wide) > 300
