"""A real Slurm for the tests marked `slurm`: each process of pytest starts one of its own, and ends it."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def why_no_slurm() -> str:
    """Why no Slurm can be started here; empty where one can."""
    if importlib.util.find_spec("submitit") is None:
        return "submitit is not installed (pip install 'rackrate[slurm]')"
    if os.geteuid() != 0:
        return "only root can start a Slurm"
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in ("slurmctld", "slurmd", "sbatch", "munged") if not shutil.which(name, path=path)]
    return f"{', '.join(missing)} not found (tests/cluster/slurm_up.sh --install)" if missing else ""


@pytest.fixture(scope="session")
def slurm() -> Iterator[None]:
    """The environment that finds the cluster; it ends with the session."""
    why = why_no_slurm()
    if why:
        pytest.skip(why)
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    folder = Path(tempfile.mkdtemp(prefix="rackrate-slurm-"))  # munge wants every folder above it open to all
    asked = {"RACKRATE_SLURM_DIR": str(folder), "RACKRATE_SLURM_PORT": str(27817 + 10 * number)}
    started = subprocess.run(
        [str(HERE / "slurm_up.sh")], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert started.returncode == 0, started.stderr
    known = {"SLURM_CONF": str(folder / "slurm.conf"), "MUNGE_SOCKET": str(folder / "munge/socket")}
    before = {name: os.environ.get(name) for name in known}
    os.environ.update(known)
    try:
        yield
    finally:
        subprocess.run([str(HERE / "slurm_down.sh"), "--purge"], env={**os.environ, **asked}, check=False)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
