"""Sweeps in all their spellings, the points that a design runs of them, and worlds that are composed once."""

import numpy as np
import pytest
import yaml

from experiments.configuration.compose import as_override, composer
from experiments.configuration.settings import Study, read_settings
from experiments.configuration.sweeps import Drawn, read_sweep, set_aside_sweeps
from experiments.errors import UsageError
from experiments.results import Results
from experiments.run import main
from experiments.study.designs import layout_of
from experiments.study.worlds import Bases
from sim.problems import WrongValue

TINY = ("population=tiny", "days=8", "executor=in_process", "study.endpoints=[rent_level]")


@pytest.mark.parametrize(("said", "values"), [
    ([0.7, 0.8], [0.7, 0.8]), ("0.7:0.9:3", [0.7, 0.8, 0.9]), ("1:5:3", [1, 3, 5]), ("1:8:4:log", [1, 2, 4, 8]),
    ("1:2:3", [1.0, 1.5, 2.0]), ("range(1,5)", [1, 2, 3, 4]), ("range(0.1,0.4,0.1)", [0.1, 0.2, 0.3, 0.4]),
    ("choice(a,b)", ["a", "b"]), ("1,2.5", [1, 2.5]), ("call_auction", ["call_auction"]), (3, [3]),
    ("interval(0,1)", Drawn(low=0.0, high=1.0)), ("int(interval(1,9))", Drawn(low=1, high=9)),
    ("tag(log,interval(0.1,1))", Drawn(low=0.1, high=1.0, scale="log")),
    ({"low": 1, "high": 3}, Drawn(low=1, high=3)), (["normal", 0.5, 0.1], Drawn(low=0.5, high=0.1, law="normal")),
    (["uniform", "pay_as_bid", "posted"], ["uniform", "pay_as_bid", "posted"]),
])  # fmt: skip
def test_a_sweep_reads_alike_in_yaml_and_in_hydras_words(said, values):
    found = read_sweep("a.b", said)
    assert found == values
    assert not isinstance(values, list) or list(map(type, found)) == list(map(type, values))


@pytest.mark.parametrize("said", [
    [], [[1]], "interval(1,1)", {"low": 2, "high": 1}, {"low": 0, "high": 1, "scale": "log"}, {"lo": 0, "high": 1},
    ["normal", 0.5, 0.0], "interval(a,b)", "nonsense(1,2)", [float("nan")], None, "range(5,1)",
])  # fmt: skip
def test_a_sweep_that_cannot_be_is_told(said):
    with pytest.raises(WrongValue):
        read_sweep("a.b", said)


def test_words_that_sweep_keys_of_the_world_are_set_aside_and_no_others():
    words = ["spot.occupancy=0.7,0.8", "spot.convexity=3", "seeds=1,2", "links=on,zero", "a.b='1:2:3'", "a.c=1:2:3"]
    rest, swept = set_aside_sweeps(words, {"links": {}})
    assert swept == {"spot.occupancy": "0.7,0.8", "a.c": "1:2:3"}
    assert rest == words[1:5]


def study(**given):
    return read_settings({"study": {"name": "trial", **given}, "days": 9, "out": "x"}).study


def test_a_grid_combines_and_a_zip_goes_side_by_side():
    sweep = {"a.b": [1, 2], "a.a": [3, 4]}
    assert len(layout_of(study(sweep=sweep), {}).points) == 4
    assert layout_of(study(sweep=sweep, design="zip"), {}).points == [
        (("a.a", 3), ("a.b", 1)),
        (("a.a", 4), ("a.b", 2)),
    ]


