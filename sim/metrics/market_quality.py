"""How well futures trade and hedge: curve, basis, liquidity, margin. Empty (nan) where a run has no such series.

What needs volume, positions or margin is empty without `venues.main.reports=true`. All are of the main venue.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from sim.metrics.measure import Metric, Window, highest, mean, once, sd, total
from sim.vocabulary import DAYS_PER_YEAR, Bools, Floats

MONTH_DAYS = DAYS_PER_YEAR / 12.0
FRONT, SECOND = "future_1_usd_per_gpu_hour", "future_2_usd_per_gpu_hour"
MOST_MONTHS = 36  # that a venue may list
BEYOND_MARGIN = tuple(
    f"clearing_{layer}_usd" for layer in ("member", "own_used", "mutual", "assessed", "haircut", "rescue")
)
EXPECTED_BREACHES = 0.01  # of days, of a margin that covers 99 % of moves


# functions of arrays


def days_to_settlement(month_end: Floats) -> Floats:
    """Days until the nearest listed month settles (days,): 0 on month ends; a usual month's where none is to come."""
    left = np.full(len(month_end), math.nan)
    ends = np.flatnonzero(month_end > 0.0)
    begin = 0
    for end in ends.tolist():
        left[begin : end + 1] = end - np.arange(begin, end + 1)
        begin = end + 1
    tail = np.arange(len(month_end) - begin)
    left[begin:] = np.maximum(0.0, MONTH_DAYS - 1.0 - tail)
    return left


def constant_maturity(prices: Floats, days_left: Floats, horizon_days: float) -> Floats:
    """Price (days,) at a horizon, log-linear in time between the two listed months around it; nan beyond them.

    `prices` (days, months) nearest first, of which month m settles in days_left + m usual months.
    """
    logs, months = np.log(prices), prices.shape[1]
    times = days_left[:, None] + MONTH_DAYS * np.arange(months)
    after = (times <= horizon_days).sum(axis=1)  # months until then; the first one later is the next
    days = np.flatnonzero((after > 0) & (after < months))
    near = after[days] - 1
    earlier, later, settles = logs[days, near], logs[days, near + 1], times[days, near]
    slope = (later - earlier) / (times[days, near + 1] - settles)
    found = np.where(times[:, -1] == horizon_days, logs[:, -1], math.nan)
    found[days] = slope * (horizon_days - settles) + earlier
    return np.asarray(np.exp(found))


def slope_per_year(first: Floats, last: Floats, months_between: float) -> Floats:
    """Slope (days,) of the curve in log per year; negative in backwardation."""
    return np.log(last / first) * (12.0 / months_between)


def roll_cost_per_year(front: Floats, second: Floats, rolls: Bools) -> float:
    """Log per year that a long position pays on each roll from the nearest month to the next: 12 mean ln(F2 / F1)."""
    return 12.0 * float(np.log(second[rolls] / front[rolls]).mean()) if rolls.any() else math.nan


def premium_over_settlement(prices: Floats, settled: Floats, month_end: Floats, months_ahead: int) -> float:
    """Mean log of a contract's price so many months before its settlement over that settlement; nan without a pair.

    `prices` (days, months) on month ends are of the evening, the settling month first; `settled` (days,) on month ends.
    """
    ends = np.flatnonzero(month_end > 0.0)
    if months_ahead >= prices.shape[1]:
        return math.nan
    pairs = [
        math.log(prices[a, months_ahead] / settled[b])
        for a, b in zip(ends, ends[months_ahead:], strict=False)
        if np.isfinite(prices[a, months_ahead]) and np.isfinite(settled[b])
    ]
    return float(np.mean(pairs)) if pairs else math.nan


def amihud(returns: Floats, volume: Floats) -> float:
    """Mean of |return| over volume (Amihud 2002), over the days that traded."""
    traded = volume > 0.0
    return float((np.abs(returns[traded]) / volume[traded]).mean()) if traded.any() else math.nan


