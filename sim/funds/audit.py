"""The law of funds, and the series that they record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from sim.funds.window import Fund
from sim.laws import all_same
from sim.ledger import Ledger
from sim.record import Column
from sim.rounding import rounding

COLUMNS = [
    Column("fund_assets_usd", "USD", "net assets of all funds"),
    Column("fund_gamma_usd", "USD", "sum over funds of assets times (leverage squared - leverage)"),
    Column("fund_flow_usd", "USD", "shares created less redeemed today, at net asset value"),
    Column("fund_rebalance_contracts", "contracts", "bought (- sold) today to restore leverage, all funds"),
    Column("fund_roll_contracts", "contracts", "moved today from the nearest to the second month, all funds"),
    Column(
        "fund_loop_gain_1",
        "ratio",
        "rise of funds' demand in month 1 over the fall of others', per price; inf if theirs stays",
    ),
    Column("fund_loop_gain_2", "ratio", "the same in month 2"),
    Column("fund_gain_stated", "ratio", "joint loop gain that the open funds are to have, mean over a roll"),
    Column("fund_spectral_radius", "ratio", "largest eigenvalue of both months' joint loop: shocks grow by 1/(1-it)"),
    Column("fund_share_of_open_interest", "share", "funds' positions over open interest, two nearest months"),
    Column("fund_sponsor_losses_usd", "USD", "paid so far by sponsors for negative net asset values"),
]


SUMS = tuple(column.name for column in COLUMNS)


def nav_column(name: str) -> str:
    """The series of a fund."""
    return f"fund_nav_{name}_usd"


def nav_columns(names: Iterable[str]) -> list[Column]:
    """The series of all funds."""
    return [
        Column(
            nav_column(name), "USD a share", f"net asset value of {name}; empty before launch", "fund_nav_{fund}_usd"
        )
        for name in names
    ]


def check_shares(day: int, ledger: Ledger, funds: Sequence[Fund]) -> None:
    """A11: shares times net asset value, followed from prices, is what the ledger says each fund owns."""
    if not funds:
        return
    owners, names = [fund.owner for fund in funds], [fund.name for fund in funds]
    shares = np.array([fund.outstanding(ledger) for fund in funds])
    owns = ledger.held("cash")[owners] + ledger.held("margin")[owners]
    nav = np.array([fund.nav_usd for fund in funds])
    size_usd = ledger.sizes(["cash", "margin"])[:, owners].sum(axis=0)
    all_same(day, "A11", "shares x NAV of", shares * nav, owns, rounding(size_usd), names)
    classes = [fund.share for fund in funds]
    held = ledger.table(classes).clip(min=0.0).sum(axis=1)
    all_same(day, "A11", "shares of", shares, held, rounding(ledger.sizes(classes).sum(axis=1)), names)
