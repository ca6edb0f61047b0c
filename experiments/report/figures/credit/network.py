"""Who owes whom, on the eve of a shock and half a year after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.plots import credit, style
from experiments.results import NO_SHOCK, Design, Results
from experiments.wording import in_quotes, the_shock

AFTER = 180  # days
KINDS = {  # kind -> colour, place from left to right
    "borrowers": (style.PALETTE[2], 0.0),
    "vehicle": (style.PALETTE[0], 0.62),
    "lenders": (style.PALETTE[1], 1.0),
    "noteholders": (style.PALETTE[3], 1.0),
}
LARGEST, THICKEST = 330.0, 5.0  # of a node (points squared) and an edge (points)
COLUMN, ROUND = 175.0, 0.7  # height of a column of nodes, points; area of a node over its square's, with some air
BILLION = 1e9


class Night(NamedTuple):
    """Exposures by (debtor, creditor) and what owners are worth, USD."""

    owed: dict[tuple[str, str], float]
    worth: dict[str, float]


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one figure a shock, of the first seed of the arm with most kinds of exposures."""
    design = results.design
    arms = credit.arms_with(results, "debt_rank")
    known = {arm: [c for c in credit.columns_of(results, arm) if c.startswith(("equity_", "owed_"))] for arm in arms}
    arm = max(arms, key=lambda name: "deal_stage" in credit.columns_of(results, name))
    for shock in credit.shocks_of(design):
        days = credit.days_of(results, arm, shock, known[arm])
        days = days[days["seed"] == days["seed"].min()].set_index("day")
        nights = {title: _night(days.loc[day]) for title, day in _dates(design, shock, days).items()}
        figure, axes = style.panels(1, len(nights), 3.6)
        figure.set_figwidth(2.0 * style.WIDTH_IN)
        kinds = kinds_of(next(iter(nights.values())).owed)
        scale = _scale(list(nights.values()), kinds)
        for panel, (title, night) in zip(axes[0], nights.items(), strict=True):
            _graph(panel, night, kinds, scale)
            panel.set_title(title)
        _legend(figure, kinds, scale)
        yield style.Plot(f"network_{shock}", figure, _caption(arm, shock))


