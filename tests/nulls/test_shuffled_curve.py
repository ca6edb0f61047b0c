"""The placebo that shuffles the curve acts through the links alone, and only when it is asked for."""

from tests.worlds import moved, ran, series, spot_side

DAYS = 130


def test_n20_shuffling_with_every_link_off_changes_no_bit():
    changed = moved(series(ran(60)), series(ran(60, links__shuffled_days=365)))
    assert set(changed) <= {"curve_weight", "curve_miss"}, "what readers of a shuffled curve would make of it"


def test_with_the_links_on_a_shuffled_curve_is_another_curve():
    on, shuffled = ran(DAYS, "links=on"), ran(DAYS, "links=shuffled")
    assert "orders_ve" in moved(spot_side(on), spot_side(shuffled))