def kyle_lambda(returns: Floats, flow: Floats) -> float:
    """Slope of returns on signed flow by least squares (Kyle 1985); nan where flow does not vary."""
    away = flow - flow.mean() if len(flow) else flow
    square = float(away @ away)
    return float(away @ returns) / square if len(flow) > 2 and square > 0.0 else math.nan


def effectiveness(unhedged: Floats, result: Floats) -> float:
    """1 - Var of changes of unhedged cash flow plus hedge result, over that of the unhedged (Ederington 1979)."""
    if len(unhedged) < 3:
        return math.nan
    bare, hedged = float(np.var(np.diff(unhedged))), float(np.var(np.diff(unhedged + result)))
    return 1.0 - hedged / bare if bare > 0.0 else math.nan


def kupiec_p(breaches: int, days: int, expected: float) -> float:
    """p of Kupiec's (1995) likelihood ratio: that breaches come with the probability `expected`; chi-squared, 1 degree.

    LR = 2 ln[(1 - x/n)^(n-x) (x/n)^x / ((1 - q)^(n-x) q^x)].
    """
    if days == 0:
        return math.nan

    def likelihood(q: float) -> float:
        kept = days - breaches
        return (kept * math.log1p(-q) if kept else 0.0) + (breaches * math.log(q) if breaches else 0.0)

    ratio = 2.0 * (likelihood(breaches / days) - likelihood(expected))
    return math.erfc(math.sqrt(max(0.0, ratio) / 2.0))


# metrics of a window


@once
def curve(window: Window) -> Floats:
    """Prices (days, months) of the main venue's listed months, as many as were recorded on every day."""
    columns = []
    for m in range(1, MOST_MONTHS + 1):
        prices = window.series(f"future_{m}_usd_per_gpu_hour")
        if not np.isfinite(prices).all():
            break
        columns.append(prices)
    return np.stack(columns, axis=1) if columns else np.zeros((window.end - window.start, 0))


def held_through(window: Window) -> Bools:
    """Days (days - 1,) of returns on which the listed months did not move up."""
    return np.asarray(window.series("month_end")[:-1] == 0.0)


@once
def second_returns(window: Window) -> tuple[Floats, Bools]:
    """Log returns of the second month, and on which days they are of one contract and known."""
    returns = np.diff(np.log(window.series(SECOND)))
    return returns, held_through(window) & np.isfinite(returns)


def constant_maturity_volatility(window: Window) -> float:
    """Annual sd of daily log returns of the price two months ahead."""
    prices = curve(window)
    if prices.shape[1] < 3:
        return math.nan
    at = constant_maturity(prices, days_to_settlement(window.series("month_end")), 2.0 * MONTH_DAYS)
    changes = np.diff(np.log(at))
    return sd(changes[np.isfinite(changes)]) * math.sqrt(DAYS_PER_YEAR)


def mean_slope(window: Window) -> float:
    """Mean slope from the second to the last listed month."""
    prices = curve(window)
    if prices.shape[1] < 3:
        return math.nan
    return float(slope_per_year(prices[:, 1], prices[:, -1], prices.shape[1] - 2).mean())


def roll_cost(window: Window) -> float:
    """Roll cost of the nearest month."""
    prices = curve(window)
    if prices.shape[1] < 2:
        return math.nan
    return roll_cost_per_year(prices[:, 0], prices[:, 1], window.series("month_end") > 0.0)


def premium(window: Window, months_ahead: int) -> float:
    """Premium over realised settlement."""
    settled = window.series("future_settled_usd_per_gpu_hour")
    return premium_over_settlement(curve(window), settled, window.series("month_end"), months_ahead)


@once
def basis(window: Window, index: str) -> Floats:
    """Log of the nearest month over an index, on days that have both."""
    gap = np.log(window.series(FRONT) / window.series(f"index_{index}_usd_per_gpu_hour"))
    return np.asarray(gap[np.isfinite(gap)])


def average(values: Floats) -> float:
    """Mean, nan of none."""
    return float(values.mean()) if len(values) else math.nan


