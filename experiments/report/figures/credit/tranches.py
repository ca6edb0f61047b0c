"""Tranches: what the pool lost against where notes attach, and what each class lost of itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.plots import credit, style
from experiments.results import NO_SHOCK, Design, MissingDataError, Results
from experiments.wording import in_quotes

CLASSES = ("residual", "junior", "mezzanine", "senior")  # from the first loss up
HELD, LOST = "notes_{}_usd", "note_writedowns_{}_usd"


class Slices(NamedTuple):
    """Where classes attach and detach, shares of par (classes,), and what they lost of par by day (days, classes)."""

    attach: np.ndarray
    detach: np.ndarray
    since: np.ndarray
    lost: np.ndarray


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure for the first arm whose notes are as documented: all shocks in it."""
    design = results.design
    columns = [name.format(c) for name in (HELD, LOST) for c in CLASSES]
    arm = credit.arms_with(results, *columns, owing=HELD.format("senior"))[0]
    shocks = credit.shocks_of(design)
    found = {shock: _slices(credit.days_of(results, arm, shock, columns), design, shock) for shock in shocks}
    if not any(slices.lost.any() for slices in found.values()):
        raise MissingDataError("no notes were written down")
    figure, axes = style.panels(2, 1, 5.0)
    _pool(axes[0, 0], found)
    _classes(axes[1, 0], found)
    style.legend_above(figure, axes[0, 0])
    yield style.Plot("tranches", figure, _caption(arm, design))


def _slices(days: pd.DataFrame, design: Design, shock: str) -> Slices:
    """Mean over seeds: classes in shares of par on the eve of the shock, and losses since, of that par."""
    held = np.array(
        [credit.since_shock(days, HELD.format(c), design, shock)[1] for c in CLASSES]
    )  # (classes, days, seeds)
    since, _ = credit.since_shock(days, HELD.format("senior"), design, shock)
    lost = np.array([credit.since_shock(days, LOST.format(c), design, shock)[1] for c in CLASSES])
    eve = max(0, int(np.searchsorted(since, 0)) - 1) if design.start_of(shock) is not None else len(since) - 1
    held, lost = np.nan_to_num(held), np.nan_to_num(lost)
    par = held[:, eve].sum(axis=0)
    sold = par > 0.0
    shares = (held[:, eve, sold] / par[sold]).mean(axis=1)
    detach = np.cumsum(shares)
    run = np.cumsum(lost[:, :, sold], axis=1) / par[sold]
    return Slices(detach - shares, detach, since, run.mean(axis=2).T)


def _pool(panel: Any, found: dict[str, Slices]) -> None:
    """Losses of all classes by day, with the levels at which classes begin to lose."""
    most = 0.0
    for i, (shock, slices) in enumerate(found.items()):
        total = 100.0 * slices.lost.sum(axis=1)
        most = max(most, float(total.max(initial=0.0)))
        panel.plot(slices.since, total, label=style.label(shock), **_look(i))
    first = next(iter(found.values()))
    for k, name in enumerate(CLASSES[1:], start=1):
        level = 100.0 * first.attach[k]
        if first.detach[k] > first.attach[k] and level < 2.0 * max(most, 4.0):
            panel.axhline(level, color=style.GREY, linewidth=0.8, linestyle=":")
            text = f"{name} attaches"
            panel.annotate(text, (0.01, level), xycoords=("axes fraction", "data"), fontsize=7, va="bottom")
            most = max(most, level)
    panel.set_ylim(0.0, 1.12 * max(most, 1.0))
    panel.margins(x=0)
    panel.set_ylabel("Lost, % of par")
    panel.set_xlabel("Days since the shock" if list(found) != [NO_SHOCK] else "Day")
    panel.set_title("Losses of the pool")


def _classes(panel: Any, found: dict[str, Slices]) -> None:
    """What each class lost of itself, at its place between attachment and detachment."""
    width = 1.0 / (len(found) + 1)
    ticks = []
    for k, name in enumerate(CLASSES):
        first = next(iter(found.values()))
        if first.detach[k] <= first.attach[k]:
            continue
        ticks.append((k, f"{name}\n{100 * first.attach[k]:.0f} to {100 * first.detach[k]:.0f} %"))
        for i, slices in enumerate(found.values()):
            size = slices.detach[k] - slices.attach[k]
            share = 100.0 * min(1.0, slices.lost[-1, k] / size) if size > 0.0 else 0.0
            x = k + (i - (len(found) - 1) / 2.0) * width
            panel.bar(x, share, width, color=_look(i)["color"], linewidth=0)
            panel.annotate(f"{share:.0f}", (x, share), ha="center", va="bottom", fontsize=6.5)
    panel.set_xticks([k for k, _ in ticks], [text for _, text in ticks])
    panel.grid(axis="x", visible=False)
    panel.set_ylim(0.0, 112.0)
    panel.set_ylabel("Lost, % of the class")
    panel.set_title("Losses by class, and where it attaches")


def _look(i: int) -> dict[str, Any]:
    return {"color": style.PALETTE[(i + 1) % len(style.PALETTE)], "linestyle": style.DASHES[i % len(style.DASHES)]}


def _caption(arm: str, design: Design) -> str:
    return (
        f"Losses of notes in the arm {in_quotes(style.label(arm))}, means over {design.seeds} seeds that had any. "
        "Above: all that was written down since the shock, in % of all notes on its eve, and where classes begin to "
        "lose. Below: what each class lost by the last day, in % of what it was on the eve (at most 100: what was "
        "issued since may be lost too)."
    )
