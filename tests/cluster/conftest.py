"""A real Slurm for the tests marked `slurm`, which each process of pytest starts and ends, and a shock with a fate."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from experiments import run

HERE = Path(__file__).parent
CODE = '''
import os
import signal
import sys
import time
from pathlib import Path

from sim.vocabulary import Parameters


class Gate(Parameters):
    """Waits on its day till a file is there, or does what a run should not; in jobs and tasks alone."""

    start: int
    way: str
    folder: str

    def __call__(self, day, environment):
        folder = Path(self.folder)
        is_open = (folder / "open").exists()
        if day == self.start and ("ray" in sys.modules or os.environ.get("SLURM_JOB_ID")):
            (folder / f"began-{os.getpid()}-{time.monotonic_ns()}").touch()
            if self.way == "wait":
                while not (folder / "open").exists():
                    time.sleep(0.05)
            if self.way == "raise":
                raise RuntimeError("something unheard of")
            if self.way == "memory" and not is_open:
                hoard = bytearray(900 << 20)
                time.sleep(20)
            if self.way == "kill" or (self.way == "kill once" and not is_open):
                (folder / "open").touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return environment
'''


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Arguments of a study whose runs with a shock meet the given fate where they are sent."""
    module = f"gate_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{module}.py").write_text(CODE)
    (tmp_path / "presets" / "shocks").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))

    def asked(way: str, *more: str) -> list[str]:
        preset = f"gate: {{_target_: {module}.Gate, start: 3, way: {way}, folder: {tmp_path}}}\n"
        (tmp_path / "presets" / "shocks" / "gate.yaml").write_text(preset)
        base = ["--config-dir", str(tmp_path / "presets"), f"plugins=[{module}]", "shocks=[gate]"]
        return [*base, "population=tiny", "days=6", f"out={tmp_path / 'out'}", *more]

    yield asked
    (tmp_path / "open").touch()


def until(holds: Callable[[], object], seconds: float = 180.0) -> None:
    """Waits for something to hold."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


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
def slurm() -> Iterator[dict[str, str]]:
    """A cluster that ends with the session; what its scripts were told."""
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
        yield asked
    finally:
        subprocess.run([str(HERE / "slurm_down.sh"), "--purge"], env={**os.environ, **asked}, check=False)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
