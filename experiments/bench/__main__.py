"""`python -m experiments.bench [--quick] [--only NAME ...]`: prints every ratio and writes bench.json."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.execute import one_thread_each

one_thread_each()  # before numpy is imported: all figures are for one core

from experiments.bench import kernels, startup, sweep, world  # noqa: E402
from experiments.bench.result import Measured  # noqa: E402

BENCHMARKS: dict[str, tuple[tuple[str, ...], Callable[[bool], Any]]] = {
    "world_1000": (("year_1000", "world_1000"), lambda quick: world.measure_world(1000, 2.0, quick)),
    "world_10000": (("year_10000", "world_10000"), lambda quick: world.measure_world(10_000, 3.0, quick)),
    "sweep": (("sweep_efficiency",), sweep.measure_sweep),
    "start_up": (("start_version", "start_day", "start_composed_day"), startup.measure_start_up),
    "recording": (("recording",), world.measure_recording),
    "notes_and_funds": (("notes_and_funds",), world.measure_notes_and_funds),
    "products": (("products",), world.measure_products),
    "laws": (("laws",), world.measure_laws),
    "population": (("population",), kernels.measure_population),
    "auction": (("auction",), kernels.measure_auction),
}


def main(arguments: list[str]) -> int:
    """Runs the benchmarks asked for; 0 if all have run, whether or not they reach their goals."""
    parser = argparse.ArgumentParser(prog="python -m experiments.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter and noisier")
    parser.add_argument("--only", nargs="+", choices=list(BENCHMARKS), metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--out", type=Path, default=Path("bench.json"), help="file to write, default ./bench.json")
    asked = parser.parse_args(arguments)
    found: dict[str, Measured] = {}
    for name in asked.only or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        names, measure = BENCHMARKS[name]
        measured = measure(asked.quick)
        found.update(zip(names, [measured] if isinstance(measured, Measured) else measured, strict=True))
    show(found)
    asked.out.write_text(json.dumps({name: as_json(one) for name, one in found.items()}, indent=1) + "\n")
    print(asked.out)
    return 0


def as_json(one: Measured) -> dict[str, float | str]:
    """What bench.json keeps of a benchmark."""
    return {
        "ratio": round(one.ratio, 4),
        "seconds": round(one.seconds, 7),
        "reference_seconds": round(one.reference_seconds, 7),
        "unit": one.unit,
    }


def show(found: dict[str, Measured]) -> None:
    """The table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Speed on one core; both sides timed by turns in this run")
    table.add_column("benchmark")
    for title in ("ratio", "seconds", "reference"):
        table.add_column(title, justify="right")
    for title in ("per", "goal", ""):
        table.add_column(title)
    for one in found.values():
        seconds, reference = f"{one.seconds:.4g}", f"{one.reference_seconds:.4g}"
        table.add_row(
            one.what, f"{one.ratio:.3g}", seconds, reference, one.unit, one.reach, "ok" if one.ok else "short"
        )
    console = Console()
    Console(width=max(console.width, 150)).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
