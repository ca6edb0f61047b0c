"""Every replication agrees with what is published, and a run says so by table, file and exit status."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import configs
from experiments.configuration.compose import composer, split
from experiments.kinds.replication import NOT_REPLICATED, module_of, names
from experiments.lab.replications.capacity import waiting_and_reserving
from experiments.lab.replications.check import Check
from experiments.lab.replications.credit import tranches
from experiments.lab.replications.figure import ALONE, by_quantity
from experiments.run import WRONG_USE, main
from sim.spec import read_spec
from sim.streams import Purpose, Streams

PRESETS = sorted(path.stem for path in Path(configs.__file__).parent.glob("experiment/replications/*.yaml"))


@functools.cache
def composed(preset):
    with composer() as open_composer:
        world, own = split(open_composer.compose([f"experiment=replications/{preset}"]))
    return world, own


def checks(name, **changes):
    world, own = composed(name)
    module = module_of(name)
    parameters = module.Parameters.model_validate(own["replications"][name] | changes)
    return list(module.replicate(parameters, read_spec(world)))


def composed_traders(key, value):
    return composed("opinion_waves")[1]["replications"]["opinion_waves"]["traders"] | {key: value}


LONG = ("decay", "leverage_cycle", "opinion_waves", "paper_runs", "schwartz", "switching", "tranches")  # 4 to 7 s each


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in names()])
def test_the_published_result_is_reproduced(name):
    failed = [check for check in checks(name) if not check.passed]
    assert failed == []


def test_every_replication_has_its_experiment_and_all_of_them_are_in_one():
    assert sorted(["all", *names()]) == PRESETS
    assert sorted(composed("all")[1]["replications"]) == sorted(names())


def test_every_replication_is_on_its_page_and_so_is_every_result_that_there_is_not():
    page = (Path(configs.__file__).parents[1] / "docs" / "replications.md").read_text(encoding="utf-8")
    there_is, there_is_not = page.split("## What there is not")
    assert [name for name in names() if f"`{name}`" not in there_is] == []
    told = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| R")]
    assert len(told) == len(set(told))
    assert {f"R{n}" for n in range(1, 33)} <= set(told)
    assert not [name for name in names() if f"`{name}`" in there_is_not]


def test_a_number_that_is_not_one_never_agrees():
    assert not Check("price", "", 1.0, math.nan, math.inf).passed
    assert not Check("price", "", 1.0, 1.2, 0.1).passed
    assert Check("price", "", 1.0, 1.05, 0.1).passed


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("clearing_vector", {"networks": {"a": {"debts_usd": [[0.0, 2.0], [0.0, 0.0]], "assets_usd": [1.0, 0.0],
                                                "payments_usd": [2.0, 0.0]}}}),
        ("bessembinder_lemmon", {"retail_margin": 1.3}),
        ("zero_intelligence", {"shouts": 60, "sessions": 5}),  # most gains are still to be had
        ("decay", {"steps_per_year": 100, "paths": 2, "daily_limit": 0.9}),  # far from continuous
        ("feedback", {"news_usd": 0.2}),  # no longer small
        ("flow_offset", {"offset": 0.99}),
        ("inverse_fund_collapse", {"future_return": 0.9}),
        ("term_identity", {"hedged_contracts": 1e4, "dealers": 1}),
        ("kyle", {"noise_sd": 4.0, "paths": 100}),
        ("spreads", {"quoted_ask": 0.6}),
        ("opinion_waves", {"traders": composed_traders("strategy_rate", 0.0), "units": 200, "paths": 1}),  # no waves
        ("waiting_and_reserving", {"simulated_load": 0.95, "jobs": 100_000}),
        ("forward_sales", {"forward_round": False}),
        ("switching", {"cost": 0.9, "steps": 300}),
        ("margin_spiral", {"position": 0.0}),
        ("tails_and_leverage", {"flow": 0.0, "days": 20_000}),  # nobody gives winners more: funds stay small
        ("leverage_cycle", {"worst": 0.25, "agents": 200}),
        ("paper_runs", {"headroom": 0.3, "programmes": 30}),
        ("basel_cycle", {"exponent": -0.2, "years": 100.0}),
        ("credit_cycles", {"elasticity": 2.0, "dates": 10}),
        ("investment_waves", {"persistence": 0.5, "periods": 5000}),
        ("cobwebs", {"steps_a_delay": 10}),
        ("fund_in_book", {"leverage": 1.0, "paths": 1}),
        ("perpetual_anchor", {"intensity": 10.0, "batches": 2, "paths_a_batch": 10}),
        ("moment_coverage", {"response": 0.02, "paths": 1}),
        ("margin_procyclicality", {"alpha": 0.0, "decay": [0.94, 0.995], "days": 1000, "paths": 3,
                                   "peak_over_trough": [7.2, 3.3], "rise": [[1.42, 0.32], [2.30, 0.67]],
                                   "breaches": [0.0116, 0.0133]}),  # volatility does not cluster
        ("rebalancing", {"returns": [0.1, -0.1]}),
        ("schwartz", {"volatility": 0.9, "paths": 1000, "settled_paths": 200}),
        ("tranches", {"correlation": 0.3, "scenarios": 200}),
        ("waterfall", {"margin": 0.02, "cash_flows": 10}),
    ],
)  # fmt: skip
def test_what_is_not_the_published_setting_does_not_agree(name, changes):
    assert any(not check.passed for check in checks(name, **changes))


def test_tranches_of_a_pool_lose_together_what_the_pool_loses():
    p = tranches.Parameters.model_validate(composed("tranches")[1]["replications"]["tranches"])
    loss = 0.083
    edges = list(zip(p.attachments, p.attachments[1:], strict=False))
    total = math.fsum(tranches.cut(low, high, loss) * (high - low) for low, high in edges)
    assert total == pytest.approx(loss, abs=1e-12)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.5), (3, 0.9)])
def test_jobs_wait_in_the_order_book_as_in_a_queue_told_one_by_one(servers, load):
    streams, jobs = Streams(5), 300
    who = np.arange(round(jobs * (1.0 + load) / load), dtype=np.int64)
    arrives = streams.uniforms(Purpose.POPULATION, 0, who) < load / (1.0 + load)
    freed = (servers * streams.uniforms(Purpose.POPULATION, 1, who)).astype(int)
    working, queue, began = dict.fromkeys(range(servers), False), [], {}
    for event in who:
        if arrives[event]:
            queue.append(event)
        else:
            working[freed[event]] = False
        idle = [server for server, works in working.items() if not works]
        if queue and idle:
            # servers are alike: which of the free ones serves is told by who has asked longest, see `asked`
            server = min(idle, key=asked(arrives, freed, event))
            working[server], began[queue.pop(0)] = True, event
    waits = [(began[job] - job) / (servers * (1.0 + load)) for job in who[arrives] if job in began]
    found = waiting_and_reserving.queued(streams, servers, load, jobs)
    assert found == pytest.approx(waits[len(waits) // 10 :], abs=1e-12)
    assert max(waits) > 0.0 == min(waits)


def asked(arrives, freed, event):
    """A server's last event up to now at which it asked anew; before them those that have asked from the start."""

    def when(server):
        times = np.flatnonzero(~arrives[: event + 1] & (freed[: event + 1] == server))
        return times[-1] if len(times) else server - len(arrives)

    return when


