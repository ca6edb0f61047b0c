"""Makes `tests.worlds` importable however pytest was started; random worlds are the same in every run.

Slow tests are skipped unless asked for (`make test-all`, `--run-slow`): each is a second example, or a longer one, of
what a quicker test holds.
"""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = str(Path(__file__).parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-slow", action="store_true", help="run the tests marked slow too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--run-slow"):
        left_out = pytest.mark.skip(reason="slow: `make test-all` (--run-slow) runs it")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(left_out)
