"""Whole worlds leave the bits they left: what is rebuilt inside changes no result. Forks are the runs they copy."""

from __future__ import annotations

import pytest

from tests.golden.pin import ARMS, WORLDS, forks_from, pinned, processor, repinned, run_and_fork

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
    assert not changed({name: run for name, (run, _) in runs.items()}, pins), AGAIN


def test_forks_from_arm_into_arm_leave_the_pinned_bits(pins, forks):
    assert not changed(forks, pins), AGAIN
    assert set(pins) <= {*WORLDS, *forks}


def changed(found, pins):
    """Lines whose bits are not those pinned, with both; after a change elsewhere a processor has no pin of some."""
    return {line: (pins[line], bits) for line, bits in found.items() if line in pins and bits != pins[line]}


def test_some_processor_has_every_line(forks):
    assert any(set(lines) == {*WORLDS, *forks} for lines in pinned().values())


def test_new_pins_keep_what_did_not_change_elsewhere():
    before = {"here": {"a": "1", "b": "2"}, "there": {"a": "7", "b": "8"}, "far": {"b": "9"}}
    assert repinned(before, "here", {"a": "1", "b": "3", "c": "4"}) == {
        "here": {"a": "1", "b": "3", "c": "4"},
        "there": {"a": "7"},
    }
    assert repinned(before, "new", {"a": "1"}) == {"new": {"a": "1"}}
    assert changed({"a": "1", "c": "0"}, {"a": "2", "b": "1"}) == {"a": ("2", "1")}
