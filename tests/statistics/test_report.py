"""The figures and the report of a result folder."""

import logging
import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.analyse.effects import write_effects
from experiments.analyse.stats import seeds_for
from experiments.plots import style
from experiments.plots.style import median_interval
from experiments.report import answer, draw
from experiments.report.figures.effects import arms
from experiments.report.figures.paths import impulse_response
from experiments.report.page import counts, families, write_report
from experiments.results import Design, Results
from experiments.wording import digits, in_quotes, metric_label, p_words, the_shock

NAMES = {
    "arms_none", "arms_pool_outage",
    "rent_paths_pool_outage", "impulse_response_pool_outage", "forest_pool_outage", "forest_arms", "fleet",
    "fleet_pool_outage", "futures_pool_outage",
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(folder: Path) -> list[style.Kept]:
    write_effects(folder)
    return draw.draw_figures(folder)


@pytest.fixture(scope="module")
def drawn(folder: Path, kept: list[style.Kept]) -> list[Path]:
    return [folder / "figures" / f"{plot.name}.png" for plot in kept]


@pytest.fixture(scope="module")
def figures(folder: Path) -> list[style.Plot]:
    write_effects(folder)
    with style.house_style():
        plots = list(draw.plots(Results(folder)))
        for plot in plots:
            style.settle(plot.figure)
    return plots


@pytest.fixture(scope="module")
def page(folder: Path, kept: list[style.Kept]) -> str:
    return write_report(folder, drawn=kept).read_text()


def test_every_figure_is_kept_as_png_and_pdf_at_column_width(folder: Path, drawn: list[Path]) -> None:
    assert {path.stem for path in drawn} == NAMES
    assert {path.stem for path in (folder / "figures").glob("*.pdf")} == NAMES
    from matplotlib.image import imread

    assert all(imread(path).shape[1] == 700 for path in drawn)  # 3.5 in at 200 dpi


def test_figures_are_the_same_bytes_every_time(tmp_path: Path, drawn: list[Path], figures: list[style.Plot]) -> None:
    with style.house_style():
        for plot in figures[:3:2]:
            style.save(plot, tmp_path)
    for again in tmp_path.iterdir():
        assert again.read_bytes() == (drawn[0].parent / again.name).read_bytes()


def test_every_axis_says_what_and_in_which_unit(figures: list[style.Plot]) -> None:
    for plot in figures:
        for axes in plot.figure.axes:
            said = [axes.get_xlabel(), axes.get_ylabel(), axes.get_title(), axes.get_title(loc="left")]
            shared = [text.get_text() for text in (plot.figure._supxlabel, plot.figure._supylabel) if text]
            assert any([*said, *shared]), plot.name
        assert len(plot.caption) > 60


def test_no_tick_label_lies_over_its_neighbour(figures: list[style.Plot]) -> None:
    for plot in figures:
        renderer = plot.figure._get_renderer()
        for axes in plot.figure.axes:
            lower, upper = sorted(axes.get_xlim())
            ticks = [tick for tick in axes.get_xticklabels() if tick.get_text() and tick.get_visible()]
            inside = [tick for tick in ticks if lower <= tick.get_position()[0] <= upper]
            boxes = sorted((tick.get_window_extent(renderer) for tick in inside), key=lambda box: box.x0)
            assert all(left.x1 < right.x0 for left, right in zip(boxes, boxes[1:], strict=False)), plot.name


def test_a_figure_without_its_data_is_left_out_with_a_line(
    summary_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_effects(summary_folder)
    with caplog.at_level(logging.INFO):
        names = {plot.name for plot in draw.draw_figures(summary_folder)}
    assert names == {"forest_pool_outage", "forest_arms"}
    assert "no figure fleet: days were not recorded" in caplog.text


@pytest.mark.slow
def test_the_report_is_one_file_with_the_same_bytes_every_time(folder: Path, page: str) -> None:
    assert write_report(folder).read_text() == page  # of figures that are drawn again
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""(src|href)=["']?(https?:)?//|<script|<link|@import|url\((?!#)""", markup)
    assert "<script src" not in page
    assert len(page) < 8_000_000
    assert page.count("<figure ") == len(NAMES)
    ids = re.findall(r'<figure id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_report_opens_with_the_question_and_answers_in_words(folder: Path, page: str) -> None:
    question = page.index("<h1>What does a 30-day outage of 15 % of capacity do")
    said = answer.sentences(Results(folder))
    assert (
        question
        < page.index("Without any shock and against “no finance”: rent volatility +0.206")
        < page.index("<table>")
    )
    assert said[0].startswith("Without any shock and against “no finance”: rent volatility +0.206 [+0.195")
    assert any(
        re.match(
            r"At its peak, the shock “pool outage” moved the H100 rent by \+1\d\.\d % \[\+.*\] "
            r"on its day \d+ with “no finance”",
            sentence,
        )
        for sentence in said
    )
    assert any(sentence.startswith("Unserved GPU-hours: +108,000") for sentence in said)
    assert any("Defaults: unchanged by the shock “pool outage”" in sentence for sentence in said)
    assert "1 run is missing" in " ".join(page.split())
    assert "ValueError: made up" in page


@pytest.mark.slow
def test_a_sweep_is_drawn_at_its_first_point_and_against_its_values(tmp_path: Path) -> None:
    days = pd.DataFrame({"day": np.arange(20), "rent_h100_usd_per_gpu_hour": 2.0, "rent_path_usd_per_ve_hour": 1.0})
    (tmp_path / "paths").mkdir()
    rows = []
    for number, (shock, seed, value) in enumerate(
        (k, s, v) for k in ("none", "cut") for s in (1, 2) for v in (3.0, 8.0)
    ):
        keys = {"arm": "base", "shock": shock, "seed": seed, "spot.convexity": value}
        days.assign(**keys, rent_h100_usd_per_gpu_hour=value).to_parquet(tmp_path / "paths" / f"{number}.parquet")
        rows.append(
            keys | {"key": str(number), "status": "ok", "error": "", "defaults": seed * value * (shock == "cut")}
        )
    pd.DataFrame(rows).to_parquet(tmp_path / "runs.parquet")
    (tmp_path / "config.yaml").write_text(
        "study: {name: s, arms: {base: []}, shocks: {cut: [cut]}, sweep: {spot.convexity: [3.0, 8.0]},\n"
        "  event: {start_day: 5, end_day: 9}, endpoints: [defaults]}\nseeds: [1, 2]\ndays: 20\n"
    )
    write_effects(tmp_path)
    rent = "rent_h100_usd_per_gpu_hour"
    assert set(Results(tmp_path).paths([rent]).frame()[rent]) == {3.0, 8.0}
    assert set(Results(tmp_path).first_paths([rent])[rent]) == {3.0}
    names = {plot.name for plot in draw.draw_figures(tmp_path)}
    assert names >= {"along_cut", "along_none", "sweep_cut", "rent_paths_cut", "forest_cut"}
    page = write_report(tmp_path).read_text()
    assert "first swept point (spot.convexity = 3)" in page
    assert "Along spot.convexity, no endpoint at 8 is distinguishable from that at 3 (" in page
    assert "after Holm over the answer" in page
    assert "<h2>Along spot.convexity</h2>" in page


def test_a_study_with_arms_says_first_what_arms_change_and_draws_each_against_the_baseline(folder: Path) -> None:
    write_effects(folder)
    results = Results(folder)
    moved = results.effects.copy()
    calm = (moved["metric"] == "defaults") & (moved["shock"] == "none") & (moved["arm"] == "loans")
    moved.loc[moved["arm"] != moved["baseline"], "p_holm"] = 1.0
    moved.loc[calm, ["estimate", "low", "high", "p", "p_holm"]] = [2.0, 1.0, 3.0, 0.001, 0.01]
    vars(results)["effects"] = moved
    first = answer.sentences(results)[0]
    expected = "Without any shock and against “no finance”: defaults +2.00 [+1.00, +3.00] with “loans”."
    assert first == expected.replace("3.00]", "3.00] firms")
    moved.loc[calm, "p_holm"] = 0.5
    assert answer.sentences(results)[0].startswith(
        "Without any shock, no arm can be told from “no finance” in any endpoint, among the answer's 35 comparisons"
    )
    with style.house_style():
        drawn = {plot.name: plot.figure for plot in arms.draw(results)}
    titles = [panel.get_title(loc="left") for panel in drawn["arms_none"].axes]
    assert titles[::2] == ["loans − no finance", "futures − no finance", "both − no finance"]
    line = drawn["arms_pool_outage"].axes[0].get_lines()[-1].get_ydata()
    paths = results.paths(["rent_h100_usd_per_gpu_hour"]).frame()
    log = (
        np.log(paths["rent_h100_usd_per_gpu_hour"]).groupby([paths[k] for k in ("arm", "shock", "day", "seed")]).last()
    )
    apart = 100 * (log["loans", "pool_outage"] - log["no_finance", "pool_outage"]).unstack().median(axis=1)
    assert np.allclose(line, apart.loc[40:].to_numpy()[: len(line)])


def test_responses_of_arms_stand_in_panels_of_their_own(figures: list[style.Plot]) -> None:
    (figure,) = (plot.figure for plot in figures if plot.name == "impulse_response_pool_outage")
    with_lines = [sum(len(line.get_xdata()) > 2 for line in panel.get_lines()) for panel in figure.axes]
    assert with_lines == [1] * 8  # the baseline and three differences, own history and forked


def test_an_arm_that_never_met_the_shock_is_not_drawn_as_no_difference(folder: Path) -> None:
    results = Results(folder)
    vars(results)["design"] = replace(results.design, arms=("no_finance", "calm_only"))
    with style.house_style():
        (plot,) = impulse_response.draw(results)
    _, apart = plot.figure.axes
    assert not apart.get_lines()
    assert [text.get_text() for text in apart.texts] == ["did not run"]


def test_arms_that_fared_alike_are_named_together() -> None:
    parts = [("+1", "no_finance"), ("+2", "loans"), ("+1", "futures")]
    assert answer.by_arm(parts) == "+1 with “no finance” and “futures”; +2 with “loans”"


def test_a_report_needs_no_recorded_days(summary_folder: Path) -> None:
    write_effects(summary_folder)
    page = write_report(summary_folder).read_text()
    assert "fewer than 8 seeds" in page
    assert "H100 rent by" not in page


def test_a_study_that_compares_nothing_still_has_a_report(tmp_path: Path) -> None:
    runs = pd.DataFrame({"key": ["a"], "arm": ["base"], "shock": ["none"], "seed": [1], "status": ["ok"], "error": [""],
                         "defaults": [0.0]})  # fmt: skip
    runs.to_parquet(tmp_path / "runs.parquet")
    (tmp_path / "config.yaml").write_text("study: {name: trial, arms: {base: []}}\nseeds: [1]\ndays: 10\n")
    write_effects(tmp_path)
    assert "This study compares nothing" in write_report(tmp_path).read_text()


def test_failed_runs_are_counted_and_not_analysed(folder: Path, drawn: list[Path]) -> None:
    found = {(arm, shock): (finished, failed) for arm, shock, finished, failed in counts(Results(folder))}
    assert found["no finance", "none"] == (11, 1)
    assert found["no finance (forked)", "pool outage"] == (12, 0)


def test_arms_keep_their_colour_and_no_two_of_them_share_colour_and_dashes() -> None:
    design = Design(arms=("a", "b", "c", "d", "e", "a@fork"))
    looks = [(style.colour(design, arm), str(style.dashes(design, arm))) for arm in design.whole_arms]
    assert len(set(looks)) == 5
    assert style.colour(design, "a@fork") == style.colour(design, "a")
    assert style.colour(replace(design, arms=("a", "b")), "b") == style.colour(design, "b")


def test_the_interval_of_the_median_covers_it() -> None:
    values = np.random.Generator(np.random.Philox(3)).normal(size=(800, 24))
    low, high = median_interval(values)
    assert 0.93 <= np.mean((low <= 0) & (high >= 0)) <= 0.99
    few = values[:3, :4]
    low, high = median_interval(few)
    np.testing.assert_array_equal(low, few.min(axis=1))
    np.testing.assert_array_equal(high, few.max(axis=1))


def test_days_on_which_no_seed_has_a_value_are_gaps_in_a_band_and_raise_no_warning() -> None:
    values = np.array([[np.nan, np.nan, np.nan], [1.0, np.nan, 3.0], [1.0, 2.0, 6.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = style.over_seeds(values, [0.0, 0.5])
        nothing = style.over_seeds(np.full((2, 3), np.nan), [0.5])
    np.testing.assert_array_equal(found, [[np.nan, 1.0, 1.0], [np.nan, 2.0, 2.0]])
    assert np.isnan(nothing).all()


def test_numbers_are_printed_with_three_digits_and_units_in_words() -> None:
    assert [digits(x) for x in (0.0, 1.0, 12.345, 1234.5, 2_340_000.0, 4.4e9, 0.000123)] == [
        "0", "1.00", "12.3", "1,230", "2.34 m", "4.40 bn", "1.23×10⁻⁴",
    ]  # fmt: skip
    assert digits(-0.5, signed=True) == "−0.500"
    assert digits(float("nan")) == "–"
    assert [p_words(p) for p in (0.0001, 0.0312, 1.0, None)] == ["< .001", ".031", "1", "–"]
    assert metric_label("made_up_usd_per_gpu_hour") == "Made up ($/GPU-hour)"


def test_a_study_whose_runs_all_failed_says_so_and_shows_no_figure(tmp_path: Path) -> None:
    runs = pd.DataFrame({"key": ["a", "b"], "arm": ["x", "y"], "shock": "none", "seed": 1, "status": "failed",
                         "error": "BrokenLaw: cash", "defaults": [None, None]})  # fmt: skip
    runs.to_parquet(tmp_path / "runs.parquet")
    (tmp_path / "config.yaml").write_text("study: {name: trial, arms: {x: [], y: []}}\nseeds: [1]\ndays: 10\n")
    write_effects(tmp_path)
    page = write_report(tmp_path).read_text()
    assert page.count("BrokenLaw: cash") == 2
    assert "<figure" not in page
    assert Results(tmp_path).effects["estimate"].dtype == float


def test_neutrality_and_moments_are_answered_in_words(tmp_path: Path) -> None:
    runs = pd.DataFrame({"key": ["a"], "arm": ["x"], "shock": "none", "seed": 1, "status": "ok", "error": ""})
    runs.to_parquet(tmp_path / "runs.parquet")
    write_effects(tmp_path)
    (tmp_path / "config.yaml").write_text("study: {kind: neutrality}")
    checks = pd.DataFrame({"column": ["rent", "orders"], "max_abs_difference": [0.0, 0.0], "identical": [True, True]})
    checks.to_parquet(tmp_path / "neutrality.parquet")
    assert answer.sentences(Results(tmp_path))[0].startswith("Neutral: all 2 series")
    checks.assign(identical=[True, False]).to_parquet(tmp_path / "neutrality.parquet")
    assert answer.sentences(Results(tmp_path))[0] == (
        "Not neutral: 1 of 2 series of the spot side differ between arms: orders."
    )
    rows = pd.DataFrame({"moment": ["q_mean", "growth"], "low": [1.0, 0.1], "high": [1.2, 0.2], "obtained": [1.1, 0.3],
                         "inside": [True, False]})  # fmt: skip
    rows.to_parquet(tmp_path / "moments.parquet")
    (tmp_path / "config.yaml").write_text("study: {kind: moments}")
    said = answer.sentences(Results(tmp_path))
    assert said == [
        "1 of 2 moments lie in the band the real market suggests.", "Growth misses: 0.300 against 0.1 to 0.2."
    ]  # fmt: skip


@pytest.mark.slow
def test_names_of_ones_own_stand_in_quotes_whatever_words_they_are(figures: list[style.Plot]) -> None:
    assert the_shock("out") == "the shock “out”"
    assert in_quotes("without") == "“without”"
    captions = " ".join(plot.caption for plot in figures)
    assert "the shock “pool outage”" in captions
    assert "the pool outage" not in captions
    assert "against no finance" not in captions


def test_a_band_of_few_seeds_is_not_called_a_share_of_them() -> None:
    assert style.band_words(16) == "the middle 80 % of seeds"
    assert style.band_words(4).startswith("from the 10 % to the 90 % quantile of 4 seeds, interpolated")


def test_what_the_interval_says_and_what_the_family_says_are_told_apart(folder: Path) -> None:
    write_effects(folder)
    results = Results(folder)
    moved = results.effects.copy()
    mine = (moved["metric"] == "unserved_gpu_hours") & (moved["arm"] == moved["baseline"]) & (moved["n"] > 1)
    moved.loc[mine, ["estimate", "low", "high", "p", "p_holm"]] = [2.0, 1.0, 3.0, 0.02, 0.4]
    vars(results)["effects"] = moved
    family = moved.loc[mine & moved["family"].notna(), "family"].iloc[0]
    size = int(((moved["family"] == family) & moved["p"].notna()).sum())
    said = [sentence for sentence in answer.sentences(results) if sentence.startswith("Unserved GPU-hours")]
    apart = f"each interval leaves out zero by itself, but among the answer's {size} comparisons (Holm) none"
    assert size > 1
    assert said
    assert all(apart in sentence for sentence in said)


def test_a_study_too_small_for_its_family_says_how_many_seeds_it_takes(folder: Path) -> None:
    write_effects(folder)
    results = Results(folder)
    moved = results.effects.copy()
    assert not any("seeds are few" in sentence for sentence in answer.few_seeds(results))  # enough as it is
    moved.loc[moved["n"] > 1, "n"] = 4
    moved.loc[moved["p"].notna(), "p_holm"] = 0.5
    vars(results)["effects"] = moved
    (said,) = answer.few_seeds(results)
    size = max(answer.comparisons_in(moved, name) for name in moved["family"].dropna().unique())
    assert said.startswith(
        f"4 seeds are few for {size} comparisons judged together: none can be told from no change unless "
    )
    assert said.endswith(f"; {seeds_for(size)} seeds tell one of 1 standard deviation.")


def test_forked_runs_have_a_sentence_of_their_own(folder: Path) -> None:
    write_effects(folder)
    told = [text for text in answer.sentences(Results(folder)) if text.startswith("Forked from one state, ")]
    assert told
    assert all("shock" in text for text in told)


def test_all_effects_say_what_is_compared_with_what_once_they_are_read_back(folder: Path, drawn: list[Path]) -> None:
    said = {row["what"] for family in families(Results(folder)) for row in family["rows"]}
    assert "no finance: pool outage − none" in said
    assert "loans − no finance, no shock" in said
    assert "loans − no finance, under pool outage (forked)" in said
    assert "response to pool outage: both − no finance" in said
