"""What a replication found beside what is on record, a panel a quantity."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from experiments.lab.replications.check import Check
from experiments.plots.style import GREY, PALETTE, Plot, panels, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PANELS = 5  # quantities with the most figures
MOST_WORDS = 9  # figures in a panel whose parameters are written out
PANEL_IN, WORDS_IN, HEAD_IN = 1.1, 0.75, 0.3
LONGEST = 24
ALONE = "figures by themselves, over the record"

Group = tuple[str, list[Check]]


def figures_of(rows: Sequence[tuple[str, Check]]) -> list[Plot]:
    """A figure for each replication of a table, in its order."""
    grouped = itertools.groupby(rows, key=lambda row: row[0])
    return [figure_of(name, [check for _, check in group]) for name, group in grouped]


def figure_of(name: str, checks: Sequence[Check]) -> Plot:
    """The figure of one replication: what was found on the record with its tolerance; what disagrees is crossed."""
    shown = by_quantity(checks)
    worded = [len(group) <= MOST_WORDS for _, group in shown]
    ratios = [PANEL_IN + WORDS_IN * words for words in worded]
    figure, axes = panels(len(shown), 1, HEAD_IN + sum(ratios), gridspec_kw={"height_ratios": ratios})
    for axis, (quantity, group), words in zip(axes[:, 0], shown, worded, strict=True):
        panel(axis, quantity, group, words)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2, columnspacing=1.2)
    agreed = sum(check.passed for check in checks)
    words = f"{name.replace('_', ' ')}: found (dots, standard errors) and on record (rings, tolerances)"
    return Plot(f"replication_{name}", figure, f"{words}; {agreed} of {len(checks)} quantities agree.")


def by_quantity(checks: Sequence[Check]) -> list[Group]:
    """What is shown: quantities with several figures, those with one together, signs where there is nothing else."""
    numbers = [check for check in checks if check.tolerance > 0.0] or list(checks)
    names = list(dict.fromkeys(check.quantity for check in numbers))
    groups = {name: [check for check in numbers if check.quantity == name] for name in names}
    several = [name for name in names if len(groups[name]) > 1]
    most = sorted(several, key=lambda name: (-len(groups[name]), names.index(name)))[:MOST_PANELS]
    alone = [over_record(groups[name][0]) for name in names if len(groups[name]) == 1 and groups[name][0].expected]
    shown = [*((name, groups[name]) for name in names if name in most), *([(ALONE, alone)] if alone else [])]
    return shown or list(groups.items())


def over_record(check: Check) -> Check:
    """A figure as a share of its record, named by its quantity."""
    by = abs(check.expected)
    return Check(
        ALONE, check.quantity, 1.0, check.obtained / check.expected, check.tolerance / by, check.standard_error / by
    )


def panel(axis: Axes, quantity: str, group: Sequence[Check], words: bool) -> None:
    """One quantity: what was found and the record, from left to right in the order of the table."""
    places = np.arange(len(group))
    found = np.array([check.obtained for check in group])
    error = np.nan_to_num(np.array([check.standard_error for check in group]))
    expected, near = (np.array([value(check) for check in group]) for value in (_record, _tolerance))
    axis.errorbar(
        places, expected, near, fmt="o", markersize=6.0, markerfacecolor="none", color=GREY, elinewidth=3.0,
        alpha=0.6, label="on record",
    )  # fmt: skip
    axis.errorbar(places, found, error, fmt="o", markersize=2.6, color=PALETTE[1], elinewidth=0.8, label="found")
    wrong = [place for place, check in zip(places.tolist(), group, strict=True) if not check.passed]
    axis.plot(wrong, found[wrong], "x", markersize=6.0, color=PALETTE[2])
    axis.set_title(shortened(quantity, 50))
    axis.margins(x=0.08, y=0.25)
    axis.ticklabel_format(axis="y", useOffset=False)
    axis.locator_params(axis="y", nbins=4)
    if words:
        labels = [shortened(check.parameters, LONGEST) for check in group]
        axis.set_xticks(places, labels, rotation=35, ha="right", rotation_mode="anchor", fontsize=6)
    else:
        axis.set_xticks([])


def _record(check: Check) -> float:
    return check.expected


def _tolerance(check: Check) -> float:
    return check.tolerance