@once
def venue_basis(window: Window) -> Floats:
    """Log of another venue's nearest month over the main one's: that of the first other in the record."""
    ours, last = "future_1_", "_1_usd_per_gpu_hour"
    others = [name for name in window.record.place if name.startswith("future_") and name.endswith(last)]
    others = [name for name in others if not name.startswith(ours)]
    if not others:
        return np.zeros(0)
    gap = np.log(window.series(others[0]) / window.series(FRONT))
    return np.asarray(gap[np.isfinite(gap)])


def illiquidity(window: Window) -> float:
    """Amihud's measure of the second month."""
    returns, good = second_returns(window)
    return amihud(returns[good], window.series("future_2_volume_contracts")[1:][good] / 1000.0)


@once
def second_flow(window: Window) -> Floats:
    """Net bought by all but speculators in the second month (days - 1,), as a share of its open interest."""
    net = np.zeros(window.end - window.start)
    for who in ("landlords", "users", "funds", "others"):
        net = net + window.series(f"future_2_{who}_long_contracts") - window.series(f"future_2_{who}_short_contracts")
    held = window.series("future_2_open_contracts")[:-1]
    return np.diff(net) / np.where(held > 0.0, held, math.nan)


def impact_of_flow(window: Window) -> float:
    """Kyle's lambda of the second month."""
    (returns, good), flow = second_returns(window), second_flow(window)
    good = good & np.isfinite(flow)
    return kyle_lambda(returns[good], flow[good])


def months_of(window: Window, values: Floats) -> Floats:
    """Sums over whole months of the window."""
    ends = np.flatnonzero(window.series("month_end") > 0.0)
    return np.array([values[a + 1 : b + 1].sum() for a, b in itertools.pairwise(ends.tolist())])


def hedged_cash(window: Window) -> float:
    """Effectiveness of landlords' hedges on what they let by the hour, month by month."""
    results = months_of(window, window.series("future_landlords_usd"))
    found = effectiveness(months_of(window, window.series("spot_turnover_usd")), results)
    return found if np.isfinite(results).all() else math.nan


@once
def breaches(window: Window) -> tuple[int, int]:
    """Days on which the second month moved by more than its margin, and days counted."""
    returns, good = second_returns(window)
    share = window.series("future_margin_share")[1:]
    good = good & np.isfinite(share)
    return int((np.abs(np.expm1(returns[good])) > share[good]).sum()), int(good.sum())


def breach_share(window: Window) -> float:
    """Breaches over days."""
    broken, days = breaches(window)
    return broken / days if days else math.nan


def layers_touched(window: Window) -> float:
    """How many layers of the waterfall bore something; nan without clearing members."""
    borne = [total(window, name) for name in ("clearing_margin_usd", *BEYOND_MARGIN)]
    return float(sum(usd > 0.0 for usd in borne)) if np.isfinite(borne).all() else math.nan


def swing(window: Window, column: str) -> float:
    """Highest over lowest value of a column that is above 0; nan where none is."""
    values = window.series(column)
    values = values[np.isfinite(values) & (values > 0.0)]
    return float(values.max() / values.min()) if len(values) else math.nan


