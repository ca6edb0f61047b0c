"""Notes as documented: time in trigger, runs on paper, the warehouse, prices of notes. Empty where there is no deal."""

from __future__ import annotations

import math

import numpy as np

from sim.metrics.measure import Metric, Window, highest, lowest, total


def time_in_trigger(window: Window) -> float:
    """Share of days on which a test failed, cash was trapped or notes came first."""
    stage = window.series("deal_stage")
    return float(np.mean(stage >= 2.0)) if np.isfinite(stage).all() else math.nan


METRICS = [
    Metric("time_in_trigger", "share", "days on which a test of the notes failed, cash was trapped or notes came first",
           "notes", time_in_trigger),
    Metric("oc_headroom_low", "ratio", "least collateral over notes less the test", "notes",
           lambda w: lowest(w, "oc_headroom")),
    Metric("pool_dscr_low", "ratio", "lowest coverage of the vehicle's borrowers", "notes",
           lambda w: lowest(w, "pool_dscr")),
    Metric("pool_loss_share_high", "share", "most lost of all loans that a series has bought", "notes",
           lambda w: highest(w, "pool_loss_share")),
    Metric("note_price_low", "ratio", "lowest price of senior notes over par", "notes",
           lambda w: lowest(w, "note_price_senior")),
    Metric("note_price_junior_low", "ratio", "lowest price of junior notes over par", "notes",
           lambda w: lowest(w, "note_price_junior")),
    Metric("warehouse_usd_high", "USD", "most loans made to be sold that nobody had bought", "notes",
           lambda w: highest(w, "warehouse_usd")),
    Metric("paper_rolled_low", "share", "lowest share of commercial paper due that was rolled", "notes",
           lambda w: lowest(w, "paper_rolled")),
    Metric("paper_line_usd_high", "USD", "most drawn under the line behind commercial paper", "notes",
           lambda w: highest(w, "paper_line_usd")),
    Metric("pool_sales_usd", "USD", "face of loans that the vehicle had to sell", "notes",
           lambda w: total(w, "pool_sales_usd")),
]  # fmt: skip
