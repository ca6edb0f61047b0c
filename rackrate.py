"""The program `rackrate`, also `python -m rackrate`: looks whether its packages are its own, then starts it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

HOME = Path(__file__).resolve().parent
PACKAGES = ("experiments", "sim", "agents", "configs")
WRONG_USE = 2


def strangers() -> dict[str, str]:
    """Name -> place of every package that stands before Rackrate's of the same name; nothing is imported for it."""
    found = {}
    for name in PACKAGES:
        spec = find_spec(name)
        place = Path(spec.origin).resolve() if spec and spec.origin else None
        if place is None or HOME / name not in place.parents:
            found[name] = str(place or "nowhere")
    return found


def advice() -> str:
    """What to do about a stranger."""
    return (
        f"is another package of that name, Rackrate's lies in {HOME}; give yours another name, or take its folder "
        "from PYTHONPATH (the working folder and the one above --config-dir are searched without it)"
    )


def main() -> int:
    """The exit status of the program; 2, and nothing is imported, where a stranger stands before a package of ours."""
    found = strangers()
    if found:
        told = [f"  {name} = {place!r}: {advice()}" for name, place in found.items()]
        print("\n".join(["rackrate: nothing was run", *told]), file=sys.stderr)
        return WRONG_USE
    from experiments.run import main as program

    return program()


if __name__ == "__main__":
    sys.exit(main())
