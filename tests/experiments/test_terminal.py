"""What the program prints ends nothing: a reader who leaves, a disk that is full."""

import os
import shlex
import subprocess
import sys

import pytest

from experiments.report.terminal import Patient

RACKRATE = f"{shlex.quote(sys.executable)} -m rackrate"


def in_a_shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("verb", ["--help", "--cfg job", "-sc install=bash"])
def test_a_reader_may_leave_after_the_first_line(verb):
    told = in_a_shell(f"{RACKRATE} {verb} | head -1")
    assert (told.returncode, told.stderr) == (0, "")
    assert len(told.stdout.splitlines()) == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")
@pytest.mark.parametrize("verb", ["--help", "--version"])
def test_a_full_disk_is_told_and_is_no_success(verb):
    told = in_a_shell(f"{RACKRATE} {verb} > /dev/full")
    assert told.returncode == 1
    assert told.stderr.startswith("rackrate: what it printed could not be written: ")
    assert len(told.stderr.splitlines()) == 1


def test_what_a_study_prints_after_its_reader_left_is_lost_and_nothing_else():
    reader, writer = os.pipe()
    with Patient(writer, "w") as stream:
        os.close(reader)
        assert stream.write(b"a line") == len(b"a line")
        assert stream.lost is None
