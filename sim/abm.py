"""Mesa's two base classes, without what Mesa loads for its spaces, tables and batches, which nothing here uses.

`import mesa` brings pandas, networkx and parts of scipy, more than twice what the simulator itself takes to load. While
Mesa is being read here, these are names only; each is loaded when something of it is used.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

OUTSIDE = ("pandas", "networkx", "scipy.spatial", "scipy.spatial.distance", "tqdm.auto")
UNUSED = ("mesa.batchrunner", "mesa.datacollection", "mesa.discrete_space", "mesa.experimental", "mesa.space")


class _LateName:
    """Something of a module that is loaded when it is used."""

    def __init__(self, module: str, name: str) -> None:
        self._place = module, name

    def found(self) -> Any:
        """What it stands for."""
        module, name = self._place
        return getattr(importlib.import_module(module), name)

    def __call__(self, *values: Any, **named: Any) -> Any:
        return self.found()(*values, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.found(), name)


class _LateModule(ModuleType):
    """Stands for a module in those that import it now; what they ask of it later comes from the module itself."""

    def found(self) -> Any:
        """What it stands for."""
        return importlib.import_module(self.__name__)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        is_standing_in = sys.modules.get(self.__name__) is self
        return _LateName(self.__name__, name) if is_standing_in else getattr(self.found(), name)


@contextmanager
def loaded_late(names: tuple[str, ...]) -> Iterator[None]:
    """Lets modules that are imported inside have others by name only; those that are loaded already stay as they are.

    Afterwards nothing stands in their place: who imports them gets them.
    """
    stand_ins = {name: _LateModule(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


def found_when_asked(module: ModuleType) -> None:
    """Has a module look for what it has by name only when it is asked for it, so that nobody meets a stand-in."""
    late = {name: value for name, value in vars(module).items() if isinstance(value, _LateName | _LateModule)}
    for name in late:
        delattr(module, name)

    def found(name: str) -> Any:
        if name not in late:
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return late[name].found()

    module.__getattr__ = found  # type: ignore[method-assign]


def _mesa() -> ModuleType:
    """Mesa with as little as its version can be read with: one that builds on what is late is read again without."""
    if "mesa" in sys.modules:
        return sys.modules["mesa"]
    for late in ((*OUTSIDE, *UNUSED), OUTSIDE):
        try:
            with loaded_late(late):
                mesa = importlib.import_module("mesa")
            found_when_asked(mesa)
        except Exception:  # noqa: BLE001
            for name in [name for name in sys.modules if name.split(".")[0] == "mesa"]:
                del sys.modules[name]
        else:
            return mesa
    return importlib.import_module("mesa")


mesa = _mesa()
Model, Agent = mesa.Model, mesa.Agent
