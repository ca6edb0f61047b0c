"""What the program says last: the answer, where the page is, and what to try next."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.analyse.stats import FEW_SEEDS
from experiments.configuration.compose import key_of

MOST_SENTENCES = 3
MORE_SEEDS = 16


def ending(out: Path, seeds: int, answer: Sequence[str], arguments: Sequence[str], failed: bool = False) -> str:
    """The last lines of a study: at most three sentences of the answer, the report's path, and the next command."""
    what, command = what_next(seeds, arguments, failed)
    return "\n".join([*answered(out, answer), f"next:   {command}    # {what}"])


def answered(out: Path, answer: Sequence[str]) -> list[str]:
    """The lines of the answer, at most three sentences, and of the report's path."""
    page = out / "report.html"
    return [
        *(f"answer: {sentence}" for sentence in answer[:MOST_SENTENCES]),
        f"report: {page if page.exists() else out}",
    ]


def what_next(seeds: int, arguments: Sequence[str], failed: bool) -> tuple[str, str]:
    """Why to go on, and the command that does."""
    if failed:
        return "tries the failed runs again", command_line(arguments)
    if "experiment=demo" in arguments:
        return "the same question with 32 seeds over two years", command_line(["experiment=outage"])
    more = MORE_SEEDS if seeds < FEW_SEEDS else 2 * seeds
    others = [word for word in arguments if key_of(word) != "seeds"]
    return "narrower intervals; only what is missing is run", command_line([*others, f"seeds={more}"])


def command_line(arguments: Sequence[str]) -> str:
    """A call of the program as a shell reads it."""
    return shlex.join([*program(), *arguments])


def program() -> list[str]:
    """How this program was called."""
    called = Path(sys.argv[0])
    if called.name in {"run.py", "rackrate.py"}:
        return ["python", "-m", "rackrate"]
    if called.name != "rackrate" or shutil.which("rackrate") == str(called):
        return ["rackrate"]
    here = Path.cwd()
    return [str(called.relative_to(here) if called.is_relative_to(here) else called)]
