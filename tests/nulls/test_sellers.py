"""Sellers that differ by grade, by region and for good: nothing where they are alike, and what it does where not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.economy import Economy
from sim.kernels.spot import POSTED
from sim.spec import SpecError, read_spec
from tests.worlds import container, moved, ran, row, series, world

ALIKE = {"grades__h100__tiers": None, "grades__h200__tiers": None, "grades__b200__tiers": None,
         "regions__eu__list_odds": 1.0, "agents__neocloud__ask_level": 1.0}  # fmt: skip
PATH = ("noise=none", "world=stationary", "demand.season.amplitude=0", "agents.neocloud.ask_noise=0", "works=alike")


def alike(**values: Any) -> Economy:
    return ran(40, "indices=by_grade", **(ALIKE | values))


def test_sellers_who_are_alike_need_not_say_so():
    silent = container("indices=by_grade", **ALIKE)
    for section, key in (("grades", "tiers"), ("regions", "list_odds")):
        for part in silent[section].values():
            del part[key]
    economy = Economy(read_spec(silent), seed=1, days=40)
    economy.run(40)
    assert moved(series(economy), series(alike())) == []


def test_grades_let_as_the_world_lets_change_no_bit():
    tiers = {"managed": 0.0, "bare_metal": 0.5, "marketplace": 0.5, "interruptible": 0.0}
    same = world("indices=by_grade", **(ALIKE | {f"grades__{g}__tiers": tiers for g in ("h100", "h200", "b200")}))
    none = world("indices=by_grade", **ALIKE)
    assert np.array_equal(same.books.where.place, none.books.where.place)
    assert same.books.products.level == pytest.approx(none.books.products.level, rel=1e-14)


def test_only_the_difference_between_regions_counts():
    both = alike(regions__us__list_odds=2.0, regions__eu__list_odds=2.0)
    assert moved(series(both), series(alike())) == []


def test_the_level_of_asks_is_drawn_once_a_seller_and_moves_no_other_draw():
    apart = world(**(ALIKE | {"agents__neocloud__ask_level": ["lognormal", 1.0, 0.1]}))
    more = world(**(ALIKE | {"agents__neocloud__ask_level": ["lognormal", 1.0, 0.1], "agents__neocloud__count": 4}))
    levels = [[e.register.people[row(e, f"neocloud_{i}")].p.ask_level for i in (1, 2, 3)] for e in (apart, more)]
    assert levels[0] == levels[1]
    assert len(set(levels[0])) == 3


# what they do


def test_a_grade_is_dear_where_little_of_it_is_let_as_far_as_users_substitute():
    economy = world("indices=by_grade", "scenario=elastic")
    products, where = economy.books.products, economy.books.where
    landlords = economy.books.roll.landlords
    let = where.path_ve[landlords].sum(axis=0)
    by = {name: let[j] for j, name in enumerate(products.names)}
    level = dict(zip(products.names, products.level.tolist(), strict=True))
    all_bare = sum(ve for name, ve in by.items() if name.endswith("bare_metal"))
    all_market = sum(ve for name, ve in by.items() if name.endswith("marketplace"))
    for grade in ("h100", "h200", "b200"):
        bare, market = f"{grade}_us_bare_metal", f"{grade}_us_marketplace"
        thin = (all_bare / all_market) / (by[bare] / by[market])
        premium = math.log(economy.spec.tiers["bare_metal"].premium)
        expected = premium + math.log(thin) / economy.spec.spot.substitution
        assert math.log(level[bare] / level[market]) == pytest.approx(expected, abs=1e-12)
    assert level["h200_us_bare_metal"] < 0.85 * level["h200_us_marketplace"]
    assert level["h100_us_bare_metal"] > 1.05 * level["h100_us_marketplace"]


def test_on_the_path_every_grade_earns_landlords_what_its_value_says():
    economy = world(**{k: v for k, v in ALIKE.items() if "regions" not in k and "grades" not in k})
    books, where = economy.books, economy.books.where
    own = where.path_ve[books.roll.landlords].sum(axis=0)
    occupancy = economy.spec.spot.occupancy
    source = np.where(where.shop.mechanism == 3, where.shop.partner, -1)
    idle = np.where(source >= 0, where.shop.rate * (1.0 - where.usual[source]) * own[source], 0.0) * occupancy
    earned = (own * where.usual + idle) * books.products.level
    for g in range(3):
        mine = books.products.grade == g
        assert earned[mine].sum() / own[mine].sum() == pytest.approx(occupancy, rel=1e-12)


def test_the_basis_of_a_grade_that_marketplaces_hardly_let_has_the_other_sign():
    record = ran(240, "indices=by_grade", "venue=none", "scenario=elastic").record
    basis = {
        grade: record[f"index_quote{grade}_usd_per_gpu_hour"] / record[f"index_transaction{grade}_usd_per_gpu_hour"]
        for grade in ("", "_h200", "_b200")
    }
    assert np.log(basis["_h200"]).mean() < -0.1
    assert np.log(basis[""]).mean() > 0.0
    assert np.log(basis["_b200"]).mean() > 0.0


def test_users_find_list_prices_out_of_stock_less_often_where_sellers_keep_more_ready():
    usual, stocked = (ran(300, "venue=none", **(ALIKE | {"regions__eu__list_odds": w})).record for w in (1.0, 0.2))
    assert usual["stock_out_eu"].mean() == pytest.approx(usual["stock_out_us"].mean(), abs=0.05)
    assert stocked["stock_out_eu"].mean() < usual["stock_out_eu"].mean() - 0.1
    assert stocked["stock_out_us"].mean() > usual["stock_out_us"].mean()


def test_sellers_of_different_levels_ask_further_apart():
    same, apart = alike().record, alike(agents__neocloud__ask_level=[0.8, 1.0, 1.25]).record
    assert apart["ask_dispersion"].mean() > same["ask_dispersion"].mean() + 0.05


def test_the_world_begins_on_its_path_with_sellers_that_differ():
    record = ran(3, *PATH).record
    assert record["rent_usd_per_ve_hour"] == pytest.approx(2.81, rel=1e-5)
    assert record["occupancy"] == pytest.approx(0.81, rel=1e-5)


# worlds that cannot be


@pytest.mark.parametrize(
    ("tiers", "key"),
    [
        ({"bare_metl": 1.0}, "grades.h200.tiers.bare_metl"),
        ({"bare_metal": 0.5}, "grades.h200.tiers"),
        ({"bare_metal": 0.9, "interruptible": 0.1}, "grades.h200.tiers.interruptible"),
    ],
)
def test_a_grade_let_where_it_cannot_be_is_refused_by_key(tiers, key):
    with pytest.raises(SpecError) as error:
        world(grades__h200__tiers=tiers)
    assert key in {problem.key for problem in error.value.problems}


@pytest.mark.parametrize("occupancy", [0.02, 0.5, 0.81, 0.999])
@pytest.mark.parametrize("odds", [1e-3, 0.2, 30.0])
def test_regions_differ_by_their_odds_around_the_worlds_occupancy(occupancy, odds):
    where = world(regions__eu__list_odds=odds, spot__occupancy=occupancy, venues__main__listed=False).books.where
    products, listed = where.products, where.shop.mechanism == POSTED
    for tier in np.unique(products.tier[listed]):
        mine = products.tier == tier
        us, eu = (float(where.usual[mine & (products.region == r)][0]) for r in (0, 1))
        assert eu / (1.0 - eu) == pytest.approx(odds * us / (1.0 - us), rel=1e-6)
        assert where.usual[mine] @ where.offered_ve[mine] == pytest.approx(
            occupancy * where.offered_ve[mine].sum(), rel=1e-12
        )


def test_odds_beyond_reason_are_refused():
    with pytest.raises(SpecError) as error:
        world(regions__eu__list_odds=1e-6)
    assert [problem.key for problem in error.value.problems] == ["regions.eu.list_odds"]
