"""The network of loans: who is owed how much by whom, how concentrated it is, how far lenders hold the same names.

Reads a plain table of claims (lenders, borrowers) in USD, such as `credit.loans.balance.T`; nothing here is a column of
the record, so these are functions and not metrics of a window.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.vocabulary import Floats


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
