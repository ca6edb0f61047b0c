"""Gives `mkdocs` the pages that are read off the source (`experiments/protocol.py`); nothing of them is kept."""

from typing import Any

from mkdocs.structure.files import File, Files

from experiments.protocol import pages


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages to those that lie in the folder."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files
