#!/usr/bin/env bash
# QuantStats: the risk of a rent depends on whether it is quoted in dollars or in cents.
#
# At: quantstats 0.0.86; `stats.max_drawdown(prices)` as documented, and all that take returns or prices.
# Guess: drawdown and volatility have no unit. What a function calls `prices` it takes for prices, and where it takes
#        either it goes by what cannot be a return.
# Seen:  it goes by size: a series that stays below 1 is taken for returns, also where the argument is named prices, and
#        nothing warns. A rent of .45 USD a GPU-hour is a gain of 45 % a day: its drawdown is 0 where it fell by a third
#        from its peak, its volatility is five times too large, its Sharpe ratio 128 instead of -1.7, its value at risk
#        a gain. In cents all are right. A rent that passes 1 USD on one day of a year is read otherwise on all days.
# Why it matters to simulators of markets: a GPU-hour of most grades costs less than 1 USD, electricity .03 to .20 a
#        kWh, a loan trades at .97 and a tranche at .85. In a pair of runs the shock that lifts one path above 1 changes
#        which measure is taken, and the "effect" is the difference between two measures. Returns by
#        `rent.pct_change().dropna()` are read right in every unit, unless all are gains and one exceeds 100 %.
# Exits 1 where what is seen here has changed.
set -euo pipefail
HOME_OF_IT=$(mktemp -d); trap 'rm -rf "$HOME_OF_IT"' EXIT
python3 -m venv "$HOME_OF_IT/venv"
"$HOME_OF_IT/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check quantstats==0.0.86 pandas==3.1.1 numpy==2.4.6
cat >"$HOME_OF_IT/probe.py" <<'PY'
import numpy as np, pandas as pd
from quantstats import stats

draw = np.random.default_rng(1)
days = pd.date_range("2026-01-01", periods=365)
usd = pd.Series(0.45 * np.exp(np.cumsum(draw.normal(0.0, 0.01, 365))), days)
calm = usd * 2.0
struck = calm.copy()
struck.iloc[200] = 1.001  # one day above 1 USD

def figures(name, prices):
    found = [float(f(prices)) for f in (stats.max_drawdown, stats.volatility, stats.sharpe, stats.value_at_risk)]
    print(f"{name:24} {prices.min():7.3f} to {prices.max():7.3f}  drawdown {found[0]:7.3f}  volatility {found[1]:6.3f}  "
          f"Sharpe {found[2]:7.2f}  value at risk {found[3]:7.3f}")
    return found

in_usd, in_cents = figures("rent in USD", usd), figures("the same in cents", usd * 100.0)
of_calm, of_struck = figures("another rent, calm", calm), figures("the same, one day struck", struck)
true = float((usd / usd.cummax() - 1.0).min())
assert usd.max() < 1.0 and calm.max() < 1.0 < struck.max(), "the rents themselves"
assert abs(in_cents[0] - true) < 1e-12 and true < -0.3 and in_usd[0] == 0.0, "drawdown by unit"
assert in_usd[1] > 5.0 * in_cents[1] and in_usd[2] > 100.0 > 0.0 > in_cents[2], "volatility and Sharpe ratio by unit"
assert in_usd[3] > 0.0 > in_cents[3], "value at risk by unit"
assert of_calm[0] == 0.0 and of_struck[0] < -0.3, "drawdown by one day above 1"
PY
"$HOME_OF_IT/venv/bin/python" -W ignore "$HOME_OF_IT/probe.py" || { echo "QuantStats has changed"; exit 1; }
