#!/usr/bin/env bash
# RiskMetrics volatility with nothing to estimate: yesterday's figure knows the next 75 days.
#
# At: arch 8.0.0, `EWMAVariance(0.94)`, `RiskMetrics2006()` and GARCH with given parameters.
# Guess: s2[t] = .94 s2[t-1] + .06 r[t-1]^2 with nothing estimated uses returns before t alone, after a first value that
#        is the first squared return or, if it is the variance of the sample, plainly one of all days.
# Seen:  the first value is a weighted mean of the squares of the first 75 returns, of the sample that was given. A
#        crash of 15 standard deviations on day 60 lifts the volatility of day 0 by 24 %, of day 10 by 16 %; one on day
#        80 does not. By `RiskMetrics2006` it is still 15 % on the day before the crash. `forecast(start=0)`, whose rows
#        are labelled by the day they are made on, has it too: 53 % of variance on day 0, and GARCH with all parameters
#        given 22 % of volatility. `fit(backcast=r[0]**2)` ends it.
# Why it matters to simulators of markets: initial margin is a multiple of such a volatility, and runs of a year make 75
#        days a fifth. Traders then post more before a squeeze than after calm, margin models that react late look as
#        if they had seen it coming, and a shock has "effects" before its day, so that a pair of runs that must be
#        equal up to the shock is not.
# Exits 1 where what is seen here has changed.
set -euo pipefail
HOME_OF_IT=$(mktemp -d); trap 'rm -rf "$HOME_OF_IT"' EXIT
python3 -m venv "$HOME_OF_IT/venv"
"$HOME_OF_IT/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check arch==8.0.0 numpy==2.4.6 pandas==3.1.1 scipy==1.17.1
cat >"$HOME_OF_IT/probe.py" <<'PY'
import numpy as np
from arch.univariate import GARCH, EWMAVariance, RiskMetrics2006, ZeroMean

calm = np.random.default_rng(1).normal(size=250)  # a pair of runs that are one up to the day of the crash
DAYS = (0, 10, 30, 59)

def struck(day):
    return np.where(np.arange(250) == day, 15.0, calm)

def fitted(process, **how):
    return lambda r: ZeroMean(r, volatility=process()).fit(disp="off", **how).conditional_volatility

def forecast(r):
    made = ZeroMean(r, volatility=EWMAVariance(0.94)).fit(disp="off").forecast(start=0, reindex=False)
    return made.variance.to_numpy()[:, 0]

def ahead(name, measure, day=60):
    """By how much a crash on a day moves what is measured of days before it."""
    moved = (measure(struck(day)) / measure(calm) - 1.0)[list(DAYS)]
    print(f"{name:42} crash on day {day}: " + "  ".join(f"day {at} {100.0 * by:+.1f} %" for at, by in zip(DAYS, moved)))
    return moved

ewma = ahead("EWMA, volatility", fitted(lambda: EWMAVariance(0.94)))
late = ahead("EWMA, volatility", fitted(lambda: EWMAVariance(0.94)), day=80)
risk_metrics = ahead("RiskMetrics 2006, volatility", fitted(RiskMetrics2006))
made = ahead("EWMA, forecast of variance", forecast)
known = lambda r: ZeroMean(r, volatility=GARCH()).fix([0.05, 0.05, 0.9]).conditional_volatility
garch = ahead("GARCH(1,1) of given parameters", known)
given = ahead("EWMA with a first value of one's own", fitted(lambda: EWMAVariance(0.94), backcast=calm[0] ** 2))
assert ewma[0] > 0.2 and ewma[1] > 0.1 and made[0] > 0.4 and garch[0] > 0.15 and risk_metrics[3] > 0.1, "within 75 days"
assert not late.any() and not given.any(), "later, and with a first value of one's own"
PY
"$HOME_OF_IT/venv/bin/python" -W ignore "$HOME_OF_IT/probe.py" || { echo "arch has changed"; exit 1; }
