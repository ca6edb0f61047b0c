"""A compiled kernel is never stale, wherever the edit was made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from sim.kernels import cache

CALL = "from sim.kernels.outer import outer; print(outer(1.0))"


def run(folder: Path, code: str, **env: str) -> str:
    base = {key: value for key, value in os.environ.items() if key not in {"NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT"}}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=base | env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def package(tmp_path: Path) -> Path:
    """A copy of the package's caching with two kernels and a rule, each in a file of its own."""
    for name in ("__init__.py", "kernels/__init__.py", "kernels/cache.py", "kernels/jit.py", "rules/__init__.py"):
        target = tmp_path / "sim" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(cache.SOURCES[0].parent / name, target)
    kernels = tmp_path / "sim" / "kernels"
    (tmp_path / "sim/rules/rule.py").write_text("def rule(x):\n    return x + 1.0\n")
    (kernels / "inner.py").write_text(
        "from sim.kernels.jit import jit\nfrom sim.rules import rule\n"
        "rule = jit(rule.rule)\n@jit\ndef inner(x):\n    return 10.0 * rule(x)\n"
    )
    (kernels / "outer.py").write_text(
        "from sim.kernels.jit import jit\nfrom sim.kernels.inner import inner\n"
        "@jit\ndef outer(x):\n    return inner(x) + 0.5\n"
    )
    return tmp_path


def test_a_kernel_edited_in_another_file_is_compiled_anew(tmp_path: Path) -> None:
    folder = package(tmp_path)
    user = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert run(folder, CALL, **user) == "20.5"
    for edited, old, new, result in (
        ("kernels/inner", "10.0", "20.0", "40.5"),
        ("rules/rule", "+ 1.0", "+ 2.0", "60.5"),
    ):
        path = folder / f"sim/{edited}.py"
        path.write_text(path.read_text().replace(old, new))
        assert run(folder, CALL, **user) == result
    assert len(list((tmp_path / "cache/rackrate").iterdir())) == 3


def test_a_folder_chosen_by_the_user_is_kept_and_a_child_does_not_nest(tmp_path: Path) -> None:
    folder = package(tmp_path)
    show = "import sim.kernels, os; print(os.environ['NUMBA_CACHE_DIR'])"
    chosen = tmp_path / "mine"
    used = Path(run(folder, show, NUMBA_CACHE_DIR=str(chosen)))
    assert used.parent == chosen
    assert Path(run(folder, show, NUMBA_CACHE_DIR=str(used))) == used


def test_numba_imported_first_is_redirected_too(tmp_path: Path) -> None:
    code = "import numba, sim.kernels, os; print(numba.config.CACHE_DIR == os.environ['NUMBA_CACHE_DIR'])"
    assert run(package(tmp_path), code, XDG_CACHE_HOME=str(tmp_path / "cache")) == "True"


def test_an_unwritable_cache_falls_back_to_a_temporary_folder(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    show = "import sim.kernels, os; print(os.environ['NUMBA_CACHE_DIR'])"
    used = Path(run(package(tmp_path), show, XDG_CACHE_HOME=str(blocked), TMPDIR=str(tmp_path)))
    assert used.is_dir()
    assert used.is_relative_to(tmp_path)
