"""Studies on a Ray of two nodes: the bits of a local call, and nothing lost where workers and nodes die.

`pip install ray`, then `pytest tests/cluster/test_ray.py`; skipped where Ray is not installed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments import run
from experiments.analyse.effects import write_effects
from experiments.run import INTERRUPTED, main
from tests.cluster.conftest import until

pytest.importorskip("ray", reason="Ray is not installed (pip install 'rackrate[ray]')")
pytestmark = pytest.mark.ray

os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 Ray's own is 15: minutes of waiting beside other work
JOINED = ["executor=ray", "executor.address=auto"]


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    before = os.environ.get("RAY_ADDRESS")
    os.environ["RAY_ADDRESS"] = cluster.address
    try:
        yield cluster
    finally:
        os.environ.pop("RAY_ADDRESS") if before is None else os.environ.update(RAY_ADDRESS=before)
        cluster.shutdown()


def rows(tmp_path: Path) -> pd.DataFrame:
    return pd.read_parquet(tmp_path / "out" / "runs.parquet").set_index(["shock", "seed"])


def is_alive(began: Path) -> bool:
    """Whether the process that has left this mark is there."""
    return Path("/proc", began.name.split("-")[1]).exists()


# ---- without a cluster


@pytest.mark.parametrize(
    ("address", "said"), [("'10.0.0.1:6379'", "did you mean auto?"), ("auto", "no Ray was found here")]
)
def test_an_address_at_which_there_is_no_ray_is_told_before_anything_runs(
    address: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = ["population=tiny", "days=6", "executor=ray", f"executor.address={address}", f"out={tmp_path / 'out'}"]
    assert main(asked) == 2
    assert said in capsys.readouterr().err


def test_ctrl_c_keeps_what_has_ended_and_leaves_no_ray_behind(tmp_path: Path, gate: Callable[..., list[str]]) -> None:
    words = gate("wait", "seeds=1", "executor=ray", "workers=1")
    call = [sys.executable, "-m", "rackrate", *words]
    process = subprocess.Popen(
        call, cwd=Path(run.__file__).parents[1], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until(lambda: list(tmp_path.glob("began-*")))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, said
    assert "interrupted; 1 finished runs are kept" in said
    (began,) = tmp_path.glob("began-*")
    until(lambda: not is_alive(began))
    (tmp_path / "open").touch()
    assert main(words) == 0
    assert set(rows(tmp_path)["status"]) == {"ok"}


# ---- on two nodes


@pytest.mark.usefixtures("two_nodes")
def test_forty_runs_have_the_bits_of_a_local_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "read_results", lambda out, settings: (write_effects(out) and 0, []))
    asked = ["population=tiny", "days=8", "seeds=10", "shocks=[pool_outage]", "shocks.pool_outage.start=3"]
    asked += ["study.arms={plain: [], calm: ['spot.convexity=4.0']}", "record=paths"]
    assert main([*asked, "executor=in_process", f"out={tmp_path / 'local'}"]) == 0
    assert main([*asked, *JOINED, f"out={tmp_path / 'ray'}"]) == 0
    assert len(pd.read_parquet(tmp_path / "ray/runs.parquet")) == 40
    files = sorted(path.relative_to(tmp_path / "local") for path in (tmp_path / "local").glob("**/*.parquet"))
    assert {"runs.parquet", "effects.parquet", "events.parquet"} < {str(file) for file in files}
    for file in files:
        assert (tmp_path / "local" / file).read_bytes() == (tmp_path / "ray" / file).read_bytes(), file


@pytest.mark.usefixtures("two_nodes")
def test_a_run_that_raises_is_a_failed_row_and_the_others_are_kept(
    tmp_path: Path, gate: Callable[..., list[str]]
) -> None:
    assert main(gate("raise", "seeds=2", *JOINED)) == 3
    found = rows(tmp_path)
    assert set(found.loc["none", "status"]) == {"ok"}
    assert all("RuntimeError: something unheard of" in error for error in found.loc["gate", "error"])


@pytest.mark.usefixtures("two_nodes")
def test_a_worker_that_is_killed_is_tried_again_by_us(tmp_path: Path, gate: Callable[..., list[str]]) -> None:
    assert main(gate("kill once", "seeds=1", *JOINED)) == 0
    assert len(list(tmp_path.glob("began-*"))) == 2


@pytest.mark.usefixtures("two_nodes")
def test_a_run_that_kills_its_worker_is_a_failed_row_and_the_others_are_kept(
    tmp_path: Path, gate: Callable[..., list[str]]
) -> None:
    assert main(gate("kill", "seeds=2", *JOINED, "executor.retries=0")) == 3
    found = rows(tmp_path)
    assert set(found.loc["none", "status"]) == {"ok"}
    assert all("its worker process died" in error for error in found.loc["gate", "error"])
    assert len(list(tmp_path.glob("began-*"))) == 2  # once each: Ray tries nothing again


def test_a_node_that_is_lost_loses_no_run(tmp_path: Path, two_nodes: Any, gate: Callable[..., list[str]]) -> None:
    def lose() -> None:
        try:
            until(lambda: len(list(tmp_path.glob("began-*"))) == 2)
            two_nodes.remove_node(*two_nodes.worker_nodes, allow_graceful=False)
            until(lambda: len([file for file in tmp_path.glob("began-*") if is_alive(file)]) == 1)
        finally:
            (tmp_path / "open").touch()

    thread = threading.Thread(target=lose, daemon=True)
    thread.start()
    assert main(gate("wait", "seeds=2", *JOINED)) == 0
    thread.join()
    assert set(rows(tmp_path)["status"]) == {"ok"}
    assert len(list(tmp_path.glob("began-*"))) == 3
