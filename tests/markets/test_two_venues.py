"""Two venues on two indices: both open, trade, settle and net to zero; one clearing house stands between all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.spec import SpecError, read_spec
from tests.worlds import composed, container, moved, ran, spec_of, spot_side, world

TWO = "venue=cme_and_ice"
DAYS = 65


@pytest.fixture(scope="module")
def two():
    return ran(DAYS, TWO, "funds=leveraged")


def held(economy, name):
    return economy.books.ledger.table(economy.exchange.venues[name].names)


def test_both_open_with_the_hedges_of_the_same_hedgers_and_a_crowd_of_their_own():
    economy = world(TWO)
    assert list(economy.exchange.venues) == ["main", "ice"]
    main, ice = held(economy, "main"), held(economy, "ice")
    for landlord in economy.books.roll.landlords:
        assert main[:, landlord].sum() < 0.0
        assert ice[:, landlord].sum() < 0.0
    ids = [set(crowd.arrays.id.tolist()) for crowd in economy.exchange.crowds]
    assert len(ids) == 2
    assert not ids[0] & ids[1]
    alone = held(world("venue=cme_silicon_data"), "main")
    shares = main[:, economy.books.roll.landlords] / alone[:, economy.books.roll.landlords]
    assert shares == pytest.approx(0.5), "each venue has half of what is hedged"


def test_both_trade_and_every_contract_and_deposit_nets_to_zero(two):
    for name in ("main", "ice"):
        table = held(two, name)
        assert np.abs(table).sum() > 0.0
        assert np.abs(table.sum(axis=1)).max() <= 1e-9 * np.abs(table).sum()
        assert two.exchange.closes[name].volume.sum() > 0.0
    margin = two.books.ledger.held("margin")
    assert abs(margin.sum()) <= 1e-9 * np.abs(margin).sum()
    interest = sum(two.exchange.open_interest(venue).sum() for venue in two.exchange.venues.values())
    assert two.record["open_interest_contracts"][-1] == pytest.approx(interest)


def test_deposits_are_the_initial_margin_of_positions_at_both(two):
    parents, total = two.books.roll.parents, 0.0
    for name, venue in two.exchange.venues.items():
        hedgers = np.abs(held(two, name)[:, two.exchange.house.hedger]).sum(axis=1)
        total += 0.12 * 730.0 * float(hedgers @ venue.price_usd)
    assert two.books.ledger.held("margin")[parents] == pytest.approx(total), "hedges are ring-fenced"


def test_each_settles_to_the_mean_of_its_own_index_over_business_days():
    economy, settled = world(TWO, days=31), {}
    expire = economy.exchange.house.expire

    def watched(venue, settlement_usd):
        settled[venue.name] = settlement_usd
        return expire(venue, settlement_usd)

    economy.exchange.house.expire = watched
    economy.run(31)
    business = [day for day in range(31) if economy.calendar.is_business_day(day)]
    for name, index in (("main", "quote"), ("ice", "transaction")):
        seen = economy.record[f"index_{index}_usd_per_gpu_hour"][business]
        assert settled[name] == pytest.approx(seen.mean())
    assert settled["main"] != pytest.approx(settled["ice"], rel=1e-3)
    assert economy.exchange.venues["ice"].names[0] == "future:ice:2026-02"


def test_each_has_a_curve_that_stays_near_its_own_index(two):
    view = two.register.views[0]
    assert view.venues == ("main", "ice")
    assert view.curve() is view.curve("main") is two.board.today.curve
    assert view.curve("comex") is None
    for name, index in (("main", "quote"), ("ice", "transaction")):
        assert view.curve(name).price_usd[0] == pytest.approx(two.indices.usd[index], rel=0.15)
    assert two.record["future_1_usd_per_gpu_hour"][-1] == two.exchange.venues["main"].price_usd[0]
    assert two.record["future_ice_1_usd_per_gpu_hour"][-1] == two.exchange.venues["ice"].price_usd[0]


def test_funds_hold_the_futures_of_the_main_venue_alone(two):
    owners = [fund.owner for fund in two.funds.launched]
    assert np.abs(held(two, "main")[:, owners]).sum() > 0.0
    assert not held(two, "ice")[:, owners].any()


def test_links_read_the_curve_of_the_venue_that_is_named():
    economy = ran(3, TWO, "links=on")
    board = economy.board
    gaps = {}
    for name in ("main", "ice"):
        board.links = board.links.model_copy(update={"venue": name})
        gaps[name] = board.gap(2.0)
    assert gaps["main"] != gaps["ice"]
    dear = replace(board.today.curves["ice"], price_usd=tuple(1.1 * x for x in board.today.curves["ice"].price_usd))
    board.today = replace(board.today, curves=board.today.curves | {"ice": dear})
    assert board.gap(2.0) == pytest.approx(gaps["ice"] + np.log(1.1))


def test_with_links_at_zero_a_second_venue_leaves_what_is_physical_as_it_is_to_the_bit():
    with_two, with_one = ran(DAYS, TWO), ran(DAYS, "venue=cme_silicon_data")
    kept = set(spot_side(with_one))
    assert moved({k: v for k, v in spot_side(with_two).items() if k in kept}, spot_side(with_one)) == []
    assert not np.array_equal(with_two.record["futures_volume_contracts"], with_one.record["futures_volume_contracts"])


def test_the_order_in_which_venues_are_written_changes_no_bit():
    written = container(TWO)
    turned = written | {"venues": dict(reversed(written["venues"].items()))}
    assert list(read_spec(turned).venues) == ["main", "ice"]


def test_a_copy_may_close_one_and_open_it_again():
    economy = ran(20, TWO)
    shut = composed("population=tiny", TWO)
    shut["venues"]["ice"]["listed"] = False
    closed = economy.fork(read_spec(shut))
    assert list(closed.exchange.venues) == ["main"]
    closed.run(15)
    assert np.isnan(closed.record["future_ice_1_usd_per_gpu_hour"][-1])
    again = closed.fork(spec_of(TWO))
    assert list(again.exchange.venues) == ["main", "ice"]
    assert np.abs(held(again, "ice")).sum() > 0.0
    again.run(30)
    shut["venues"]["main"]["listed"], shut["venues"]["ice"]["listed"] = False, True
    only_ice = again.fork(read_spec(shut))
    only_ice.run(5)
    assert only_ice.exchange.first.name == "ice"


def test_funds_stay_where_they_are_while_it_is_listed_and_else_move():
    written = composed("population=tiny", TWO, "funds=leveraged")
    written["venues"]["main"]["listed"] = False
    economy = ran(15, TWO, "funds=leveraged").fork(read_spec(written))
    assert economy.funds.home == "ice", "main is closed at last prices"
    economy.run(10)
    owners = [fund.owner for fund in economy.funds.launched]
    assert np.abs(held(economy, "ice")[:, owners]).sum() > 0.0
    joined = economy.fork(spec_of(TWO, "funds=leveraged"))
    joined.run(30)
    assert list(joined.exchange.venues) == ["main", "ice"]
    assert joined.funds.home == "ice"
    assert not held(joined, "main")[:, owners].any()


def test_a_copy_keeps_the_venues_of_its_origin():
    with pytest.raises(SpecError, match=r"venues.*a fork keeps \['main', 'ice'\]"):
        ran(2, TWO).fork(spec_of("venue=default"))


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("venues.ice.index", "quot", "venues.ice.index"),
        ("venues.ice.margin.maintenance", 0.9, "venues.ice.margin.maintenance"),
        ("venues.ice.tick_usd", 1e-12, "venues.ice.tick_usd"),
        ("links.venue", "icee", "links.venue"),
    ],
)
def test_what_cannot_be_is_told_by_the_venue(key, value, told):
    with pytest.raises(SpecError) as refused:
        spec_of(TWO, **{key.replace(".", "__"): value})
    assert [problem.key for problem in refused.value.problems] == [told]
