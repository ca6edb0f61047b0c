"""The diary of a run: one preallocated row a day, every column with its unit and meaning."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from sim.vocabulary import Floats, Ints


@dataclass(frozen=True)
class Column:
    """A series: name (unit in the name), unit, what it means; `family`: how `ORDER` calls it, if not by its name."""

    name: str
    unit: str
    meaning: str
    family: str = field(default="", compare=False)


ORDER = (  # of the series in the record; what is in braces stands for the names of a world
    "rent_{grade}_usd_per_gpu_hour", "rent_usd_per_ve_hour", "rent_path_usd_per_ve_hour",
    "index_{index}_usd_per_gpu_hour", "future_{month}_usd_per_gpu_hour", "reserved_{tenor}_usd_per_ve_hour",
    "fleet_{kind}_gpus", "fleet_ve", "fleet_path_ve", "fleet_all_ve", "orders_ve", "orders_path_ve", "orders_all_ve",
    "chip_price_usd_per_ve", "gpu_value_usd_per_ve", "q_mean",
    "reserved_ve", "pool_ve", "withheld_ve", "occupancy", "traded_gpu_hours", "unserved_gpu_hours",
    "downtime_gpu_hours", "spot_turnover_usd", "stock_out_{region}", "ask_dispersion", "interrupted_gpu_hours",
    "loans_usd", "lender_capital_usd", "dscr_median", "room_share", "collateral_mark", "defaults", "loan_losses_usd",
    "lender_losses_usd", "loan_draws_usd", "loan_spread_mean", "loan_spread_max", "base_bound",
    "notes_senior_usd", "notes_junior_usd", "notes_residual_usd", "loans_sold_usd", "notes_issued_usd",
    "note_spread_required", "note_writedowns_usd", "oc_ratio", "chip_premium", "chip_scarcity",
    "open_interest_contracts", "open_interest_usd", "open_interest_share_stated", "futures_size",
    "futures_volume_contracts", "hedge_landlords_contracts", "hedge_users_contracts",
    "initial_margin_usd", "margin_defaults", "limit_locks", "multiplicities",
    "jobs_finished", "jobs_missed", "training_lost_ve_hours", "training_left_ve_hours",
    "labs_cash_usd", "labs_raised_usd", "rounds_failed", "lab_defaults", "month_end", "curve_gap",
    "curve_gap_spread", "curve_weight", "curve_miss", "curve_miss_of_rents", "futures_impact",
    "fund_assets_usd", "fund_gamma_usd", "fund_flow_usd", "fund_rebalance_contracts", "fund_roll_contracts",
    "fund_loop_gain_1", "fund_loop_gain_2", "fund_gain_stated", "fund_spectral_radius", "fund_share_of_open_interest",
    "fund_sponsor_losses_usd", "fund_nav_{fund}_usd", "rent_{product}_usd_per_gpu_hour", "occupancy_{product}",
    "ask_{seller}_usd_per_gpu_hour",
    "used_gpu_usd_per_ve", "used_price_ratio", "used_paid_usd", "used_sold_usd", "used_forced_usd", "used_outside_usd",
    "used_on_the_way_ve",
    "notes_mezzanine_usd", "paper_line_usd", "paper_rolled", "paper_unpaid_usd", "pool_bought_usd", "pool_sales_usd",
    "pool_dscr", "pool_loss_share", "deal_stage", "reserve_usd", "warehouse_usd", "oc_headroom", "interest_coverage",
    "note_price_senior", "note_price_mezzanine", "note_price_junior", "loss_expected_senior",
    "loss_expected_mezzanine", "loss_expected_junior",
    "note_writedowns_senior_usd", "note_writedowns_mezzanine_usd", "note_writedowns_junior_usd",
    "note_writedowns_residual_usd", "deal_collected_usd", "deal_fees_usd", "deal_interest_senior_usd",
    "deal_interest_mezzanine_usd", "deal_interest_junior_usd", "deal_repaid_usd", "deal_kept_usd", "deal_reserve_usd",
    "deal_residual_usd",
    "calls_open", "called_usd", "calls_cash_usd", "calls_chips_usd", "calls_sales_usd", "loan_to_value",
    "balloons_due_usd", "balloons_refinanced_usd", "balloons_cash_usd", "balloons_sales_usd", "balloons_overdue_usd",
    "lock_up_firms", "breach_firms", "estate_firms", "cash_received_usd", "cash_running_usd", "cash_hedges_usd",
    "cash_fees_usd", "cash_interest_usd", "cash_principal_usd", "cash_swept_usd", "cash_distributed_usd",
    "facility_{facility}_loans_usd", "facility_{facility}_draws_usd", "facility_{facility}_undrawn_usd",
    "facility_{facility}_interest_usd", "facility_{facility}_fees_usd", "facility_{facility}_principal_usd",
    "facility_{facility}_defaulted_usd", "facility_{facility}_losses_usd", "facility_{facility}_recovered_usd",
    "dscr_lock_up", "dscr_covenant", "ltv_call",
    "dscr_q10", "dscr_q25", "dscr_q50", "dscr_q75", "dscr_q90",
    "base_cover_q10", "base_cover_q25", "base_cover_q50", "base_cover_q75", "base_cover_q90",
    "ltv_q10", "ltv_q25", "ltv_q50", "ltv_q75", "ltv_q90", "advance_mean", "base_headroom_usd",
    "debt_rank", "debt_rank_largest", "aggregate_vulnerability", "lender_hhi", "borrower_hhi",
    "equity_{owner}_usd", "owed_{debtor}_to_{creditor}_usd",
    "future_{month}_volume_contracts", "future_{month}_open_contracts",
    "future_{month}_landlords_long_contracts", "future_{month}_landlords_short_contracts",
    "future_{month}_users_long_contracts", "future_{month}_users_short_contracts",
    "future_{month}_funds_long_contracts", "future_{month}_funds_short_contracts",
    "future_{month}_speculators_long_contracts", "future_{month}_speculators_short_contracts",
    "future_{month}_others_long_contracts", "future_{month}_others_short_contracts",
    "future_spread", "future_effective_spread", "future_depth_contracts", "future_margin_share", "future_paid_usd",
    "future_landlords_usd", "future_others_usd", "future_landlords_hedge_ratio", "future_landlords_basis_risk",
    "future_settled_usd_per_gpu_hour", "future_intraday_paid_usd", "future_intraday_defaults",
    "clearing_fund_usd", "clearing_own_usd", "clearing_margin_usd", "clearing_member_usd", "clearing_own_used_usd",
    "clearing_mutual_usd", "clearing_assessed_usd", "clearing_haircut_usd", "clearing_rescue_usd",
    "clearing_auctioned_contracts", "clearing_unsold_contracts", "clearing_auction_usd",
    "perpetual_{venue}_usd_per_gpu_hour", "perpetual_{venue}_premium", "perpetual_{venue}_funding",
    "perpetual_{venue}_funding_usd", "perpetual_{venue}_open_contracts", "perpetual_{venue}_volume_contracts",
    "perpetual_{venue}_landlords_long_contracts", "perpetual_{venue}_landlords_short_contracts",
    "perpetual_{venue}_users_long_contracts", "perpetual_{venue}_users_short_contracts",
    "perpetual_{venue}_funds_long_contracts", "perpetual_{venue}_funds_short_contracts",
    "perpetual_{venue}_speculators_long_contracts", "perpetual_{venue}_speculators_short_contracts",
    "perpetual_{venue}_others_long_contracts", "perpetual_{venue}_others_short_contracts", "perpetual_{venue}_spread",
    "perpetual_{venue}_effective_spread", "perpetual_{venue}_depth_contracts", "perpetual_{venue}_margin_share",
    "perpetual_{venue}_paid_usd", "perpetual_{venue}_landlords_usd", "perpetual_{venue}_others_usd",
    "perpetual_{venue}_intraday_paid_usd", "perpetual_{venue}_intraday_defaults",
)  # fmt: skip


MONTH_END = Column("month_end", "0 or 1", "whether contracts settle and loans are paid today")


def in_order(columns: Iterable[Column]) -> list[Column]:
    """Series in the order of the record, those of a family as given; raises ValueError for one without a place."""
    place = {name: i for i, name in enumerate(ORDER)}
    found = list(columns)
    homeless = [column.name for column in found if (column.family or column.name) not in place]
    if homeless:
        raise ValueError(f"series without a place in sim.record.ORDER: {homeless}")
    return sorted(found, key=lambda column: place[column.family or column.name])


class Record:
    """Rows (days, columns), float64; grows when a run goes on past what was reserved."""

    def __init__(self, columns: list[Column], start: datetime.date, days: int) -> None:
        self.columns: dict[str, Column] = {column.name: column for column in columns}
        self.place = {column.name: i for i, column in enumerate(columns)}
        self.start = start
        self.rows: Floats = np.full((max(1, days), len(columns)), np.nan)
        self.days = 0
        self.enabled = True
        self._told: list[str] = []  # in which order the last day came, and where it went
        self._places: Ints = np.zeros(0, dtype=np.int64)

    def write(self, *day: Mapping[str, float]) -> None:
        """Add a day: the value of every series by name, from one who tells or several.

        Raises ValueError for a series that is missing, unknown or told twice.
        """
        told = list(chain.from_iterable(day))
        if told != self._told:
            self._told, self._places = told, self._find(told)
        if self.days == len(self.rows):
            self.rows = np.concatenate([self.rows, np.full_like(self.rows, np.nan)])
        self.rows[self.days, self._places] = list(chain.from_iterable(part.values() for part in day))
        self.days += 1

    def _find(self, told: list[str]) -> Ints:
        """The columns of series in the order in which they are told."""
        if len(told) != len(self.place) or set(told) != self.place.keys():
            missing, unknown = sorted(self.place.keys() - set(told)), sorted(set(told) - self.place.keys())
            twice = sorted({name for name in told if told.count(name) > 1})
            raise ValueError(
                f"a day must have every series of the record: missing {missing}, unknown {unknown}, twice {twice}"
            )
        return np.array([self.place[name] for name in told], dtype=np.int64)

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
