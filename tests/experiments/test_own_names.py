"""A package of the user's own that bears one of our names, or that cannot be imported, is told in words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rackrate
from experiments.run import main

BROKEN = {
    "raises": ("x = 1\ny = x / 0\n", "line 2: ZeroDivisionError: division by zero"),
    "leaves": ("import sys\n\nsys.exit(3)\n", "line 3: SystemExit: 3"),
    "garbled": ("x = 1\n\n\ny = (\n", "line 4: SyntaxError: '(' was never closed"),
    "lacks": ("import no_such_thing\n", "line 1: ModuleNotFoundError: No module named 'no_such_thing'"),
    "misuses": ("import json\n\njson.loads('{')\n", "line 3: JSONDecodeError"),
}


@pytest.mark.parametrize("name", rackrate.PACKAGES)
@pytest.mark.parametrize("how", ["script", "module"])
def test_a_package_of_one_of_our_names_is_told_before_anything_is_imported(tmp_path: Path, name: str, how: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("print('imported')\n")
    script = [str(Path(sys.executable).parent / "rackrate")]
    command = script if how == "script" else [sys.executable, "-m", "rackrate"]
    if not Path(command[0]).exists():
        pytest.skip("the program is not installed")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*command, "--version"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done
    assert f"{name} = '{tmp_path / name / '__init__.py'}': is another package of that name" in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_folders_of_our_names_that_are_no_packages_are_no_trouble(tmp_path: Path) -> None:
    for name in rackrate.PACKAGES:
        (tmp_path / name).mkdir()
    command = [sys.executable, "-m", "rackrate", "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", BROKEN)
def test_a_plug_in_that_cannot_be_imported_is_told_by_module_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    text, said = BROKEN[kind]
    module = f"broken_{kind}"
    (tmp_path / f"{module}.py").write_text(text)
    (tmp_path / "presets" / "shocks").mkdir(parents=True)
    (tmp_path / "presets" / "shocks" / "own.yaml").write_text(f"own: {{_target_: {module}.Own}}\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    asked = ["--config-dir", "presets", "shocks=[own]", f"plugins=[{module}]", "executor=in_process"]
    assert main([*asked, f"out={tmp_path / 'out'}"]) == 2
    told = capsys.readouterr().err
    assert f"shocks.own._target_ = '{module}.Own': {module} cannot be imported: {tmp_path / module}.py, {said}" in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["sim", "experiments", "statistics"])
def test_a_plug_in_needs_a_name_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main([f"plugins=[{name}]", "executor=in_process", f"out={tmp_path / 'out'}"]) == 2
    assert f"plugins = '{name}': is" in capsys.readouterr().err
