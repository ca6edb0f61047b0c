"""Does with a page of the documentation what its reader does: keeps its files, runs its Python, types its commands.

A block of code below a line that begins with a file's name in backticks and ends in a colon is that file; other
`python` is run as in a notebook, all blocks of a page one after another; each line of a `bash` block that begins with
`rackrate` is a call; a `text` block holds lines that the call before it must have printed, `...` for anything. Blocks
in no language, and `yaml` without a file, are for the eye alone.
"""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

BLOCK = re.compile(r"(?:^`(?P<file>[\w./]+)`[^\n]*:\n\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)


class Block(NamedTuple):
    """A block of code of a page; `file` is empty where it is none."""

    file: str
    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of code of a page, in order."""
    for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield Block(found["file"] or "", found["language"], found["text"])


def calls(text: str) -> list[list[str]]:
    """The words of each call of `rackrate` that a block holds, without the program's name."""
    return [words[1:] for line in text.splitlines() if (words := shlex.split(line, comments=True))[:1] == ["rackrate"]]


def said(wanted: str, printed: str) -> list[str]:
    """The lines that were to be printed and are not."""
    lines = printed.splitlines()
    return [
        line
        for line in wanted.splitlines()
        if not any(fnmatch.fnmatchcase(told, re.sub(r"[*?\[]", "?", line).replace("...", "*")) for told in lines)
    ]


def follow(page: Path, call: Callable[[list[str]], str]) -> dict[str, Any]:
    """Does all that a page says in the working folder; `call` does one call and returns what it printed.

    Returns what the page's Python named.
    """
    names: dict[str, Any] = {}
    printed = ""
    for block in blocks(page):
        if block.file:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            exec(compile(block.text, page.name, "exec"), names)  # noqa: S102
        elif block.language == "bash":
            printed = "".join(call(words) for words in calls(block.text))
        elif block.language == "text":
            assert not (missing := said(block.text, printed)), f"not printed: {missing}, but:\n{printed}"
    return names
