"""The exchange, where venues report: what the curve said and spot did, who holds what, bases, margin, depth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from experiments.plots import series, style
from experiments.results import NO_SHOCK, Design, MissingDataError, Results
from experiments.wording import in_quotes, the_shock

SPOT, FRONT = "index_transaction_usd_per_gpu_hour", "future_1_usd_per_gpu_hour"
SECOND, DEPTH, MARGIN = "future_2_usd_per_gpu_hour", "future_depth_contracts", "future_margin_share"
ROLL = "month_end"
CLASSES = ("landlords", "users", "funds", "speculators", "others")
MATURITIES = 6
DAYS_PER_MONTH = 30.4
MOVES_OVER = 20  # days, of the volatility that margin is held against


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure a shock, for the first arm that reported."""
    design, known = results.design, results.path_columns
    months = [m for m in range(1, MATURITIES + 1) if f"future_{m}_usd_per_gpu_hour" in known]
    prices = [f"future_{m}_usd_per_gpu_hour" for m in months]
    sides = [f"future_{m}_{who}_{side}_contracts" for m in months for who in CLASSES for side in ("long", "short")]
    if not {DEPTH, MARGIN, ROLL, SPOT, *sides} <= set(known):
        raise MissingDataError("no venue reported (venues.main.reports)")
    other = next((name for name in known if is_front(name) and name != FRONT), None)
    paths = results.first_paths([SPOT, ROLL, DEPTH, MARGIN, *prices, *sides, *([other] if other else [])])
    traded = paths.groupby("arm", sort=False)[DEPTH].apply(lambda depth: depth.notna().any())
    arms = [arm for arm in design.figure_arms if traded.get(arm, False)]
    if not arms:
        raise MissingDataError("no futures traded")
    for shock in [name for name in design.shocks if name != NO_SHOCK] or [NO_SHOCK]:
        figure, axes = style.panels(5, 1, 9.4)
        chosen = paths[(paths["arm"] == arms[0]) & (paths["shock"] == shock)].copy()
        fan(axes[0, 0], chosen[chosen["seed"] == chosen["seed"].min()], prices)
        for who in CLASSES:
            longs, shorts = ([f"future_{m}_{who}_{side}_contracts" for m in months] for side in ("long", "short"))
            chosen[who] = chosen[longs].sum(axis=1) - chosen[shorts].sum(axis=1)
        chosen["basis"] = 100.0 * np.log(chosen[FRONT] / chosen[SPOT])
        chosen["margin"] = 100.0 * chosen[MARGIN]
        chosen["moves"] = 100.0 * moves(chosen)
        lines(axes[1, 0], chosen, CLASSES, shock, design, "Net position, contracts")
        style.compact(axes[1, 0].yaxis)
        names = ["basis"]
        if other:
            chosen["other venue"] = 100.0 * np.log(chosen[other] / chosen[FRONT])
            names.append("other venue")
        lines(axes[2, 0], chosen, names, shock, design, "Log, %")
        lines(axes[3, 0], chosen, ["margin", "moves"], shock, design, "% of notional; % a day")
        chosen["depth"] = chosen[DEPTH]
        lines(axes[4, 0], chosen, ["depth"], shock, design, "Contracts within 1 %")
        style.compact(axes[4, 0].yaxis)
        titles = ("What the curve said, and what the index did", "Open interest by class of trader",
                  "Basis of the nearest month", "Initial margin, and moves", "Depth")  # fmt: skip
        for panel, title in zip(axes[:, 0], titles, strict=True):
            panel.set_title(title)
        yield style.Plot(f"exchange_{shock}", figure, _caption(arms[0], shock, bool(other), design))


def is_front(column: str) -> bool:
    """Whether a column is the price of a venue's nearest month."""
    return column.startswith("future_") and column.endswith("_1_usd_per_gpu_hour")


def fan(panel: object, run: pd.DataFrame, prices: list[str]) -> None:
    """Draw the index of one run by day, and on month ends the curve that was then listed, by when months deliver."""
    panel.plot(run["day"], run[SPOT], color=style.GREY, linewidth=0.8, label="index")
    ends = run[run[ROLL] > 0.0]
    for i, (day, row) in enumerate(zip(ends["day"], ends[prices].to_numpy(), strict=True)):
        ahead = day + DAYS_PER_MONTH * (np.arange(len(row)) - 0.5)
        name = "curve at a month's end" if i == 0 else None
        panel.plot(
            ahead[1:], row[1:], "-", marker="o", markersize=1.5, linewidth=0.6, color=style.PALETTE[0], label=name
        )
    panel.set_xlabel("Day")
    panel.set_ylabel("USD per GPU-hour")
    panel.margins(x=0)
    panel.legend()


def moves(runs: pd.DataFrame) -> pd.Series:
    """Root mean square of daily log moves of the second month over the last days, by run; rolls left out."""
    logs = np.log(runs[SECOND]).groupby(runs["seed"])
    rolled = runs.groupby("seed")[ROLL].shift(1) > 0.0
    square = (logs.diff() ** 2).mask(rolled)
    mean = square.groupby(runs["seed"]).rolling(MOVES_OVER, min_periods=MOVES_OVER // 2).mean()
    return np.sqrt(mean.droplevel(0).reindex(runs.index))


def lines(panel: object, runs: pd.DataFrame, names: object, shock: str, design: Design, unit: str) -> None:
    """Draw medians over seeds of columns by day since the shock; those that are nought throughout are left out."""
    style.shade_event(panel, design, shock)
    for i, name in enumerate(names):
        days, values = series.since_shock(runs.pivot(index="day", columns="seed", values=name), design, shock)
        known = np.isfinite(values).any(axis=1)
        if known.any() and np.nanmax(np.abs(values[known])) > 0.0:
            look = {"color": style.PALETTE[i % len(style.PALETTE)], "linestyle": style.DASHES[i % len(style.DASHES)]}
            style.middle(panel, days[known], values[known], label=name, **look)
    panel.set_xlabel("Day" if design.start_of(shock) is None else "Days since the shock")
    panel.set_ylabel(unit)
    panel.margins(x=0)
    if len(panel.get_legend_handles_labels()[0]) > 1:
        panel.legend(ncols=2)


def _caption(arm: str, shock: str, other: bool, design: Design) -> str:
    event = f" under {the_shock(shock)}" if shock != NO_SHOCK else ""
    second = " and of another venue's nearest month over the main one's" if other else ""
    return (
        f"The exchange in the arm {in_quotes(arm)}{event}. From above: in the first seed the transaction index by day, "
        "and at each month's end the curve then listed, each month drawn at its middle; net positions by class, all "
        f"months; log of the nearest month over the transaction index{second}; initial margin as a share of notional, "
        f"and the root mean square of the second month's daily moves over {MOVES_OVER} days; contracts wanted within "
        f"1 % of the second month's price on both sides. All but the first: medians over {design.seeds} seeds."
    )
