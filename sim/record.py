"""The diary of a run: one preallocated row a day, every column with its unit and meaning."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.vocabulary import Floats


@dataclass(frozen=True)
class Column:
    """A series: name (unit in the name), unit, what it means."""

    name: str
    unit: str
    meaning: str


class Record:
    """Rows (days, columns), float64; grows when a run goes on past what was reserved."""

    def __init__(self, columns: list[Column], start: datetime.date, days: int) -> None:
        self.columns: dict[str, Column] = {column.name: column for column in columns}
        self.place = {column.name: i for i, column in enumerate(columns)}
        self.start = start
        self.rows: Floats = np.full((max(1, days), len(columns)), np.nan)
        self.days = 0
        self.enabled = True

    def write(self, values: list[float]) -> None:
        """Add a day; values in the order of the columns."""
        if self.days == len(self.rows):
            self.rows = np.concatenate([self.rows, np.full_like(self.rows, np.nan)])
        self.rows[self.days] = values
        self.days += 1

    def __getitem__(self, name: str) -> Floats:
        """A series (days,) so far."""
        return self.rows[: self.days, self.place[name]]

    def frame(self) -> Any:
        """A pandas data frame: day, date, then the columns."""
        import pandas as pd

        frame = pd.DataFrame(self.rows[: self.days].copy(), columns=list(self.columns))
        days = np.arange(self.days)
        frame.insert(0, "day", days)
        frame.insert(1, "date", pd.to_datetime(self.start) + pd.to_timedelta(days, unit="D"))
        return frame


def world_columns(
    grades: list[str], indices: list[Column], kinds: list[str], tenors: list[str], maturities: int, funds: list[str],
    regions: list[str], products: tuple[str, ...], labs: list[Column],
) -> list[Column]:  # fmt: skip
    """The columns of a world: by grade, index, kind of owner, tenor, listed month, region, product, and of `labs`."""
    ve = "VE is the work of one H100"
    columns = [
        Column(
            f"rent_{g}_usd_per_gpu_hour", "USD per GPU-hour", f"mean spot rent of {g} from landlords, bundles taken off"
        )
        for g in grades
    ]
    columns += [
        Column("rent_usd_per_ve_hour", "USD per VE-hour", f"mean spot rent from landlords, bundles taken off; {ve}"),
        Column("rent_path_usd_per_ve_hour", "USD per VE-hour", "rent on the balanced growth path"),
    ]
    columns += indices
    columns += [
        Column(
            f"future_{m + 1}_usd_per_gpu_hour",
            "USD per GPU-hour",
            f"closing price of listed month {m + 1} (1 = nearest); empty where none is listed",
        )
        for m in range(maturities)
    ]
    columns += [
        Column(f"reserved_{t}_usd_per_ve_hour", "USD per VE-hour", f"rent of a {t} contract signed this week")
        for t in tenors
    ]
    for kind in kinds:
        columns.append(Column(f"fleet_{kind}_gpus", "GPUs", f"GPUs at work of all agents of kind {kind}"))
    columns += [
        Column("fleet_ve", "VE", "GPUs at work of landlords, H100 value equivalents"),
        Column("fleet_path_ve", "VE", "the same on the growth path"),
        Column("fleet_all_ve", "VE", "GPUs at work of all owners"),
        Column("orders_ve", "VE", "chips ordered today by landlords"),
        Column("orders_path_ve", "VE", "landlords' orders of a month on the growth path, on order days"),
        Column("orders_all_ve", "VE", "chips ordered today by all owners"),
        Column("chip_price_usd_per_ve", "USD per VE", "price of a new chip, tariff included"),
        Column("gpu_value_usd_per_ve", "USD per VE", "value of a GPU at work at the beliefs of the largest landlord"),
        Column("q_mean", "ratio", "value of a new chip over its price, fleet-weighted over landlords"),
        Column("reserved_ve", "VE", "capacity under reserved contracts"),
        Column("pool_ve", "VE", "capacity that landlords offer to the spot market"),
        Column("occupancy", "share", "hours sold over hours offered by landlords in the spot market"),
        Column("traded_gpu_hours", "GPU-hours", "spot hours traded"),
        Column("unserved_gpu_hours", "GPU-hours", "hours wanted at the price cap and not served, contracts' included"),
        Column("downtime_gpu_hours", "GPU-hours", "hours of landlords' fleets lost to outages"),
        Column("spot_turnover_usd", "USD", "value of spot trades"),
        *(Column(f"stock_out_{r}", "share", f"seller-hours in {r} with nothing left at list prices") for r in regions),
        Column("ask_dispersion", "ratio", "list asks of the reference grade, (90 % - 10 % quantile) over the median"),
        Column("interrupted_gpu_hours", "GPU-hours", "interruptible work cut off while it ran"),
        Column("loans_usd", "USD", "loans outstanding"),
        Column("lender_capital_usd", "USD", "capital of all lenders"),
        Column("dscr_median", "ratio", "median debt service coverage of borrowers"),
        Column("room_share", "share", "share of wanted draws that lenders' capital allowed, last month end"),
        Column("collateral_mark", "ratio", "lenders' mark of collateral over book"),
        Column("defaults", "firms", "landlords that defaulted today"),
        Column("loan_losses_usd", "USD", "loans written off today"),
        Column("notes_senior_usd", "USD", "senior notes outstanding"),
        Column("notes_junior_usd", "USD", "junior notes outstanding"),
        Column("notes_residual_usd", "USD", "balance of the residual class"),
        Column("loans_sold_usd", "USD", "loans held by the vehicle"),
        Column("notes_issued_usd", "USD", "notes of all classes issued today"),
        Column(
            "note_spread_required", "1/year", "lowest spread that investors asked at the last offering, all classes"
        ),
        Column("note_writedowns_usd", "USD", "notes written down today"),
        Column("oc_ratio", "ratio", "collateral over senior notes; empty where there are none"),
        Column("chip_premium", "ratio", "price of a new chip over its trend, from orders beyond the vendor's capacity"),
        Column("open_interest_contracts", "contracts", "open interest in all months"),
        Column("futures_volume_contracts", "contracts", "contracts traded today"),
        Column("hedge_landlords_contracts", "contracts", "net position of landlords"),
        Column("hedge_users_contracts", "contracts", "net position of users"),
        Column("initial_margin_usd", "USD", "margin deposits at the clearing house"),
        Column("margin_defaults", "traders", "speculators who failed a margin call today"),
        Column("limit_locks", "months", "listed months locked at the daily limit today"),
        Column("multiplicities", "months", "listed months with several clearing prices today"),
        *labs,
        Column("month_end", "0 or 1", "whether contracts settle and loans are paid today"),
        Column("curve_gap", "log", "mean log gap of the curve over the crowd's expected settlement"),
    ]
    columns += [
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
        Column(
            "fund_spectral_radius", "ratio", "largest eigenvalue of both months' joint loop: shocks grow by 1/(1-it)"
        ),
        Column("fund_share_of_open_interest", "share", "funds' positions over open interest, two nearest months"),
        Column("fund_sponsor_losses_usd", "USD", "paid so far by sponsors for negative net asset values"),
    ]
    columns += [
        Column(f"fund_nav_{f}_usd", "USD a share", f"net asset value of {f}; empty before launch") for f in funds
    ]
    columns += [Column(f"rent_{p}_usd_per_gpu_hour", "USD per GPU-hour", f"mean rent of {p}") for p in products]
    columns += [
        Column(f"occupancy_{p}", "share", f"hours sold over hours offered of {p}; empty where none is offered")
        for p in products
    ]
    return columns
