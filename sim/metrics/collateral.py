"""Collateral: margin calls, sales that they force, what used GPUs cost. Empty where there is no market for them."""

from __future__ import annotations

from sim.metrics.measure import Metric, highest, lowest, total

METRICS = [
    Metric("called_usd", "USD", "owed beyond maintenance when margin calls were made", "collateral",
           lambda w: total(w, "called_usd")),
    Metric("forced_sales_usd", "USD", "loans repaid out of forced sales of GPUs of solvent borrowers", "collateral",
           lambda w: total(w, "calls_sales_usd")),
    Metric("calls_cash_usd", "USD", "cash that met margin calls", "collateral", lambda w: total(w, "calls_cash_usd")),
    Metric("call_firm_days", "days", "days of open margin calls, summed over borrowers", "collateral",
           lambda w: total(w, "calls_open")),
    Metric("loan_to_value_high", "ratio", "highest loans over what collateral counts for", "collateral",
           lambda w: highest(w, "loan_to_value")),
    Metric("used_sold_usd", "USD", "used GPUs sold, at what they are worth to landlords on average", "collateral",
           lambda w: total(w, "used_sold_usd")),
    Metric("used_outside_usd", "USD", "of these, bought by outsiders", "collateral",
           lambda w: total(w, "used_outside_usd")),
    Metric("used_price_ratio_low", "ratio", "lowest price of used GPUs over value", "collateral",
           lambda w: lowest(w, "used_price_ratio")),
    Metric("used_gpu_usd_low", "USD per VE", "lowest price of landlords' GPUs by those of used ones", "collateral",
           lambda w: lowest(w, "used_gpu_usd_per_ve")),
]  # fmt: skip
