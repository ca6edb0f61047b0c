"""`python -m experiments.lab.bench [--quick] [--only NAME ...]`: prints every ratio and writes bench.json."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from experiments.execute.batches import one_thread_each

one_thread_each()  # before numpy is imported: all figures are for one core

from experiments.errors import UsageError  # noqa: E402
from experiments.lab.bench import against, kernels, startup, sweep, world  # noqa: E402
from experiments.lab.bench.books import measure as books  # noqa: E402
from experiments.lab.bench.credit import pool  # noqa: E402
from experiments.lab.bench.credit import world as credit  # noqa: E402
from experiments.lab.bench.result import Measured, Skipped  # noqa: E402
from experiments.lab.bench.studies import on_slurm, runs  # noqa: E402

BENCHMARKS: dict[str, tuple[tuple[str, ...], Callable[[bool], Any]]] = {
    "world_1000": (("world_1000",), lambda quick: world.measure_world(1000, quick)),
    "world_10000": (("world_10000",), lambda quick: world.measure_world(10_000, quick)),
    "scale": (("scale",), world.measure_scale),
    "sweep": (("sweep_efficiency",), sweep.measure_sweep),
    "slurm": (("slurm_allotted", "slurm_call"), on_slurm.measure_slurm),
    "composing": (("composing",), sweep.measure_composing),
    "runs": (("unchanged_folder", "interval", "beyond_a_run", "runs_memory"), runs.measure_runs),
    "start_up": (("start_version", "start_day", "start_composed_day"), startup.measure_start_up),
    "recording": (("recording",), world.measure_recording),
    "notes_and_funds": (("notes_and_funds",), world.measure_notes_and_funds),
    "information": (("information",), world.measure_information),
    "resale": (("resale",), credit.measure_resale),
    "credit": (("credit",), credit.measure_credit),
    "credit_only": (("credit_only",), credit.measure_credit_only),
    "pool": (("pool",), pool.measure_pool),
    "products": (("products",), world.measure_products),
    "laws": (("laws",), world.measure_laws),
    "population": (("population",), kernels.measure_population),
    "auction": (("auction",), kernels.measure_auction),
    "order_book": (("order_book", "order_book_replay", "order_book_c"), books.measure_order_book),
}
BESIDE: dict[str, tuple[tuple[str, ...], Callable[[str, bool], Any]]] = {  # beside the build named by --against
    "against_1000": (("against_1000",), lambda commit, quick: against.measure_years(commit, 1000, quick)),
    "against_10000": (("against_10000",), lambda commit, quick: against.measure_years(commit, 10_000, quick)),
    "against_100000": (("against_100000",), lambda commit, quick: against.measure_years(commit, 100_000, quick)),
    "against_first_day": (("against_first_day",), against.measure_first_day),
    "against_study": (("against_study", "against_report"), against.measure_study),
}


def main(arguments: list[str]) -> int:
    """Runs the benchmarks asked for; 0 if all have run, whether or not they reach their goals, 2 if none could."""
    parser = argparse.ArgumentParser(prog="python -m experiments.lab.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter and noisier")
    known = [*BENCHMARKS, *BESIDE]
    parser.add_argument("--only", nargs="+", choices=known, metavar="NAME", help=", ".join(known))
    parser.add_argument("--against", metavar="REV", help=f"earlier build: default the last tag, or {against.FIRST}")
    parser.add_argument("--out", type=Path, default=Path("bench.json"), help="file to write, default ./bench.json")
    asked = parser.parse_args(arguments)
    names = asked.only or (list(BESIDE) if asked.against else known)
    commit = ""
    if set(names) & set(BESIDE):
        try:
            commit = against.named(asked.against)
        except UsageError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 2
    benchmarks = BENCHMARKS | {name: (keys, partial(measure, commit)) for name, (keys, measure) in BESIDE.items()}
    found: dict[str, Measured] = {}
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        keys, measure = benchmarks[name]
        try:
            measured = measure(asked.quick)
        except Skipped as why:
            print(f"{name} is skipped: {why}", file=sys.stderr, flush=True)
            continue
        found.update(zip(keys, [measured] if isinstance(measured, Measured) else measured, strict=False))
        write(found, asked.out)  # one that fails later, or is stopped, loses none of these
    show(found)
    write(found, asked.out)
    print(asked.out)
    return 0


def write(found: dict[str, Measured], out: Path) -> None:
    """bench.json."""
    said = {name: as_json(one) for name, one in found.items()}
    out.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


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

    table = Table(title="Speed on one core (studies on all); both sides timed by turns in this run")
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
