"""Which parameters matter: all that is swept is screened by Morris, what moves an endpoint gets Sobol' indices."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from experiments.analyse.fits import sensitivity
from experiments.configuration.settings import Settings, Study
from experiments.errors import ABSENT, Problem, UsageError
from experiments.kinds.kind import Kind, Rows
from experiments.results import NO_SHOCK, Results
from experiments.store.files import write_rows
from experiments.study.designs import drawn
from experiments.wording import digits, listed, metric_label, name_of
from sim.vocabulary import Share

if TYPE_CHECKING:
    import pyarrow as pa

    from experiments.plots.style import Plot
    from experiments.study.runs import Layout

INCOMPLETE = 3  # as for runs that are missing
NAMED = 3  # keys that a sentence names
NUMBERS = ("mu_star", "mu_star_half", "mu", "sigma", "first", "first_half", "total", "total_half")


class Sensitivity(Kind):
    """Screens what is swept by Morris' elementary effects, then gives Sobol' indices of what is kept.

    A key is kept whose mean absolute effect on any endpoint is at least `keep` of the largest, at the upper end of its
    interval. Outputs are means over seeds, which all points share. `study.design=sobol` leaves the screening out, and
    `sobol_points=0` the indices.
    """

    compares_arms = False
    tables = ("sensitivity",)
    figures = ()
    keep: Share = 0.1
    sobol_points: int = Field(default=64, ge=0)  # base points: a power of two
    resamples: int = Field(default=1000, ge=100)  # of the design's samples, for intervals

    @field_validator("sobol_points")
    @classmethod
    def _a_power_of_two(cls, points: int) -> int:
        if points & (points - 1):
            raise ValueError("must be a power of two, or 0 for none")
        return points

    def checked(self, settings: Settings) -> Settings:
        """Endpoints and a design of Morris or Sobol' must be there; forks are not."""
        study, problems = settings.study, []
        if not study.endpoints:
            problems.append(Problem("study.endpoints", ABSENT, "must name the outputs whose sensitivity is asked"))
        if study.design not in {"morris", "sobol"}:
            allowed = "must be morris or sobol for a study of sensitivity"
            problems.append(Problem("study.design", study.design, allowed))
        if study.fork:
            problems.append(Problem("study.fork", ABSENT, "cannot be set for a study of sensitivity"))
        if problems:
            raise UsageError("the study cannot be read; nothing was run", problems)
        return settings

    def further(self, results: Results) -> Layout | None:
        """After the screening, Sobol's layout over the keys that it keeps."""
        design = results.table_if_any("design.parquet")
        if design is None or not self.sobol_points or "matrix" in design:
            return None
        rows, refused = sensitivities(results, self)
        kept = kept_keys(rows, self.keep)
        if refused or not kept:
            return None
        told = f"{len(kept)} of {len(results.design.sweep)} keys go on to Sobol' indices: {', '.join(kept)}"
        print(f"{results.design.name}: {told}", flush=True)
        study = Study.model_validate(results.config["study"])
        asked = {"design": "sobol", "points": self.sobol_points, "sweep": {key: study.sweep[key] for key in kept}}
        whole = {key: design[key].dtype.kind == "i" for key in kept}
        return drawn(study.model_copy(update=asked), whole)

    def read(self, out: Path, settings: Settings) -> int:
        """Writes and prints the indices; INCOMPLETE where a design lacks runs or an output lacks values."""
        del settings
        results = Results(Path(out))
        rows, refused = sensitivities(results, self)
        write_rows(results.out / "sensitivity.parquet", rows, schema())
        show(rows, results.design.seeds)
        for text in refused:
            print(text)
        return INCOMPLETE if refused else 0

    def sentences(self, results: Results) -> Iterator[str]:
        """What moves each endpoint most, and what could not be told."""
        rows = results.table_if_any("sensitivity.parquet")
        for row in [] if rows is None else cells(rows.to_dict("records")):
            yield in_words(row)
        for _, _, found, refusal in outputs(results):
            if found is None:
                yield refusal

    def draw(self, results: Results) -> Iterator[Plot]:
        """The ranking of keys, a row an endpoint."""
        rows = results.table_if_any("sensitivity.parquet")
        if rows is not None and len(rows):
            yield from plots(rows.to_dict("records"), results.design.seeds)


def sensitivities(results: Results, kind: Sensitivity) -> tuple[Rows, list[str]]:
    """A row a design, arm, shock, endpoint and key; and in words what is refused, since it is incomplete."""
    rows: Rows = []
    refused: list[str] = []
    seeds = len(seeds_of(results))
    for laid, place, found, refusal in outputs(results):
        if laid is None or found is None:
            refused.append(refusal)
        else:
            rows += [place | {"seeds": seeds} | row for row in sensitivity.indices(laid, found, kind.resamples)]
    return rows, refused


def seeds_of(results: Results) -> list[int]:
    """The seeds that a folder's study asks for."""
    return sorted(int(seed) for seed in results.config.get("seeds") or results.runs["seed"].unique())


def outputs(results: Results) -> Iterator[tuple[Any, dict[str, Any], Any, str]]:
    """Each design, with arm, shock and endpoint, and its outputs; or none, and in words why nothing is told of it."""
    table, study, seeds = results.table_if_any("design.parquet"), results.config["study"], seeds_of(results)
    if table is None:
        yield None, {}, None, "Nothing is said of sensitivity: the folder holds no design (design.parquet)."
        return
    runs = results.paired
    for laid in sensitivity.laid_out(table, int(study["levels"])).values():
        for arm in results.design.whole_arms:
            for shock in results.design.shocks:
                cell = runs[(runs["arm"] == arm) & (runs["shock"] == shock)]
                for metric in results.design.endpoints:
                    place = {"design": laid.name, "arm": arm, "shock": shock, "metric": metric}
                    try:
                        if metric not in cell:
                            raise sensitivity.IncompleteError("no run has measured it")  # noqa: TRY301
                        found = sensitivity.outputs(laid, cell, results.design.sweep, metric, seeds)
                    except sensitivity.IncompleteError as reason:
                        yield laid, place, None, f"No {laid.name} index is given of {where(place)}: {reason}."
                    else:
                        yield laid, place, found, ""


