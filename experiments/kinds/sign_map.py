"""A map of signs: contrasts over draws of the assumptions that may decide them; in which share they keep their sign."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from experiments.analyse import stats
from experiments.configuration.settings import NO_SHOCK, Settings, Strict, WrongValue
from experiments.kinds.kind import Kind, Rows, write_table
from experiments.results import Results
from experiments.store.files import write_rows
from experiments.wording import digits, listed, metric_label, name_of, scaled

if TYPE_CHECKING:
    import pyarrow as pa

    from experiments.plots.style import Plot

LEVEL = 0.05
DIGITS = 4  # of a drawn value
FEWEST = 5  # draws from which on a rank correlation is told


class Range(Strict):
    """Between which values an assumption is plausible, and which keys of the world hold it: its own name if none."""

    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"
    keys: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _spans_something(self) -> Range:
        if self.high <= self.low:
            raise WrongValue("high", self.high, f"must be greater than low = {self.low:g}")
        if self.scale == "log" and self.low <= 0.0:
            raise WrongValue("low", self.low, "must be greater than 0 on a log scale")
        return self

    def at(self, share: float) -> float:
        """The value at a share of the way from low to high, to four digits."""
        value = self.low + share * (self.high - self.low)
        if self.scale == "log":
            value = self.low * (self.high / self.low) ** share
        return float(f"{value:.{DIGITS}g}")


class SignMap(Kind):
    """Runs every arm of the study in worlds that draw their assumptions; a draw is shared by all arms and seeds.

    The draws are keyed by number and assumption: more draws, or another assumption, leave all others as they were.
    """

    compares_arms = False
    tables = ("sign_map",)
    figures = ()
    draws: int = Field(default=24, ge=2)
    ranges: dict[str, Range] = Field(default_factory=dict)

    def values(self, draw: int) -> dict[str, float]:
        """Assumption -> value of a draw, counted from 1."""
        return {name: span.at(share_of(name, draw)) for name, span in self.ranges.items()}

    def study(self, given: dict[str, Any]) -> dict[str, Any]:
        """Every arm and contrast once a draw, named after it."""
        arms, contrasts = given.get("arms"), given.get("contrasts")
        if not isinstance(arms, dict) or not isinstance(contrasts, dict) or not self._readable(arms, contrasts):
            return given
        drawn, compared = {}, {}
        for draw in range(1, self.draws + 1):
            changes = [f"{key}={value!r}" for name, value in self.values(draw).items() for key in self.keys(name)]
            drawn.update({in_draw(arm, draw): [*own, *changes] for arm, own in arms.items()})
            for name, contrast in contrasts.items():
                weights = {in_draw(arm, draw): weight for arm, weight in contrast["arms"].items()}
                compared[in_draw(name, draw)] = {**contrast, "arms": weights}
        return {**given, "arms": drawn, "contrasts": compared, "baseline": None, "shown": []}

    def keys(self, name: str) -> list[str]:
        """The keys of the world that an assumption sets."""
        return self.ranges[name].keys or [name]

    def _readable(self, arms: Mapping[str, Any], contrasts: Mapping[str, Any]) -> bool:
        """Whether arms and contrasts have the shape that can be drawn; what has not is told when the study is read."""
        whole = all(isinstance(own, list) for own in arms.values())
        return whole and all(isinstance(c, dict) and isinstance(c.get("arms"), dict) for c in contrasts.values())

    def checked(self, settings: Settings) -> Settings:
        """Ranges, contrasts and endpoints must be there, and no shocks or sweeps."""
        from experiments.errors import Problem, UsageError

        study = settings.study
        problems = [
            Problem(f"study.{name}", None, "must be given for a map of signs")
            for name in ("contrasts", "endpoints")
            if not getattr(study, name)
        ]
        if not self.ranges:
            problems.append(
                Problem("study.kind.ranges", None, "must give what is drawn: {name: {low, high, scale, keys}}")
            )
        problems += [
            Problem(f"study.{name}", list(given), "cannot be set for a map of signs")
            for name, given in (("shocks", set(study.shocks) - {NO_SHOCK}), ("sweep", study.sweep))
            if given
        ]
        if problems:
            raise UsageError("the study cannot be read; nothing was run", problems)
        return settings

    def read(self, out: Path, settings: Settings) -> int:
        """Writes the effects by draw and the map, and prints it."""
        del settings
        results = Results(Path(out))
        write_rows(results.out / "sign_map_draws.parquet", by_draw(results, self), draws_schema(self))
        write_table(results.out, "sign_map", lambda read: sign_map(by_draw(read, self), self), schema(), show)
        return 0

    def sentences(self, results: Results) -> Iterator[str]:
        """How often each contrast has which sign, and what goes with it."""
        table = results.table_if_any("sign_map.parquet")
        rows = [] if table is None else table.to_dict("records")
        if rows:
            told = f"{max(row['draws'] for row in rows)} draws of {listed([name_of(name) for name in self.ranges])}"
            yield f"Over {told}, each for itself: an effect is clear where p < .05 in its draw, without correction."
        for contrast in dict.fromkeys(row["contrast"] for row in rows):
            parts = [in_words(row) for row in rows if row["contrast"] == contrast]
            yield f"{name_of(contrast, capital=True)}: {'; '.join(parts)}."

    def draw(self, results: Results) -> Iterator[Plot]:
        """Shares of signs, and the rank correlation of each effect with each assumption."""
        table = results.table_if_any("sign_map_draws.parquet")
        if table is not None and len(table):
            yield plot(sign_map(table.to_dict("records"), self), table.to_dict("records"), self)


# ---- draws


def in_draw(name: str, draw: int) -> str:
    """The name of an arm or contrast in a draw."""
    return f"{name}.d{draw:02d}"


def share_of(name: str, draw: int) -> float:
    """A number between 0 and 1 for an assumption in a draw, the same whatever else is drawn."""
    key = np.frombuffer(hashlib.sha256(name.encode()).digest()[:8], dtype=np.uint64)[0]
    return float(np.random.Generator(np.random.Philox(key=[key, np.uint64(draw)])).uniform())


def by_draw(results: Results, kind: SignMap) -> Rows:
    """A row a contrast, endpoint and draw: the mean over seeds with interval and p, and the values drawn."""
    runs = results.finished[results.finished["shock"] == NO_SHOCK]
    frames = {arm: rows.set_index("seed").sort_index() for arm, rows in runs.groupby("arm")}
    places, pairs = [], []
    for name, contrast in results.design.contrasts.items():
        base, _, draw = name.rpartition(".d")
        if not contrast.weights.keys() <= frames.keys():
            continue
        seeds = set.intersection(*(set(frames[arm].index) for arm in contrast.weights))
        for metric in results.design.endpoints:
            terms = [(w, frames[arm].loc[sorted(seeds), metric].to_numpy(float)) for arm, w in contrast.weights.items()]
            places.append({"contrast": base, "metric": metric, "draw": int(draw)})
            pairs.append(stats.paired(terms))
    return [
        place | {"n": one.n, "estimate": one.estimate, "low": one.low, "high": one.high, "p": one.p}
        | kind.values(place["draw"])
        for place, one in zip(places, stats.estimates(pairs), strict=True)
        if one.n
    ]  # fmt: skip


# ---- the map


def sign_map(drawn: Rows, kind: SignMap) -> Rows:
    """A row a contrast and endpoint: the share of draws with each sign, how many are clear, what goes with it."""
    cells: dict[tuple[str, str], Rows] = {}
    for row in drawn:
        cells.setdefault((row["contrast"], row["metric"]), []).append(row)
    return [{"contrast": name, "metric": metric} | signs(rows, kind) for (name, metric), rows in cells.items()]


def signs(rows: Rows, kind: SignMap) -> dict[str, Any]:
    """What the draws of one contrast and endpoint say."""
    found = np.array([row["estimate"] for row in rows], dtype=np.float64)
    clear = np.array([row["p"] is not None and row["p"] < LEVEL for row in rows])
    with_it, correlation, p = strongest(rows, found, kind)
    return {
        "draws": len(rows), "higher": float((found > 0.0).mean()), "lower": float((found < 0.0).mean()),
        "unchanged": float((found == 0.0).mean()), "clear_higher": int((clear & (found > 0.0)).sum()),
        "clear_lower": int((clear & (found < 0.0)).sum()), "median": float(np.median(found)),
        "lowest": float(found.min()), "highest": float(found.max()),
        "goes_with": with_it, "rank_correlation": correlation, "p": p,
    }  # fmt: skip


def strongest(rows: Rows, found: np.ndarray, kind: SignMap) -> tuple[str | None, float | None, float | None]:
    """The assumption with the largest rank correlation; p times the number of assumptions. None for few draws."""
    known = {name: rho for name in kind.ranges if (rho := rank_correlation(rows, found, name)) is not None}
    if not known:
        return None, None, None
    name = max(known, key=lambda key: abs(known[key]))
    return name, known[name], min(1.0, len(kind.ranges) * rank_p(known[name], len(rows)))


def rank_correlation(rows: Rows, found: np.ndarray, name: str) -> float | None:
    """Spearman's rank correlation of an effect with an assumption over draws; None where it does not exist."""
    drawn = np.array([row[name] for row in rows], dtype=np.float64)
    if len(rows) < FEWEST or not np.ptp(drawn) or not np.ptp(found):
        return None
    from scipy.stats import rankdata

    return float(np.corrcoef(rankdata(drawn), rankdata(found))[0, 1])