@pytest.mark.parametrize(("given", "said"), [
    ({"design": "zip", "sweep": {"a.a": [1, 2], "a.b": [1, 2, 3]}}, "a.b has 3: a zip takes lists of one length"),
    ({"design": "zip", "sweep": {"a.a": [1, 1], "a.b": [2, 2]}}, "stands at two places of a zip"),
    ({"design": "sobl"}, "study.design = 'sobl': must be one of grid, .*; did you mean sobol?"),
    ({"design": "sobol", "points": 6, "sweep": {"a.a": {"low": 0, "high": 1}}}, "power of two for sobol, such as 4 or"),
    ({"design": "morris", "levels": 5, "sweep": {"a.a": {"low": 0, "high": 1}}}, "study.levels = 5: must be even"),
    ({"design": "latin_hypercube"}, "must say what a latin_hypercube draws"),
    ({"points": 5, "sweep": {"a.a": [1]}}, "study.points = 5: cannot be set for a grid"),
    ({"sweep": {"a.a": {"low": 0, "high": 1}}}, "says no values, which a grid takes: 0:1:5"),
])  # fmt: skip
def test_a_design_that_cannot_be_is_told_by_key(given, said):
    with pytest.raises(UsageError, match=said):
        study(**given)


def drawn(design, points, **sweep):
    pytest.importorskip("SALib")
    asked = study(design=design, points=points, sweep={f"a.{key}": said for key, said in sweep.items()})
    return layout_of(asked, {"a.whole": True})


def test_a_latin_hypercube_has_one_point_in_each_part_and_its_seed_draws_it_again():
    first, again = (drawn("latin_hypercube", 16, a="interval(0,1)", b="tag(log,interval(1,100))") for _ in range(2))
    assert first.rows == again.rows
    for key, scale in (("a.a", lambda v: v), ("a.b", lambda v: np.log(v) / np.log(100.0))):
        shares = [scale(dict(point)[key]) for point in first.rows]
        assert sorted(int(share * 16) for share in shares) == list(range(16))


def test_sobols_layout_changes_one_key_at_a_time_and_whole_keys_hit_whole_levels():
    layout = drawn("sobol", 8, a="interval(0,1)", whole="interval(2,5)", kind="x,y,z")
    assert len(layout.rows) == 8 * 5
    base, changed = dict(layout.rows[0]), dict(layout.rows[2])
    assert layout.marks["matrix"][:3] == ["A", "B:a.a", "B:a.whole"]
    assert {key for key in base if base[key] != changed[key]} <= {"a.whole"}
    assert {dict(point)["a.whole"] for point in layout.rows} == {2, 3, 4, 5}
    assert {dict(point)["a.kind"] for point in layout.rows} == {"x", "y", "z"}
    assert len(layout.points) <= len(layout.rows)


def test_a_design_of_morris_steps_between_whole_numbers_or_says_where_to_end():
    layout = drawn("morris", 4, a="interval(0,1)", whole="interval(1,4)")
    assert {dict(point)["a.whole"] for point in layout.rows} <= {1, 2, 3, 4}
    with pytest.raises(UsageError, match=r"study.sweep.a.whole = 1 to 5.*4 levels must hit: end at 4"):
        drawn("morris", 4, a="interval(0,1)", whole="interval(1,5)")
    with pytest.raises(UsageError, match="give an interval between two of them"):
        drawn("sobol", 4, a="interval(0,1)", whole="interval(0.5,4)")


def test_laws_are_drawn_by_their_quantiles():
    normal, lognormal = (
        np.array([dict(point)["a.a"] for point in drawn("latin_hypercube", 400, a=law).rows])
        for law in (["normal", 5.0, 2.0], ["lognormal", 3.0, 0.5])
    )
    assert (normal.mean(), normal.std()) == pytest.approx((5.0, 2.0), abs=0.05)
    assert (np.median(lognormal), np.log(lognormal).std()) == pytest.approx((3.0, 0.5), abs=0.05)


