"""How strongly a shock of given start, length and recovery acts on a day."""


def intensity(day: int, start: int, length: int, recovery_days: int) -> float:
    """1 from `start` for `length` days, then falling in a line to 0 over `recovery_days`."""
    if day < start:
        return 0.0
    since = day - start - length
    if since < 0:
        return 1.0
    if since >= recovery_days:
        return 0.0
    return 1.0 - (since + 1) / (recovery_days + 1)
