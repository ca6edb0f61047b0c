"""The default run is what it was: a change of any result is seen, and must be meant."""

from __future__ import annotations

import pytest
import yaml

from tests.golden.write import GOLDEN, summary


def test_the_default_run_gives_the_golden_metrics():
    golden, now = yaml.safe_load(GOLDEN.read_text()), summary()
    assert set(now) == set(golden)
    changed = {
        name: (golden[name], value)
        for name, value in now.items()
        if (value is None) != (golden[name] is None)
        or (value is not None and value != pytest.approx(golden[name], 1e-9))
    }
    assert not changed, f"results changed; if that is meant, run `python -m tests.golden.write`: {changed}"