def test_a_run_leaves_its_table_and_says_by_its_status_whether_all_agree(tmp_path, capsys):
    experiment = ["experiment=replications/clearing_vector", "workers=1"]
    assert main([*experiment, f"out={tmp_path}/good"]) == 0
    table = pq.read_table(tmp_path / "good" / "replication.parquet")
    assert table.column_names == [
        "replication", "quantity", "parameters", "expected", "obtained", "standard_error", "tolerance", "pass",
    ]  # fmt: skip
    assert all(table["pass"].to_pylist())
    assert (tmp_path / "good" / "figures" / "replication_clearing_vector.png").stat().st_size > 5000
    assert "8 of 8" in capsys.readouterr().out
    other = "replications.clearing_vector.networks.chain.assets_usd=[5.0,2.0,0.0]"
    assert main([*experiment, other, f"out={tmp_path}/bad"]) == NOT_REPLICATED
    assert not all(pq.read_table(tmp_path / "bad" / "replication.parquet")["pass"].to_pylist())


def test_a_figure_shows_numbers_beside_their_record_and_signs_where_there_are_no_numbers():
    several = [Check("price", f"month {k}", 1.0, 1.0 + 0.01 * k, 0.1) for k in range(3)]
    sign, alone = Check("order", "", 1.0, 1.0, 0.0), Check("slope", "", -2.0, -2.1, 0.2)
    nothing = Check("gap", "", 0.0, 0.0, 0.1)
    (quantity, group), (rest, one) = by_quantity([*several, sign, alone])
    assert (quantity, group, rest) == ("price", several, ALONE)
    assert [(check.parameters, check.expected, check.obtained) for check in one] == [("slope", 1.0, 1.05)]
    assert [[check.parameters for check in group] for _, group in by_quantity([sign])] == [["order"]]
    assert by_quantity([nothing]) == [("gap", [nothing])]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("replications.tranches.correlation=1.5", "replications.tranches.correlation"),
        ("+replications.transhes.seed=1", "did you mean tranches"),
        ("+replications.tranches.correlatoin=0.1", "did you mean correlation"),
        ("replications.tranches.attachments=[0.0,0.5]", "attachments must rise"),
    ],
)
def test_wrong_parameters_are_told_before_anything_runs(tmp_path, capsys, override, said):
    assert main(["experiment=replications/tranches", override, "workers=1", f"out={tmp_path}/out"]) == WRONG_USE
    error = capsys.readouterr().err
    assert said in error
    assert "nothing was run" in error
    assert not (tmp_path / "out").exists()
