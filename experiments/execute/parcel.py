"""What a run takes along to another process or machine: import paths, environment, and the key it must still have."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import rackrate
from experiments.execute.batches import ONE_THREAD
from experiments.execute.worker import Batch
from experiments.plugins import provenance
from experiments.plugins.sources import MEANINGS, PluginCode, simulating_code
from experiments.study.own import code_of
from experiments.study.runs import with_keys

CARRIED = ("RACKRATE_", "NUMBA_", "NPY_", "OPENBLAS_", "GLIBC_TUNABLES")  # beginnings of the names of what changes runs


class OtherCode(Exception):
    """The code or a library where a run is to be done is not what it was where the study was launched."""


@dataclass(frozen=True)
class Surroundings:
    """What code needs to be found and to compute alike elsewhere."""

    paths: tuple[str, ...]  # import paths, absolute
    environment: dict[str, str]
    versions: dict[str, str]
    folder: str  # in which the call was typed
    meanings: dict[bytes, str]  # of files of code, so that only those that differ are parsed

    def take(self) -> None:
        """Makes them those of this process; what it imports and the processes it starts have them too."""
        with contextlib.suppress(OSError):  # a folder of the launching machine's own
            os.chdir(self.folder)
        os.environ.update(self.environment)
        MEANINGS.update(self.meanings)
        sys.path += [path for path in self.paths if path not in sys.path]


def surroundings(also: Iterable[str] = ()) -> Surroundings:
    """Those of this process: every import path, one thread, what changes numbers, and the variables named."""
    paths = dict.fromkeys(str(Path(path or os.getcwd()).resolve()) for path in sys.path)
    named = {name for name in os.environ if name.startswith(CARRIED)} | {name for name in also if name in os.environ}
    environment = {name: os.environ[name] for name in sorted(named)} | dict.fromkeys(ONE_THREAD, "1")
    return Surroundings(tuple(paths), environment, provenance.versions(), os.getcwd(), dict(MEANINGS))


def python_path() -> str:
    """The folder from which Rackrate itself is imported."""
    return str(rackrate.HOME)


@dataclass(frozen=True)
class Parcel:
    """Batches of runs, packed, with their surroundings."""

    surroundings: Surroundings
    packed: bytes

    def unpacked(self) -> list[Batch]:
        """The batches, once this process has what they need."""
        self.surroundings.take()
        return list(pickle.loads(zlib.decompress(self.packed)))

    def check(self, batches: Iterable[Batch]) -> None:
        """Raises OtherCode unless the code and libraries here give every run the key that it was launched with."""
        here, then = provenance.versions(), self.surroundings.versions
        for name in here:
            if here[name] != then.get(name):
                raise OtherCode(f"{name} is {here[name]} where the run is done and was {then.get(name)} at launch")
        code = provenance.digest([simulating_code(), here])
        for batch in batches:
            first = batch.runs[0]
            plugins = PluginCode(first.plugins, first.presets)
            again = with_keys(batch.runs, code, plugins.used_by)
            measured = code_of(first.measuring.metrics, plugins)
            if [run.key for run in again] != [run.key for run in batch.runs] or measured != first.measuring.code:
                raise OtherCode("the code has changed since the study was launched; launch it again")


def parcel(batches: Sequence[Batch], around: Surroundings) -> Parcel:
    """Batches packed for another machine."""
    return Parcel(around, zlib.compress(pickle.dumps([replace(batch, out=batch.out.resolve()) for batch in batches])))
