"""The network of loans: who is owed how much by whom, how concentrated it is, how far lenders hold the same names.

Reads a plain table of claims (lenders, borrowers) in USD, such as `credit.loans.balance.T`; nothing here is a column of
the record, so these are functions and not metrics of a window.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from sim.vocabulary import Floats

SETTLED = 1e-14  # of equity: losses that no longer pass on


def exposure_graph(claims_usd: Floats, lenders: list[str], borrowers: list[str]) -> Any:
    """The claims as a networkx DiGraph, borrower -> lender as money flows back; edges carry `usd`."""
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from(lenders, side="lender")
    graph.add_nodes_from(borrowers, side="borrower")
    for i, lender in enumerate(lenders):
        for j, borrower in enumerate(borrowers):
            if claims_usd[i, j] > 0.0:
                graph.add_edge(borrower, lender, usd=float(claims_usd[i, j]))
    return graph


def exposures_graph(exposures: Iterable[tuple[str, str, str, float]]) -> Any:
    """Exposures (debtor, creditor, instrument, USD) as a networkx MultiDiGraph, debtor -> creditor, with `usd`."""
    import networkx as nx

    graph = nx.MultiDiGraph()
    for debtor, creditor, instrument, usd in exposures:
        graph.add_edge(debtor, creditor, key=instrument, usd=usd)
    return graph


def concentration(claims_usd: Floats) -> dict[str, float]:
    """Shares of the whole book: Herfindahl indices of lenders and borrowers, largest shares, links, common holdings.

    `lender_hhi`, `borrower_hhi`: sum of squared shares, from 1/n to 1. `largest_*_share`: of the whole book. `density`:
    share of possible links that exist. `overlap`: mean over pairs of lenders of the cosine of their portfolios, 1 where
    all hold the same names. All nan for an empty book.
    """
    if not np.all((claims_usd >= 0.0) & (claims_usd < np.inf)):
        raise ValueError("claims must be finite and not negative")
    total = float(claims_usd.sum())
    names = ("lender_hhi", "borrower_hhi", "largest_lender_share", "largest_borrower_share", "largest_loan_share")
    if not total > 0.0:
        return dict.fromkeys((*names, "density", "overlap"), math.nan)
    shares = claims_usd / total
    by_lender, by_borrower = shares.sum(axis=1), shares.sum(axis=0)
    return {
        "lender_hhi": herfindahl(by_lender),
        "borrower_hhi": herfindahl(by_borrower),
        "largest_lender_share": float(by_lender.max()),
        "largest_borrower_share": float(by_borrower.max()),
        "largest_loan_share": float(shares.max()),
        "density": float((claims_usd > 0.0).mean()),
        "overlap": overlap(claims_usd),
    }


def herfindahl(shares: Floats) -> float:
    """Sum of squared shares."""
    return float((shares * shares).sum())


def overlap(claims_usd: Floats) -> float:
    """Mean cosine of the portfolios of two lenders, over all pairs that lend; nan with fewer than two."""
    lending = claims_usd[claims_usd.sum(axis=1) > 0.0]
    n = len(lending)
    if n < 2:
        return math.nan
    unit = lending / np.sqrt((lending * lending).sum(axis=1, keepdims=True))
    return float(((unit @ unit.T).sum() - n) / (n * (n - 1)))


def reach(claims_usd: Floats, lenders: list[str], borrowers: list[str]) -> dict[str, float]:
    """Share of all lenders that a borrower's default reaches, by borrower: those who hold a claim on it."""
    graph = exposure_graph(claims_usd, lenders, borrowers)
    return {name: graph.out_degree(name) / len(lenders) for name in borrowers}


def fire_sales(
    assets_usd: Floats, debt_over_equity: Floats, shares: Floats, impact: Floats, fall: Floats
) -> tuple[Floats, Floats, float]:
    """What banks sell that hold their leverage, what prices then do, and aggregate vulnerability.

    Banks of `assets_usd` (banks,) with debt B over equity hold assets in `shares` M (banks, assets); assets fall by
    `fall` F (assets,). They sell phi = A B M F each, in proportion to what they hold; prices fall by l M' phi with
    `impact` l per USD; vulnerability is what that costs them over their equity A / (1 + B) (Greenwood, Landier and
    Thesmar 2015). Returns sales (banks,), further changes of prices (assets,), and the ratio.
    """
    sold = -assets_usd * debt_over_equity * (shares @ fall)
    change = -impact * (shares.T @ sold)
    equity = float((assets_usd / (1.0 + debt_over_equity)).sum())
    return sold, change, -float(assets_usd @ (shares @ change)) / equity


def debt_rank(claims_usd: Floats, equity_usd: Floats, lost_share: Floats) -> Floats:
    """Share of its equity that each firm has lost once losses have passed through the network (firms,).

    h(t+1) = min(1, h(t) + Lambda (h(t) - h(t-1))), Lambda_ij = A_ij / E_i: who has lent `claims_usd[i, j]` to j loses
    of it what j loses of its equity (Bardoscia, Battiston, Caccioli and Caldarelli 2015; linear DebtRank).
    `lost_share` (firms,) is what is lost at first. Raises ValueError for a firm without equity.
    """
    if not np.all(equity_usd > 0.0):
        raise ValueError("every firm needs equity above 0")
    leverage = claims_usd / equity_usd[:, None]
    before, now = np.zeros(len(equity_usd)), np.minimum(1.0, lost_share)
    while np.abs(now - before).max(initial=0.0) > SETTLED:
        before, now = now, np.minimum(1.0, now + leverage @ (now - before))
    return np.asarray(now)