FAMILY = "market quality"
OF_SECOND_MONTH = (
    ("future_spread_mean", "share", "mean quoted spread", lambda w: mean(w, "future_spread")),
    ("future_effective_spread_mean", "share", "mean effective spread", lambda w: mean(w, "future_effective_spread")),
    ("future_depth_mean_contracts", "contracts", "mean depth within 1 %", lambda w: mean(w, "future_depth_contracts")),
    ("future_amihud", "log per 1000 contracts", "mean absolute daily return over volume", illiquidity),
    ("future_kyle_lambda", "log", "price change per one open interest bought by all but speculators, least squares "
     "over days; below 0 where speculators move it and the others trade against them", impact_of_flow),
    ("margin_breach_share", "share", "share of days on which it moved by more than initial margin", breach_share),
    ("margin_kupiec_p", "probability", "of Kupiec's test that it does so on 1 % of days",
     lambda w: kupiec_p(*breaches(w), EXPECTED_BREACHES)),
)  # fmt: skip
OF_CURVE = (
    ("future_60d_volatility", "1/sqrt(year)", "sd of daily log returns of the price two months ahead, between the "
     "listed months around it, annual", constant_maturity_volatility),
    ("curve_slope_per_year", "log/year", "mean slope from the second to the last listed month; negative: "
     "backwardation", mean_slope),
    ("roll_cost_per_year", "log/year", "what a long position in the nearest month pays to move up each month",
     roll_cost),
    ("premium_1m", "log", "mean of a future one month before it settles over its settlement", lambda w: premium(w, 1)),
    ("premium_3m", "log", "mean of a future three months before it settles over its settlement",
     lambda w: premium(w, 3)),
    ("basis_quote_mean", "log", "mean of the nearest month over the quote index", lambda w: average(basis(w, "quote"))),
    ("basis_quote_sd", "log", "sd of the nearest month over the quote index", lambda w: sd(basis(w, "quote"))),
    ("basis_transaction_mean", "log", "mean of the nearest month over the transaction index",
     lambda w: average(basis(w, "transaction"))),
    ("basis_transaction_sd", "log", "sd of the nearest month over the transaction index",
     lambda w: sd(basis(w, "transaction"))),
    ("venue_basis_mean", "log", "mean of another venue's nearest month over the main one's",
     lambda w: average(venue_basis(w))),
    ("venue_basis_sd", "log", "sd of another venue's nearest month over the main one's", lambda w: sd(venue_basis(w))),
)  # fmt: skip
OF_CASH = (
    ("hedge_effectiveness_cash", "share", "1 - variance of monthly changes of what is let by the hour plus landlords' "
     "results in futures, over that of the first alone; below 0: futures add risk", hedged_cash),
    ("landlords_hedge_ratio_mean", "share", "mean ratio to which landlords hedge that estimate it on their own "
     "revenue; empty where it is mandated", lambda w: mean(w, "future_landlords_hedge_ratio")),
    ("landlords_basis_risk_mean", "share", "mean variance of their own revenue per hour that is left at that ratio",
     lambda w: mean(w, "future_landlords_basis_risk")),
    ("others_gain_usd", "USD", "gained in futures by buyers from outside, or a market maker",
     lambda w: total(w, "future_others_usd")),
    ("margin_paid_mean_usd", "USD", "mean variation margin paid a day", lambda w: mean(w, "future_paid_usd")),
    ("margin_paid_high_usd", "USD", "highest variation margin paid on a day", lambda w: highest(w, "future_paid_usd")),
    ("clearing_losses_usd", "USD", "losses beyond margin that clearing members' waterfall bore; empty without members",
     lambda w: float(sum(total(w, name) for name in BEYOND_MARGIN))),
    ("clearing_layers", "layers", "how many of its layers bore something: margin, member's share, own capital, other "
     "members' shares, assessments, haircut of gains, the house's owners", layers_touched),
    ("clearing_auctioned_contracts", "contracts", "of failed traders, taken by clearing members' clients in auctions; "
     "empty without members", lambda w: total(w, "clearing_auctioned_contracts")),
    ("clearing_auction_usd", "USD", "what failed traders paid by discounts in these auctions",
     lambda w: total(w, "clearing_auction_usd")),
    ("margin_share_mean", "share", "mean initial margin of notional", lambda w: mean(w, "future_margin_share")),
    ("margin_share_swing", "ratio", "highest over lowest initial margin of notional: peak to trough",
     lambda w: swing(w, "future_margin_share")),
    ("initial_margin_swing", "ratio", "highest over lowest margin deposits in USD",
     lambda w: swing(w, "initial_margin_usd")),
)  # fmt: skip
METRICS = [
    *(Metric(name, unit, meaning, FAMILY, of) for name, unit, meaning, of in (*OF_CURVE, *OF_CASH)),
    *(Metric(name, unit, f"of the second month: {meaning}", FAMILY, of) for name, unit, meaning, of in OF_SECOND_MONTH),
]
