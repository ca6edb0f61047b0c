"""What the README shows is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from experiments.analyse.effects import write_effects
from tests.statistics.conftest import write_folder

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The README's code blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_notebook_example_runs() -> None:
    names: dict[str, object] = {}
    code = blocks("python")[0].replace("economy.run(250)", "economy.run(5)")
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102
    assert len(names["frame"]) == 5  # type: ignore[arg-type]


def test_the_example_of_results_runs(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "results", seeds=3)
    write_effects(folder)
    code = blocks("python")[1].replace("results/demo", str(folder)).replace('"outage"', '"pool_outage"')
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102
    assert set(names["frame"]["seed"]) == {1, 2}
    assert set(names["frame"]["arm"]) == {"both"}
    assert set(names["apart"].effects["metric"]) == set(names["results"].design.endpoints)