def _dates(design: Design, shock: str, days: pd.DataFrame) -> dict[str, int]:
    """The days that are shown, by what they are called."""
    start, last = design.start_of(shock), int(days.index.max())
    if start is None:
        return {f"Day {day}": day for day in sorted({last // 2, last})}
    after = min(last, start + AFTER)
    return {"On the eve": max(start - 1, int(days.index.min())), f"{after - start} days after": after}


def _night(row: pd.Series) -> Night:
    worth = {name[7:-4]: float(usd) for name, usd in row.items() if str(name).startswith("equity_")}
    owed = {}
    for name, usd in row.items():
        debtor, _, creditor = str(name)[5:-4].partition("_to_")
        if str(name).startswith("owed_"):
            owed[debtor, creditor] = max(0.0, float(np.nan_to_num(usd)))
    return Night(owed, worth)


def kinds_of(owed: dict[tuple[str, str], float]) -> dict[str, str]:
    """Owner -> kind: who only owes borrows, who owes and is owed is the vehicle, who has its notes alone invests."""
    debtors, creditors = {debtor for debtor, _ in owed}, {creditor for _, creditor in owed}
    vehicles = debtors & creditors
    lenders = {creditor for debtor, creditor in owed if debtor not in vehicles} - vehicles
    kinds = dict.fromkeys(sorted(debtors - vehicles), "borrowers") | dict.fromkeys(sorted(vehicles), "vehicle")
    return kinds | {name: "lenders" if name in lenders else "noteholders" for name in sorted(creditors - vehicles)}


class Scale(NamedTuple):
    """The largest worth and the largest exposure on any night, USD, and the largest node, points squared."""

    worth: float
    owed: float
    node: float


def _scale(nights: list[Night], kinds: dict[str, str]) -> Scale:
    """Nodes are no larger than their column has room for."""
    worth = max(abs(usd) for night in nights for usd in night.worth.values() if np.isfinite(usd))
    owed = max(usd for night in nights for usd in night.owed.values()) or 1.0
    right = [kind in ("lenders", "noteholders") for kind in kinds.values()]
    most = max(sum(right), len(right) - sum(right))
    return Scale(worth, owed, min(LARGEST, ROUND * (COLUMN / max(1, most - 1)) ** 2))


def places(kinds: dict[str, str], worth: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Where nodes stand: a column a side, larger ones higher, the vehicle between them, noteholders below lenders."""

    def larger_first(*names: str) -> list[str]:
        mine = [(names.index(kind), -worth.get(owner, 0.0), owner) for owner, kind in kinds.items() if kind in names]
        return [owner for *_, owner in sorted(mine)]

    found = {}
    for column in (("borrowers",), ("vehicle",), ("lenders", "noteholders")):
        owners = larger_first(*column)
        heights = np.linspace(1.0, 0.0, len(owners)) if len(owners) > 1 else np.array([0.38])
        for owner, height in zip(owners, heights.tolist(), strict=True):
            found[owner] = (KINDS[kinds[owner]][1], height)
    return found


def _graph(panel: Any, night: Night, kinds: dict[str, str], scale: Scale) -> None:
    """Nodes by worth, hollow where nothing is left of it; edges by exposure, from who owes to who is owed."""
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from(kinds)
    graph.add_weighted_edges_from((a, b, usd) for (a, b), usd in night.owed.items() if usd > 0.0)
    where = places(kinds, night.worth)
    widths = [THICKEST * usd / scale.owed for _, _, usd in graph.edges.data("weight")]
    edges = nx.draw_networkx_edges(
        graph, where, ax=panel, width=[max(0.15, w) for w in widths], edge_color="#777777", arrows=False,
        alpha=0.45,
    )  # fmt: skip
    edges.set_zorder(1)
    for kind, (colour, _) in KINDS.items():
        mine = [owner for owner in graph if kinds[owner] == kind]
        worth = np.array([np.nan_to_num(night.worth.get(owner, 0.0)) for owner in mine])
        sizes = np.maximum(14.0, scale.node * np.abs(worth) / scale.worth)
        faces = ["white" if usd < 0.0 else colour for usd in worth]
        xy = np.array([where[owner] for owner in mine]).reshape(-1, 2)
        panel.scatter(xy[:, 0], xy[:, 1], s=sizes, c=faces, edgecolors=colour, linewidths=1.0, zorder=2)
    for owner, (x, y) in where.items():
        left = x < 0.5
        side, sign = ("right", -1.0) if left else ("left", 1.0)
        if kinds[owner] == "vehicle":
            panel.annotate(
                "vehicle", (x, y), (0, -11), textcoords="offset points", ha="center", va="center", fontsize=6.0,
                bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
            )  # fmt: skip
            continue
        panel.annotate(
            owner.replace("_", " "), (x, y), (sign * 11.0, 0), textcoords="offset points", ha=side, va="center",
            fontsize=6.0,
        )  # fmt: skip
    panel.set_xlim(-0.42, 1.48)
    panel.set_ylim(-0.09, 1.09)
    panel.axis("off")


def _legend(figure: Any, kinds: dict[str, str], scale: Scale) -> None:
    """Colours by kind, and what a large node and a thick edge are."""
    from matplotlib.lines import Line2D

    def node(label: str, colour: str, size: float, face: str | None = None) -> Any:
        return Line2D(
            [], [], marker="o", linestyle="", markersize=size, color=colour, markerfacecolor=face or colour, label=label
        )

    handles = [node(kind, KINDS[kind][0], 5.0) for kind in KINDS if kind in set(kinds.values())]
    handles.append(node(f"worth {_round(scale.worth / 4)} bn USD", style.GREY, np.sqrt(scale.node / 4)))
    handles.append(node("worth less than nothing", style.GREY, 5.0, "white"))
    owed = f"owed {_round(scale.owed / 2)} bn USD"
    handles.append(Line2D([], [], color="#777777", alpha=0.6, linewidth=THICKEST / 2, label=owed))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, columnspacing=1.4)


def _round(usd: float) -> str:
    return f"{usd / BILLION:.2g}"


def _caption(arm: str, shock: str) -> str:
    event = f" under {the_shock(shock)}" if shock != NO_SHOCK else ""
    return (
        f"Who owes whom in loans and notes{event}: arm {in_quotes(style.label(arm))}, first seed, at the last month "
        "end before each date. Borrowers (left) owe lenders and the vehicle, which owes those who hold its notes; "
        "width of an edge: what is owed; size of a node: what its owner is worth, borrowers with GPUs as they count. "
        "The vehicle has no equity of its own."
    )
