"""The benchmarks run, assert that both sides agree, and write what they found."""

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.lab.bench import against
from experiments.lab.bench.__main__ import BENCHMARKS, main
from experiments.lab.bench.kernels import TICKS, numpy_auction
from experiments.lab.bench.result import at_least, at_most, by_turns
from experiments.lab.bench.world import measure_information, measure_notes_and_funds
from sim.kernels.call_auction import call_auction


def test_the_bench_writes_ratio_seconds_reference_and_unit_of_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--quick", "--only", "population", "--out", str(tmp_path / "bench.json")]) == 0
    found = json.loads((tmp_path / "bench.json").read_text())
    assert set(found["population"]) == {"ratio", "seconds", "reference_seconds", "unit"}
    population = found["population"]
    assert population["ratio"] == pytest.approx(population["reference_seconds"] / population["seconds"], rel=0.01)
    assert "Mesa agents.do" in capsys.readouterr().out


def test_what_notes_and_funds_cost_is_a_ratio_of_two_worlds_in_one_run() -> None:
    measured = measure_notes_and_funds(quick=True)
    assert measured.ratio == pytest.approx(measured.seconds / measured.reference_seconds)
    assert measured.reach == "<= 1.2 x"


def test_what_information_costs_is_a_ratio_of_a_world_that_knows_and_one_that_does_not() -> None:
    measured = measure_information(quick=True)
    assert measured.ratio == pytest.approx(measured.seconds / measured.reference_seconds)
    assert measured.reach == "<= 1.1 x"


def test_an_unknown_benchmark_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "wrld"])
    assert "world_1000" in capsys.readouterr().err
    assert len(BENCHMARKS) >= 8


def test_an_earlier_build_that_git_does_not_know_is_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bench.json"
    assert main(["--against", "v0.0.0-never", "--out", str(out)]) == 2
    assert "against=v0.0.0-never" in capsys.readouterr().err
    assert not out.exists()


def test_a_build_beside_itself_runs_its_own_files(tmp_path: Path) -> None:
    commit = against.named("HEAD")
    with against.checked_out(commit) as folder, against._inside(folder):
        assert against._said("import sim; print(sim.__file__)").startswith(str(folder))


def test_a_study_of_a_build_whose_libraries_are_not_here_is_skipped_before_it_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\ndependencies = ["numpy>=2.0", "no-such_library[extra]>=1,<2"]\n', encoding="utf-8")
    assert against.not_installed(project) == ["no-such_library"]
    monkeypatch.setattr(against, "not_installed", lambda project: ["no-such_library"])
    assert main(["--against", "HEAD", "--only", "against_study", "--out", str(tmp_path / "bench.json")]) == 0
    assert "pip install no-such_library" in capsys.readouterr().err


@pytest.mark.parametrize("seed", range(20))
def test_numpys_auction_is_the_kernels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 400))
    side = np.where(rng.random(n) < 0.5, 1.0, -1.0)
    tick = np.clip(np.rint(rng.normal(2048 + 20 * side, 15)), 1, TICKS).astype(np.int64)
    quantity, fills = side * rng.integers(1, 11, n), np.zeros(n)
    cleared = call_auction(quantity, tick, np.zeros((2, TICKS)), 1, 1.0, 2048.0, False, fills)
    price, filled = numpy_auction(quantity, tick, 2048)
    assert cleared.price_usd == price
    assert np.array_equal(fills, filled)


def test_sides_are_timed_by_turns_and_each_goes_first_as_often() -> None:
    calls: list[str] = []
    seconds = by_turns([lambda: calls.append("a"), lambda: calls.append("b")], 4)
    assert "".join(calls) == "abbaabba"
    assert [len(side) for side in seconds] == [4, 4]


def test_a_goal_is_met_on_the_right_side() -> None:
    assert at_least("", [1.0, 1.0], [50.0, 50.0], 1.0, "", 40.0).ok
    assert not at_least("", [1.0], [30.0], 1.0, "", 40.0).ok
    assert at_most("", [1.04], [1.0], 365.0, "", 1.05).ok
    assert not at_most("", [1.06], [1.0], 1.0, "", 1.05).ok