@pytest.mark.parametrize("point", [
    (("spot.occupancy", 0.83),), (("agents.renter.count", 4), ("spot.convexity", 3)),
    (("shocks.fleet_outage.size", 0.2),),
    (("links", "on"), ("links.curve_to_capex", 0.4)), (("venues.main.mechanism", "limit_order_book"),),
    (("world.start_date", "2026-03-01"),),
])  # fmt: skip
def test_a_world_whose_values_are_set_is_the_one_that_hydra_composes(point):
    asked, shocks = ["population=tiny", "links.curve_to_capex=1.0", "spot.convexity=6"], "shocks=[fleet_outage]"
    with composer() as opened:
        found = Bases(opened).world(asked, shocks, point, "")
        words = [*asked, *(as_override(key, value) for key, value in point), shocks]
        assert found == opened.world(words)
        first = Bases(opened)
        assert first.world(asked, shocks, point[:1], "") == opened.world([*asked, as_override(*point[0]), shocks])


def test_a_study_of_a_drawn_design_runs_pairs_at_all_points_and_keeps_its_layout(tmp_path, capsys):
    out = tmp_path / "out"
    words = [*TINY, f"out={out}", "seeds=2", "spot.occupancy=interval(0.7,0.9)", "spot.convexity=3,5",
             "study.design=latin_hypercube", "study.points=4", "study.arms={a: [], b: [\"loan=off\"]}"]  # fmt: skip
    assert main(words) == 0
    results = Results(out)
    assert len(results.runs) == 2 * 2 * 4
    design = results.table_if_any("design.parquet")
    assert list(design["point"]) == [0, 1, 2, 3]
    assert set(design["spot.occupancy"]) == set(results.runs["spot.occupancy"])
    assert set(design["spot.convexity"]) == {3.0, 5.0}
    effects = results.effects[results.effects["n"] > 0]
    assert set(effects["n"]) == {2}
    means = results.runs.groupby(["arm", "seed"])["rent_level"].mean().unstack("arm")
    row = effects[(effects["metric"] == "rent_level") & (effects["arm"] == "b")].iloc[0]
    assert row["estimate"] == pytest.approx((means["b"] - means["a"]).mean())
    assert row["estimate"] != 0.0
    assert "means over the 4 points of a latin hypercube design" in (out / "report.html").read_text(encoding="utf-8")
    assert "16 of them stored already" in (main(words), capsys.readouterr().out)[1]


def test_a_zip_compares_its_points_with_the_first(tmp_path):
    out = tmp_path / "out"
    words = ["spot.occupancy=0.7,0.8", "spot.convexity=3,5", "study.design=zip", "seeds=2"]
    assert main([*TINY, f"out={out}", *words]) == 0
    along = Results(out).effects.dropna(subset="along")
    assert set(zip(along["spot.occupancy"], along["spot.convexity"], strict=True)) == {(0.8, 5.0)}
    study = yaml.safe_load((out / "config.yaml").read_text(encoding="utf-8"))["study"]
    assert (study["design"], study["sweep"]) == ("zip", {"spot.occupancy": [0.7, 0.8], "spot.convexity": [3.0, 5.0]})


def test_a_point_that_cannot_exist_is_told_with_its_place_and_nothing_runs(tmp_path, capsys):
    out = tmp_path / "out"
    assert main([*TINY, f"out={out}", "spot.occupancy=0.8,1.4"]) == 2
    said = capsys.readouterr().err
    assert "spot.occupancy = 1.4" in said
    assert "spot.occupancy=1.4]" in said
    assert not out.exists()


def test_seeds_may_stand_in_a_file_each_once(tmp_path):
    file = tmp_path / "seeds.txt"
    file.write_text("3\n5 # the odd one\n\n8\n")
    given = {"study": {"name": "trial"}, "days": 9, "out": "x", "seeds": str(file)}
    assert read_settings(given).seed_list == [3, 5, 8]
    for text, said in (
        ("3\n5\n3\n", "holds seed 3 on lines 1 and 3"),
        ("3\nx\n", "holds 'x' on line 2"),
        ("", "no seed"),
    ):
        file.write_text(text)
        with pytest.raises(UsageError, match=said):
            read_settings(given)
    with pytest.raises(UsageError, match="must be how many seeds, a list of them, or a file"):
        read_settings({**given, "seeds": str(tmp_path / "none.txt")})


def test_the_default_design_is_the_grid_of_old():
    assert Study(name="trial").design == "grid"
