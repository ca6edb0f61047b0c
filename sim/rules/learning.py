"""What a futures price has been worth as a forecast, learned from the record (recursive least squares, forgetting).

A reader expects rents from rents, and sees by how much the curve differs: its gap x, the mean log distance of a month's
price from the reader's expectation, over the evenings of a calendar month. When the contract settles it knows by how
much its own expectation was wrong: y = ln settlement - ln expected, over the same evenings. The weight that would have
been best is the slope of y on x.
"""

MONTHS_PER_YEAR = 12.0


def kept_after_a_month(memory_years: float) -> float:
    """What is left of a month's weight a month later, of a memory with this half-life."""
    return float(2.0 ** (-1.0 / (MONTHS_PER_YEAR * memory_years)))


def learned_weight(
    prior: float,
    prior_months: float,
    doubt_months: float,
    months: float,
    covariance: float,
    gap: float,
    surprise: float,
) -> float:
    """Weight of the curve, in [0, 1]: (k w0 V + n Cov(y, x)) / ((k + k0) V + n Var x).

    n `months` are those remembered, V (`surprise`) is Var y, `gap` Var x. The prior w0 is worth k months in which the
    gap varied as much as the surprise, and is forgotten as months are; a doubt of k0 months, which stays, draws the
    weight of a curve that says little towards zero, so that a gap of mere noise dies out.
    """
    if months <= 0.0 or surprise <= 0.0:
        known = prior_months + doubt_months
        return min(max(prior * prior_months / known, 0.0), 1.0) if known > 0.0 else prior
    told = (prior_months + doubt_months) * surprise + months * gap
    return min(max((prior_months * prior * surprise + months * covariance) / told, 0.0), 1.0) if told > 0.0 else 0.0
