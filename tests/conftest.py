"""Makes `tests.worlds` importable however pytest was started; random worlds are the same in every run."""

import sys
from pathlib import Path

from hypothesis import settings

ROOT = str(Path(__file__).parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")