def rank_p(correlation: float, draws: int) -> float:
    """Two-sided p of a rank correlation by Student's t."""
    from scipy.special import stdtr

    left = 1.0 - correlation**2
    return 0.0 if left <= 0.0 else float(2.0 * stdtr(draws - 2, -abs(correlation) * math.sqrt((draws - 2) / left)))


def in_words(row: Mapping[str, Any]) -> str:
    """Rent volatility higher in 17 of 24 draws (9 clear), lower in 7 (2 clear), with relet share (+.71)."""
    n, parts = row["draws"], []
    for sign in ("higher", "lower"):
        number, clear = round(row[sign] * n), row[f"clear_{sign}"]
        if number:
            parts.append(f"{sign} in {number}" + (f" of {n} draws" if not parts else "") + f" ({clear} clear)")
    text = f"{name_of(row['metric'])} {', '.join(parts) or 'unchanged in all draws'}"
    if row["goes_with"] and row["p"] < LEVEL:
        text += f", going with {name_of(row['goes_with'])} (rank correlation {digits(row['rank_correlation'], True)})"
    return text


def schema() -> pa.Schema:
    """The types of `sign_map.parquet`."""
    import pyarrow as pa

    return pa.schema([
        ("contrast", pa.string()), ("metric", pa.string()), ("draws", pa.int64()),
        *((name, pa.float64()) for name in ("higher", "lower", "unchanged")),
        ("clear_higher", pa.int64()), ("clear_lower", pa.int64()),
        *((name, pa.float64()) for name in ("median", "lowest", "highest")),
        ("goes_with", pa.string()), ("rank_correlation", pa.float64()), ("p", pa.float64()),
    ])  # fmt: skip


