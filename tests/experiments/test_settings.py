"""The settings of a study are checked all at once, with what is allowed and the nearest name."""

import pytest

from experiments.configuration.settings import read_settings
from experiments.errors import UsageError, nearest_name


def settings(**changes):
    return {"study": {"name": "trial"}, "days": 100, "out": "results", **changes}


def test_a_study_without_arms_has_one_and_always_the_run_without_shock():
    study = read_settings(settings()).study
    assert study.arms == {"base": []}
    assert study.shocks == {"none": []}


def test_all_problems_are_told_at_once():
    with pytest.raises(UsageError) as error:
        read_settings(settings(seeds=1.5, days=-4, recrd="paths", record="path"))
    assert {problem.key for problem in error.value.problems} == {"seeds", "days", "recrd", "record"}


def test_a_misspelt_key_meets_its_nearest_name():
    with pytest.raises(UsageError, match="study.evnt = None: there is no such key; did you mean study.event?"):
        read_settings(settings(study={"name": "trial", "evnt": None}))


@pytest.mark.parametrize("seeds", [0, float("nan"), "4", [1, 1], [], True])
def test_seeds_must_be_a_count_or_a_list_of_different_seeds(seeds):
    with pytest.raises(UsageError, match="seeds"):
        read_settings(settings(seeds=seeds))


def test_a_list_with_one_wrong_seed_is_told_by_that_seed_alone():
    with pytest.raises(UsageError) as error:
        read_settings(settings(seeds=[1, -2]))
    assert [(problem.key, problem.value) for problem in error.value.problems] == [("seeds.1", -2)]


def test_seeds_count_from_one_or_stand_as_listed():
    assert read_settings(settings(seeds=3)).seed_list == [1, 2, 3]
    assert read_settings(settings(seeds=[7, 2])).seed_list == [7, 2]


def test_metrics_are_taken_from_the_event_on_unless_a_window_is_set():
    event = {"start_day": 40, "end_day": 60}
    study = {"name": "trial", "shocks": {"cut": ["cut"]}, "events": {"cut": event}}
    assert read_settings(settings()).window == (0, 100)
    assert read_settings(settings(study=study)).window == (40, 100)
    window = {"start_day": 10, "end_day": 20}
    assert read_settings(settings(study={"name": "trial", "event": event, "window": window})).window == (10, 20)


def test_metrics_leave_out_what_a_study_burns_in():
    assert read_settings(settings(study={"name": "trial", "burn_in": 30})).window == (30, 100)
    with pytest.raises(UsageError, match="days = 100: must be more than study.burn_in = 100"):
        read_settings(settings(study={"name": "trial", "burn_in": 100}))
    window = {"start_day": 10, "end_day": 20}
    with pytest.raises(UsageError, match="study.burn_in = 5: cannot be set beside study.window"):
        read_settings(settings(study={"name": "trial", "burn_in": 5, "window": window}))


def test_a_window_must_lie_inside_the_run():
    with pytest.raises(UsageError, match="days = 100: must be at least study.window.end_day = 101"):
        read_settings(settings(study={"name": "trial", "window": {"start_day": 0, "end_day": 101}}))


@pytest.mark.parametrize(
    "study",
    [
        {"baseline": "loan"},
        {"fork": {"arm": "loan"}},
        {"event": {"start_day": 5, "end_day": 5}},
        {"sweep": {"spot.convexity": []}},
        {"sweep": {"spot.convexity": [1.0, float("nan")]}},
        {"shocks": {"none": ["outage"]}},
        {"arms": {"with blanks": []}},
    ],
)
def test_a_study_that_contradicts_itself_is_refused(study):
    with pytest.raises(UsageError):
        read_settings(settings(study={"name": "trial", "arms": {"loans": []}, **study}))


def test_the_nearest_name_is_found_by_the_last_part_too_and_never_far_away():
    known = ["world.start_date", "links.curve_to_capex", "seeds"]
    assert nearest_name("sede", known) == "seeds"
    assert nearest_name("curve_to_capx", known) == "links.curve_to_capex"
    assert nearest_name("xyzzy", known) is None


@pytest.mark.parametrize(
    ("contrast", "said"),
    [
        ({"a": 1, "c": -1}, "must be one of the arms a, b"),
        ({"a": 1.0, "b": -2.0}, "sum to 0"),
        ({"a": 0.0}, "sum to 0"),
    ],
)
def test_a_contrast_weighs_known_arms_and_sums_to_zero(contrast, said):
    study = {"name": "trial", "arms": {"a": [], "b": []}, "contrasts": {"credit": {"arms": contrast}}}
    with pytest.raises(UsageError, match=said):
        read_settings(settings(study=study))


def test_arms_that_meet_no_shocks_are_not_forked_unless_asked():
    study = {"name": "trial", "arms": {"a": [], "b": []}, "calm_only": ["b"], "fork": {"arm": "a"}}
    assert read_settings(settings(study=study)).study.forked_arms() == ["a"]
    study["fork"] = {"arm": "a", "arms": ["b"]}
    assert read_settings(settings(study=study)).study.forked_arms() == ["b"]
