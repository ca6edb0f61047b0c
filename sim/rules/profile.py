"""How strongly a shock acts on a day: its onset, its length, the shape of its recovery, and what is made up after."""

import math

NEGLIGIBLE_HALF_LIVES = 10.0  # after so many half-lives an exponential recovery is over: a thousandth is left


def intensity(
    day: int, start: int, length: int | None, recovery_days: int, recovery: str = "linear", rise_days: int = 0
) -> float:
    """1 from `start` on for `length` days (None: for good), reached in a line over the first `rise_days` of them.

    Then 0 at once (`step`), in a line over `recovery_days` (`linear`), or by half every `recovery_days`
    (`exponential`).
    """
    if day < start:
        return 0.0
    if length is None or day < start + length:
        return min(1.0, (day - start + 1) / (rise_days + 1))
    since = day - start - length
    if recovery == "step" or recovery_days == 0:
        return 0.0
    if recovery == "linear":
        return 1.0 - (since + 1) / (recovery_days + 1) if since < recovery_days else 0.0
    halvings = (since + 1) / recovery_days
    return math.exp(-math.log(2.0) * halvings) if halvings < NEGLIGIBLE_HALF_LIVES else 0.0


def released_share(day: int, end: int, make_up_days: int) -> float:
    """Share of what is held back that comes through on a day: none before `end`, all of it evenly in the days after.

    With N days to make up, 1/N of it on the first, 1/(N - 1) of the rest on the second, and so on: equal parts.
    """
    if day < end:
        return 0.0
    left = make_up_days - (day - end)
    return 1.0 / left if left > 1 else 1.0