def draws_schema(kind: SignMap) -> pa.Schema:
    """The types of `sign_map_draws.parquet`: a column for each assumption at the end."""
    import pyarrow as pa

    return pa.schema([
        ("contrast", pa.string()), ("metric", pa.string()), ("draw", pa.int64()), ("n", pa.int64()),
        *((name, pa.float64()) for name in ("estimate", "low", "high", "p", *kind.ranges)),
    ])  # fmt: skip


def show(rows: Rows, seeds: int) -> None:
    """Print the map."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"In which share of draws each contrast has which sign, {seeds} seeds a draw")
    for name in ("contrast", "endpoint", "draws", "higher", "clear", "lower", "clear", "median", "goes with"):
        table.add_column(name, justify="left" if name in {"contrast", "endpoint", "goes with"} else "right")
    for row in rows:
        with_it = f"{row['goes_with']} {row['rank_correlation']:+.2f}" if row["goes_with"] else "–"
        middle = digits(scaled(row["metric"], row["median"]), signed=True)
        table.add_row(
            name_of(row["contrast"]), metric_label(row["metric"]), str(row["draws"]), f"{row['higher']:.0%}",
            str(row["clear_higher"]), f"{row['lower']:.0%}", str(row["clear_lower"]), middle, with_it,
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def plot(rows: Rows, drawn: Rows, kind: SignMap) -> Plot:
    """Left the share of draws by sign, dark where clear; right the rank correlation with each assumption."""
    from experiments.plots import style

    figure, axes = style.panels(1, 2, 1.1 + 0.2 * len(rows), sharey=True, width_ratios=(1.0, 1.0))
    bars, heat = axes[0]
    for height, row in enumerate(rows):
        for sign, side, shade in (("higher", 1.0, style.PALETTE[2]), ("lower", -1.0, style.PALETTE[1])):
            bars.barh(height, side * row[sign], color=shade, alpha=0.35, height=0.7)
            bars.barh(height, side * row[f"clear_{sign}"] / row["draws"], color=shade, height=0.7)
    bars.axvline(0.0, color=style.GREY, linewidth=0.8)
    bars.set_xlim(-1.0, 1.0)
    bars.set_yticks(range(len(rows)), [f"{name_of(r['contrast'])}: {name_of(r['metric'])}" for r in rows], fontsize=5.5)
    bars.set_ylim(len(rows) - 0.5, -0.5)
    bars.set_xlabel("lower | higher, share of draws", fontsize=6.5)
    heat.imshow(correlations(rows, drawn, kind), cmap="RdBu_r", vmin=-1.0, vmax=1.0, aspect="auto")
    heat.set_xticks(
        range(len(kind.ranges)), [name_of(name) for name in kind.ranges], rotation=60, ha="right", fontsize=5.5
    )
    heat.set_title("rank correlation", fontsize=6.5, loc="center")
    heat.grid(visible=False)
    caption = (
        f"Share of {max(row['draws'] for row in rows)} draws of assumptions in which a contrast raises or lowers an "
        "endpoint; dark: p < .05 in the draw by itself. Right: rank correlation of the effect with each assumption "
        "over draws, red where they rise together, blue where one falls."
    )
    return style.Plot("sign_map", figure, caption)


def correlations(rows: Rows, drawn: Rows, kind: SignMap) -> np.ndarray:
    """Rank correlations (rows, assumptions); nan where there are none."""
    cells: dict[tuple[str, str], Rows] = {}
    for row in drawn:
        cells.setdefault((row["contrast"], row["metric"]), []).append(row)
    table = []
    for row in rows:
        mine = cells[row["contrast"], row["metric"]]
        found = np.array([one["estimate"] for one in mine], dtype=np.float64)
        known = [rank_correlation(mine, found, name) for name in kind.ranges]
        table.append([math.nan if rho is None else rho for rho in known])
    return np.array(table)
