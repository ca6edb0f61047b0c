"""Where compiled kernels are kept: a folder named by the hash of all that went into them.

Numba checks only the file a function stands in, so a kernel that calls one in another file would run stale code after
that file is edited. A folder per hash of all kernels and rules (and of the Python, numba and numpy versions) cannot.
"""

import hashlib
import os
import re
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

SOURCES = Path(__file__).resolve().parent, Path(__file__).resolve().parent.parent / "rules"


def use_hashed_cache() -> Path:
    """Set NUMBA_CACHE_DIR (and numba's own setting, where numba is imported already) to this build's folder."""
    folder = _writable(cache_root() / sources_hash())
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(folder)
    return folder


def sources_hash() -> str:
    """Return the sha256 of all sources of kernels and rules and of the versions that compile them."""
    digest = hashlib.sha256(f"{sys.version} numba {version('numba')} numpy {version('numpy')}".encode())
    for folder in SOURCES:
        for path in sorted(folder.rglob("*.py")):
            source = path.read_bytes()
            digest.update(f"\n{folder.name}/{path.relative_to(folder).as_posix()} {len(source)}\n".encode())
            digest.update(source)
    return digest.hexdigest()


def cache_root() -> Path:
    """Return the user's NUMBA_CACHE_DIR, else `rackrate` in the user's cache."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        path = Path(chosen).absolute()
        inherited = re.fullmatch("[0-9a-f]{64}", path.name)  # a parent process came here first
        return path.parent if inherited else path
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or _home_cache()
    return Path(home) / "rackrate"


def _home_cache() -> Path:
    try:
        return Path.home() / ".cache"
    except RuntimeError:  # a user of a container who has a number only
        return _temporary()


def _writable(folder: Path) -> Path:
    # An unwritable folder would send numba back to __pycache__, where stale code may lie.
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        folder = _temporary() / folder.name
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"rackrate-{os.getuid() if hasattr(os, 'getuid') else 0}"