def kept_keys(rows: Rows, share: float) -> list[str]:
    """The keys that move any endpoint of any arm and shock, in their order."""
    screened = [row for row in rows if row["design"] == "morris"]
    moving = {key for cell in cells(screened) for key in sensitivity.moving(cell, share)}
    return [key for key in dict.fromkeys(row["key"] for row in screened) if key in moving]


def cells(rows: Rows) -> list[Rows]:
    """The rows of each design, arm, shock and endpoint."""
    found: dict[tuple[Any, ...], Rows] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in ("design", "arm", "shock", "metric")), []).append(row)
    return list(found.values())


def where(row: dict[str, Any]) -> str:
    """An endpoint with its arm and shock in words."""
    under = "" if row["shock"] == NO_SHOCK else f" under {name_of(row['shock'])}"
    return f"{name_of(row['metric'])} ({name_of(row['arm'])}{under})"


def in_words(rows: Rows) -> str:
    """What moves one endpoint most: by Sobol's total index, or by Morris' mean absolute effect."""
    index = "total" if rows[0]["design"] == "sobol" else "mu_star"
    ranked = sorted(rows, key=lambda row: -row[index])
    moving = [row for row in ranked if row[index] > 0.0]
    if not moving:
        return f"Nothing that is swept moves {where(rows[0])} ({rows[0]['design']})."
    named = [f"{row['key']} {digits(row[index])} ± {digits(row[index + '_half'])}" for row in moving[:NAMED]]
    if index == "mu_star":
        return f"Screened by Morris, {where(rows[0])} answers most to {listed(named)} (mean absolute effect, its unit)."
    alone = sum(row["first"] for row in rows)
    return (
        f"Of the variance of {where(rows[0])}, Sobol' total indices give {listed(named)}; parameters alone, one by "
        f"one, account for {digits(alone)} of it."
    )


def schema() -> pa.Schema:
    """The types of `sensitivity.parquet`."""
    import pyarrow as pa

    texts = ("design", "arm", "shock", "metric", "key")
    return pa.schema([
        *((name, pa.string()) for name in texts), ("seeds", pa.int64()), *((name, pa.float64()) for name in NUMBERS),
    ])  # fmt: skip


def show(rows: Rows, seeds: int) -> None:
    """Prints the indices, the largest first."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Sensitivity, outputs are means over {seeds} seeds; ± half of a 95 % interval")
    for name in ("design", "output", "key", "mean absolute effect", "spread", "first", "total"):
        table.add_column(name, justify="left" if name in {"design", "output", "key"} else "right")
    for cell in cells(rows):
        for row in sorted(cell, key=lambda row: -(row.get("total") or row.get("mu_star") or 0.0)):
            table.add_row(
                row["design"], where(row), row["key"], told(row, "mu_star"), digits(row.get("sigma")),
                told(row, "first"), told(row, "total"),
            )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def told(row: dict[str, Any], name: str) -> str:
    """A figure with half of its interval."""
    value = row.get(name)
    return "–" if value is None or value != value else f"{digits(value)} ± {digits(row[f'{name}_half'])}"  # noqa: PLR0124


def plots(rows: Rows, seeds: int) -> Iterator[Plot]:
    """A figure a design: keys by rank with their intervals, a panel an endpoint, arm and shock."""
    from experiments.plots import style

    for design, words in (("morris", "mean absolute elementary effect"), ("sobol", "share of variance")):
        found = [cell for cell in cells(rows) if cell[0]["design"] == design]
        if not found:
            continue
        keys = max(len(cell) for cell in found)
        figure, axes = style.panels(len(found), 1, 0.5 + len(found) * (0.45 + 0.17 * keys))
        for panel, cell in zip(axes[:, 0], found, strict=True):
            ranked(panel, cell, design)
            panel.set_title(f"{metric_label(cell[0]['metric'])}, {where(cell[0]).rpartition('(')[2][:-1]}", fontsize=7)
        axes[-1, 0].set_xlabel(words, fontsize=7)
        if design == "sobol":
            style.legend_above(figure, axes[0, 0])
        caption = (
            f"What moves each output, a mean over {seeds} seeds, most first: {words} by {design}, with 95 % intervals "
            "of a bootstrap over the design and a jackknife over seeds."
        )
        yield style.Plot(f"sensitivity_{design}", figure, caption)


def ranked(panel: Any, cell: Rows, design: str) -> None:
    """Draws the keys of one output, the largest at the top."""
    from experiments.plots import style

    index = "total" if design == "sobol" else "mu_star"
    order = sorted(cell, key=lambda row: row[index])
    marks = [("total", 1, "total"), ("first", 2, "alone")] if design == "sobol" else [("mu_star", 1, None)]
    for number, (name, colour, label) in enumerate(marks):
        heights = [height - 0.16 * number for height in range(len(order))]
        panel.errorbar(
            [row[name] for row in order], heights, xerr=[row[f"{name}_half"] for row in order], fmt="o", markersize=3,
            color=style.PALETTE[colour], linewidth=1.0, label=label,
        )  # fmt: skip
    panel.axvline(0.0, color=style.GREY, linewidth=0.6)
    panel.set_yticks(range(len(order)), [row["key"] for row in order], fontsize=6)
    panel.set_ylim(-0.7, len(order) - 0.4)
