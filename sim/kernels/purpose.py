"""What a random draw is for: a part of its address. The values are fixed for ever; new purposes take new numbers."""

from enum import IntEnum


class Purpose(IntEnum):
    """The kinds of draw; two purposes never share one (values 0 to 4095)."""

    DEMAND_SLOW = 1
    DEMAND_FAST = 2
    DEMAND_LAB = 3
    DEMAND_PRODUCT = 4
    FIRM_REVENUE = 5
    LIST_ASK_TIME = 6
    LIST_ASK_NOISE = 7
    RESTATEMENT_TIME = 8
    RESTATEMENT_SIZE = 9
    CURE = 10
    POPULATION = 11
    SPECULATOR_WAKE = 12
    SPECULATOR_MATURITY = 13
    SPECULATOR_NOISE = 14
    SPECULATOR_TYPE = 15
    SHOCK = 16
    TIE = 17
    FORECAST = 18
    FUND_FLOW = 19
    SPECULATOR_SIGNAL = 20
    SPECULATOR_CADENCE = 21
    BOOK_ARRIVAL = 30
    PLACEBO = 40
    JOB_ARRIVAL = 60
    JOB_SIZE = 61
    JOB_DAYS = 62
    FUNDING_START = 63
    FUNDING_ROUND = 64
    FUNDING_SIZE = 65
    DEMAND_GRADE = 70
    DEMAND_REGION = 71
    TRANSACTION_MIX = 72
