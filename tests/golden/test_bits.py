"""Whole worlds leave the bits they left: what is rebuilt inside changes no result. Forks are the runs they copy."""

from __future__ import annotations

import pytest

from tests.golden.pin import ARMS, WORLDS, forks_from, pinned, processor, run_and_fork

AGAIN = "results changed; if that is meant, run `python -m tests.golden.pin` and say so in the change log"


@pytest.fixture(scope="module")
def pins():
    found = pinned().get(processor())
    if found is None:
        pytest.skip(f"bits are pinned for {', '.join(pinned())}, not for this processor and libraries ({processor()})")
    return found


@pytest.fixture(scope="module")
def runs():
    return {name: run_and_fork(name) for name in WORLDS}


@pytest.fixture(scope="module")
def forks():
    return {line: found for first in ARMS for line, found in forks_from(first).items()}


@pytest.mark.parametrize("name", WORLDS)
def test_a_copy_taken_half_way_leaves_the_bits_of_the_run(runs, name):
    run, fork = runs[name]
    assert fork == run


def test_arms_differ(forks):
    """What the pins guard is not one world under many names."""
    found = [forks[f"plain -> {arm}"] for arm in ARMS]
    assert len(set(found)) == len(ARMS)


def test_runs_leave_the_pinned_bits(pins, runs):
    assert {name: run for name, (run, _) in runs.items()} == {name: pins[name] for name in WORLDS}, AGAIN


def test_forks_from_arm_into_arm_leave_the_pinned_bits(pins, forks):
    changed = {line: (pins.get(line), found) for line, found in forks.items() if found != pins.get(line)}
    assert not changed, AGAIN
    assert set(pins) == {*WORLDS, *forks}
