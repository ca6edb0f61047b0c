"""Every number of the default world has a source or is marked as an assumption, and the page says what stands."""

from experiments.build import build
from experiments.parameters import PAGE, default_world, defaults, limits, page, schemas


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m experiments.parameters"


def test_every_number_is_cited_or_marked():
    assert [default.key for default in default_world() if default.numeric and not default.source] == []


def test_a_number_without_a_source_is_found(tmp_path):
    path = tmp_path / "spot.yaml"
    path.write_text(
        "# A market.\nbare: 2.5e6   # of the group\nmarked: 3   # of all; assumption\ncited:  # SEC filings\n"
        "  inner: 4\nlong: 5    # of a kind\n           # that is assumed\nword: auction\n"
    )
    found = {default.key: default for default in defaults(path, "spot")}
    assert [key for key, default in found.items() if default.numeric and not default.source] == ["spot.bare"]
    assert found["spot.cited.inner"].source == "SEC filings"
    assert found["spot.long"].source == "of a kind that is assumed"
    assert not found["spot.word"].numeric


def test_ranges_are_those_that_are_checked():
    known = schemas()
    assert limits("spot.convexity", known) == "> 0, ≤ 50"
    assert limits("agents.neocloud.reserved_share", known) == "≥ 0, ≤ 1"
    assert limits("reserved.tenors.12m.weeks", known) == "≥ 1, ≤ 520"


def test_the_page_holds_every_parameter_of_the_default_world():
    told = {default.key for default in default_world()}
    groups = {agent.name.rpartition("_")[0] for agent in build(days=1).agents}
    assert {f"agents.{group}" for group in groups} <= {".".join(key.split(".")[:2]) for key in told}
