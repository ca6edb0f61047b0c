"""Cash by use over time: of landlords together, and of a vehicle whose notes are as documented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from experiments.plots import credit, style
from experiments.results import NO_SHOCK, Design, MissingDataError, Results
from experiments.wording import in_quotes, the_shock

BORROWERS = {  # use -> its name, in the order in which cash is spent
    "running": "running cost", "fees": "commitment fees", "interest": "interest", "principal": "principal due",
    "swept": "swept", "distributed": "paid out",
}  # fmt: skip
VEHICLE = {
    "fees": "fees", "interest_senior": "senior interest", "interest_mezzanine": "mezzanine interest",
    "interest_junior": "junior interest", "repaid": "principal of notes", "kept": "kept for new loans",
    "reserve": "into the reserve", "residual": "to the residual",
}  # fmt: skip
COLOURS = ("#BBBBBB", "#E69F00", "#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#F0E442", "#D55E00")
KEPT = "kept"
MILLION = 1e6
WIDE = 26.0  # days of a bar


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure a shock: of landlords in the first arm with loans, of the vehicle in the first with a deal."""
    design = results.design
    loans = credit.arms_with(results, *(f"cash_{use}_usd" for use in (*BORROWERS, "received", "hedges")))[0]
    deal = _deal_arm(results)
    for shock in credit.shocks_of(design):
        figure, axes = style.panels(2 if deal else 1, 1, 4.6 if deal else 2.4)
        figure.set_figwidth(1.6 * style.WIDTH_IN)
        _borrowers(axes[0, 0], results, loans, shock)
        if deal:
            _vehicle(axes[1, 0], results, deal, shock)
        for panel in axes[:, 0]:
            panel.set_xlabel("Day" if design.start_of(shock) is None else "Days since the shock")
        yield style.Plot(f"waterfall_{shock}", figure, _caption(loans, deal, shock, design))


def _deal_arm(results: Results) -> str | None:
    try:
        return credit.arms_with(results, *(f"deal_{use}_usd" for use in (*VEHICLE, "collected")))[0]
    except MissingDataError:
        return None


def _borrowers(panel: Any, results: Results, arm: str, shock: str) -> None:
    uses = [f"cash_{use}_usd" for use in (*BORROWERS, "received", "hedges")]
    months = _months(results, arm, shock, uses)
    income = months["cash_received_usd"] + months["cash_hedges_usd"]
    spent = sum(months[f"cash_{use}_usd"] for use in BORROWERS)
    parts = {name: months[f"cash_{use}_usd"] for use, name in BORROWERS.items()}
    parts["kept"] = np.maximum(0.0, income - spent)
    _stack(panel, months.index, parts, income, "received", results.design, shock)
    panel.set_title(f"Landlords' cash a month, {style.label(arm)}")


def _vehicle(panel: Any, results: Results, arm: str, shock: str) -> None:
    months = _months(results, arm, shock, [f"deal_{use}_usd" for use in (*VEHICLE, "collected")])
    parts = {name: np.maximum(0.0, months[f"deal_{use}_usd"]) for use, name in VEHICLE.items()}
    _stack(panel, months.index, parts, months["deal_collected_usd"], "collected", results.design, shock)
    panel.set_title(f"The vehicle's cash a month, {style.label(arm)}")


def _months(results: Results, arm: str, shock: str, columns: Sequence[str]) -> pd.DataFrame:
    """Means over seeds of columns at month ends, by days since the shock."""
    design = results.design
    days = credit.days_of(results, arm, shock, [credit.MONTH_END, *columns])
    days = days[days[credit.MONTH_END] > 0.0]
    found = {}
    for column in columns:
        since, values = credit.since_shock(days, column, design, shock)
        found[column] = pd.Series(values.mean(axis=1), index=since)
    return pd.DataFrame(found)


def _stack(
    panel: Any, since: Any, parts: dict[str, Any], total: Any, name: str, design: Design, shock: str
) -> None:  # fmt: skip
    """Stack what is not nought throughout, with the total as steps over it."""
    style.shade_event(panel, design, shock)
    floor = np.zeros(len(since))
    for (label, values), colour in zip(parts.items(), COLOURS, strict=False):
        heights = np.asarray(values) / MILLION
        if heights.any():
            panel.bar(since, heights, WIDE, bottom=floor, color=colour, linewidth=0, label=label)
            floor = floor + heights
    panel.plot(since, np.asarray(total) / MILLION, "o", color="black", markersize=2.2, label=name)
    panel.set_ylabel("Million USD")
    panel.set_ylim(0.0, 1.05 * max(float(floor.max(initial=0.0)), float(np.max(total)) / MILLION, 1e-9))
    style.compact(panel.yaxis)
    panel.set_xlim(since.min() - WIDE, since.max() + WIDE)
    handles, names = panel.get_legend_handles_labels()
    panel.legend(handles[::-1], names[::-1], loc="center left", bbox_to_anchor=(1.01, 0.5))  # as they are stacked


def _caption(arm: str, deal: str | None, shock: str, design: Design) -> str:
    event = f" under {the_shock(shock)}" if shock != NO_SHOCK else ""
    more = ""
    if deal:
        more = (
            f" Below: what the vehicle of the arm {in_quotes(style.label(deal))} pays out of what it collects "
            "(principal kept for new loans is collected again); above the dots: out of its reserve."
        )
    return (
        f"Cash by use, a bar a month{event}; means over {design.seeds} seeds. Landlords of the arm "
        f"{in_quotes(style.label(arm))}: what rents and prepayments of a month were spent on, in this order; bars "
        f"above the dots are paid out of cash held before. Chips, which loans and equity help pay, are left out.{more}"
    )
