"""Runs that shocks alone part share their history: to the bit what each is by itself."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.configuration.compose import composer, split
from experiments.execute import worker
from experiments.execute.batches import batches_of
from experiments.study.runs import RunSpec
from sim.environment import Environment
from sim.nature.striking import quiet_days

DAYS = 50
SHOCKS = {
    "none": "shocks=[]",
    "late": "shocks=[fleet_outage]",
    "early": "shocks=[demand_slump]",
    "both": "shocks=[demand_slump,fleet_outage]",
}
STARTS = ("shocks.fleet_outage.start=30", "shocks.demand_slump.start=12")


@pytest.fixture(scope="module")
def runs() -> list[RunSpec]:
    found = []
    with composer() as opened:
        for name, shocks in SHOCKS.items():
            starts = [start for start in STARTS if start.split(".")[1] in shocks]
            world = split(opened.compose(["population=tiny", "funds=one", "links=on", shocks, *starts]))[0]
            found.append(RunSpec("base", name, 7, (), DAYS, (0, DAYS), world, key=name))
    return found


def bits(economy: Any) -> tuple[bytes, bytes, bytes, str]:
    ledger, record = economy.books.ledger, economy.record
    return (record.rows[: record.days].tobytes(), ledger.positions.tobytes(), ledger.flows.tobytes(),
            repr(economy.events))  # fmt: skip


def lived(finished: Iterator[Any]) -> dict[str, Any]:
    return {run.key: bits(economy) if error is None else repr(error) for run, economy, error in finished}


def test_every_run_is_to_the_bit_what_it_is_alone(runs: list[RunSpec]) -> None:
    alone = lived(map(worker.run_alone, runs))
    assert lived(worker.run_together(tuple(runs))) == alone
    without = {key: found for key, found in alone.items() if key != "none"}
    assert lived(worker.run_together(tuple(runs[1:]))) == without
    assert len({found[0] for found in alone.values()}) == len(runs), "each shock is seen in the record"


def test_days_before_a_shock_are_lived_once(runs: list[RunSpec], monkeypatch: pytest.MonkeyPatch) -> None:
    days = []
    monkeypatch.setattr(worker, "attempt", lambda run, start, n: (days.append(n), (run, FakeEconomy(), None))[1])
    assert [run.key for run, _, _ in worker.run_together(tuple(runs))] == ["early", "both", "late", "none"]
    assert sum(days) == DAYS + 2 * (DAYS - 12) + (DAYS - 30)


class FakeEconomy:
    def fork(self) -> Any:
        return FakeEconomy()

    def meet(self, spec: Any) -> None:
        pass


def test_what_cannot_be_copied_is_run_alone(runs: list[RunSpec], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "copied", lambda common, run: None)
    assert lived(worker.run_together(tuple(runs[:2]))) == lived(map(worker.run_alone, runs[:2]))


def test_runs_share_a_batch_if_only_their_shocks_differ_and_enough_batches_are_left(runs: list[RunSpec]) -> None:
    other = [dataclasses.replace(run, seed=8, key=f"{run.key}8") for run in runs]
    longer = [dataclasses.replace(runs[0], days=DAYS + 1, key="longer")]
    several = [*runs, *other, *longer]
    assert [len(batch.runs) for batch in batches_of(several, Path(), "paths")] == [4, 4, 1]
    assert len(batches_of(several, Path(), "paths", workers=4)) == len(several)


def test_a_shock_that_acts_before_its_start_is_seen() -> None:
    def hasty(day: int, environment: Environment) -> Environment:
        return dataclasses.replace(environment, demand_scale=0.9) if day == 3 else environment

    hasty.start = 20  # type: ignore[attr-defined]
    assert quiet_days({"hasty": hasty}, 50) == 3
    assert quiet_days({}, 50) == 50
    hasty.start = 60  # type: ignore[attr-defined]  # told on the first day that it lies outside the run
    assert quiet_days({"hasty": hasty}, 50) == 0
