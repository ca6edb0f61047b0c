"""Writes `docs/columns.md`, the page that lists every column of a result folder: `python -m experiments.columns`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

OPTIONAL = (
    "venue=architect",
    "resale=default",
    "deal.enabled=true",
    "loan.reports=true",
    "loan.facilities.delayed_draw.amortisation=null",
    "loan.facilities.delayed_draw.schedule={months: 36, balloon: 0.3}",
    "loan.facilities.delayed_draw.refinance=true",
    "population=tiny",
    "venues.main.reports=true",
    "futures.open_interest_share=.1",
    "venues.architect.reports=true",
    "venues.main.maturities=1",
    "links.normal_premium=[0.0]",
)  # presets whose worlds have series of their own
PAGE = Path(__file__).parent.parent / "docs" / "columns.md"
Row = tuple[str, str, str]

RUNS: tuple[Row, ...] = (
    ("key", "hash", "the run's identity: its world, seed, days, window, code and numerical libraries"),
    (
        "arm",
        "name",
        "variant of the world; ending in `@fork` when forked from the common state at the event's first day",
    ),
    (
        "shock",
        "name",
        "what struck; `none` is the same world left alone, measured from the first event on (and forked there); "
        "`none@NAME` the same from the day of a shock that strikes later, to be compared with it",
    ),
    ("seed", "number", "runs of one seed share every draw that their arms and shocks do not touch"),
    ("status", "`ok`, `failed`", "whether the run ended well"),
    ("measured", "hash", "the code that measured the run's days; where it differs from today's they are measured anew"),
    ("processor", "name", "the kind of processor that did the run, as far as it changes bits; empty in folders of old"),
    (
        "swept parameters",
        "as set",
        "a column for each key of `study.sweep`, named as the key; null where a run does not depend on it (a world "
        "without the shock whose key is swept) and is compared with the runs at all its values",
    ),
    ("error", "text", "why a run failed; empty otherwise"),
)
EVENTS: tuple[Row, ...] = (
    ("key, arm, shock, seed", "", "as in `runs.parquet`"),
    ("day", "days", "since the start, from 0"),
    (
        "kind",
        "text",
        "what happened beside the daily series: `limit lock`, `default`, `no note issue`, `shocks overlap`, "
        "`clearing loss`, `index carried forward`, ...",
    ),
    ("text", "text", "to whom and how much"),
)
EFFECTS: tuple[Row, ...] = (
    (
        "metric",
        "name",
        "a metric of `runs.parquet`; after `response:`, the difference between two arms' shock effects, "
        "or one's at two swept values",
    ),
    ("arm", "name", "the arm on the left of the difference; or the name of a contrast of `study.contrasts`"),
    (
        "baseline",
        "name or formula",
        "the arm on the right; the same arm where the effect is that of a shock; of a contrast its formula, `a - b`",
    ),
    ("shock", "name", "a shock's effect is shock minus none; an arm's effect is under this shock in both arms"),
    ("n", "pairs", "seeds whose runs all ended well with a finite figure"),
    ("estimate", "the metric's", "mean over seeds of the paired difference"),
    ("low", "the metric's", "lower end of its 95 % interval: studentised bootstrap over seeds, a paired t below eight"),
    ("high", "the metric's", "upper end; [0, 0] where all differences are zero"),
    (
        "p",
        "probability",
        "two-sided, that the mean is zero, of the same bootstrap or t; null where all differences are zero",
    ),
    (
        "p_holm",
        "probability",
        "Holm-adjusted over the pre-registered endpoints of one `family`; else null",
    ),
    ("variance_ratio", "ratio", "variance of the comparison between unpaired runs over that between paired runs"),
    (
        "along",
        "key",
        "the swept key whose value is compared with its first, same arm, shock and seed; null where arms or shocks are "
        "compared at one point",
    ),
    ("against", "text", "that first value; null with `along`"),
    (
        "family",
        "text",
        "what Holm's correction goes over: `answer` for everything that the answer says in words (all roles, "
        "endpoints, shocks and swept values), else the kind of comparison that only tables hold; null with `p_holm`",
    ),
    ("median", "the metric's", "median over seeds of the paired difference"),
    (
        "leave_two_low, leave_two_high",
        "the metric's",
        "smallest and largest mean when any two seeds are left out; null below three seeds",
    ),
    ("same_sign", "share", "seeds whose difference has the sign of the mean; null where that is zero"),
    ("rests_on", "seeds", "the fewest seeds without which the mean no longer has its sign; null where it is zero"),
    (
        "p_symmetry",
        "probability",
        "two-sided, by sign flips: that the differences are symmetric about zero. Exact for that; a mean of zero with "
        "a skewed shape is rejected too often, so nothing is decided by it",
    ),
    (
        "detectable",
        "the metric's",
        "the true effect that would be found with 80 % power in this `family`, from the spread of the pairs: the first "
        "step of Holm, differences without skew",
    ),
    (
        "swept parameters",
        "as set",
        "a column for each key of `study.sweep`; null where what is compared does not depend on it",
    ),
)
EQUIVALENCE: tuple[Row, ...] = (
    ("metric, arm, baseline, shock, n, estimate", "", "as in `effects.parquet`"),
    ("margin", "the metric's", "the largest difference that counts as none, set in `study.equivalence`"),
    ("low, high", "the metric's", "90 % interval"),
    ("p", "probability", "of two one-sided tests, studentised bootstrap or paired t as in `effects.parquet`"),
    ("equivalent", "yes or no", "whether the difference is shown to lie within the margin"),
)
DESIGN: tuple[Row, ...] = (
    ("point", "number", "of the swept point that the row holds, from 0; rows that fall together share it"),
    ("sample", "number", "of a design of sobol or morris: the base point or trajectory"),
    ("matrix", "name", "of sobol: `A`, `B`, or `B:KEY` where A has the key of B"),
    ("step", "number", "of morris: along the trajectory"),
    ("swept parameters", "as set", "a column for each key of `study.sweep`: its value"),
    ("unit.KEY", "share", "where the row lies between 0 and 1, of a design that is drawn"),
)
MOMENTS: tuple[Row, ...] = (
    ("moment", "name", "what is measured in the calm baseline arm"),
    ("unit", "text", "of the figures in its row"),
    ("low, high", "the moment's", "the band the real market suggests"),
    ("obtained", "the moment's", "mean over seeds; null where its columns were not recorded"),
    ("low_ci, high_ci", "the moment's", "95 % interval of that mean over seeds"),
    ("inside", "yes or no", "whether the mean lies in the band"),
    ("source", "text", "where the band comes from"),
)
STANDARDISATION: tuple[Row, ...] = (
    (
        "owner",
        "name",
        "a fleet of one product; `all_` of a grade, region or tier; the market's mix; `reference_` share",
    ),
    (
        "reference_share",
        "share",
        "of the reference product in the fleet, the rest the market's mix; null for the others",
    ),
    ("index", "name", "the index that the future settles on, as the mean over the month's business days"),
    ("horizon_months", "months", "from the month of the hedge to the month it is for"),
    ("seeds", "number", "seeds with enough whole months"),
    (
        "effectiveness",
        "share",
        "1 - Var(hedged) / Var(unhedged) of changes of monthly revenue per VE-hour owned, mean over seeds, each hedged "
        "with the ratio of the others; below 0 where the hedge adds risk",
    ),
    ("low, high", "share", "its 95 % interval over seeds"),
    ("h_star", "GPU-hours per VE-hour", "Cov/Var pooled over seeds: hours sold forward per VE-hour owned"),
    ("basis_sd", "log", "sd over months of the owner's mean rent per VE-hour over the index"),
)
SIGN_MAP: tuple[Row, ...] = (
    ("contrast, metric", "name", "a contrast of the study, and an endpoint"),
    ("draws", "number", "draws in which it was measured"),
    ("higher, lower, unchanged", "share", "of draws, by the sign of the mean over seeds"),
    ("clear_higher, clear_lower", "number", "of draws with p < .05, each by itself"),
    ("median, lowest, highest", "the metric's", "of the means over draws"),
    ("goes_with", "name", "the assumption with the largest rank correlation; null below five draws"),
    ("rank_correlation", "number", "Spearman's, of the mean with that assumption over draws"),
    ("p", "probability", "of that correlation by Student's t, times the number of assumptions"),
)
SIGN_MAP_DRAWS: tuple[Row, ...] = (
    ("contrast, metric, draw", "", "as in `sign_map.parquet`; draws are counted from 1"),
    ("n, estimate, low, high, p", "", "as in `effects.parquet`, of the draw by itself"),
    ("assumptions", "as set", "a column for each of `study.kind.ranges`: the value drawn"),
)
SENSITIVITY: tuple[Row, ...] = (
    ("design", "name", "`morris`, the screening, or `sobol`"),
    ("arm, shock, metric", "name", "the output: an endpoint of an arm under a shock, a mean over seeds in every row"),
    ("key", "name", "what is swept"),
    ("seeds", "number", "that every output is a mean of"),
    ("mu_star", "the metric's", "of morris: the mean absolute elementary effect, of a step over the whole range"),
    (
        "mu_star_half",
        "the metric's",
        "half of its 95 % interval: a bootstrap over trajectories and, from three seeds on, a jackknife over seeds",
    ),
    ("mu, sigma", "the metric's", "mean and spread of the effects: their sign, and how much they depend on the rest"),
    (
        "first, total",
        "share",
        "of sobol: of the output's variance, by the key alone, and with all it acts together with",
    ),
    ("first_half, total_half", "share", "half of their 95 % intervals, as for morris"),
)
CALIBRATION: tuple[Row, ...] = (
    ("key", "name", "what is swept"),
    ("estimate", "as set", "its value at the point whose simulated moments are nearest to their targets"),
    (
        "low, high",
        "as set",
        "95 % interval: where the profile of the distance, all other keys free, is within the square of Student's t at "
        "seeds less one of its least",
    ),
    (
        "ends_below, ends_above",
        "yes or no",
        "whether the profile rises to that point on this side of what was looked at",
    ),
    ("planted", "as set", "the value that a test of itself was to find; else null"),
)
CALIBRATION_MOMENTS: tuple[Row, ...] = (
    ("moment", "name", "what is to be met"),
    ("target, target_se", "the moment's", "the middle of the band, or the record's figure, with its standard error"),
    ("obtained, obtained_se", "the moment's", "at the estimate, mean over seeds, with its standard error"),
    ("gap", "standard errors", "obtained less target, over both errors together"),
)
RECORDS: tuple[Row, ...] = (
    ("event, date", "", "a preset of shocks, and when it struck"),
    ("quantity", "text", "what is measured, on which days since the date"),
    ("recorded_low, recorded_high", "per cent", "the reaction on record; null: open, both null: none on record"),
    ("obtained", "per cent", "with over without the event, mean over seeds"),
    ("low_ci, high_ci", "per cent", "95 % interval of that mean over seeds"),
    ("inside", "yes or no", "whether the mean lies within what is on record; null where nothing is"),
    ("source", "text", "what is on record"),
)
NEUTRALITY: tuple[Row, ...] = (
    ("column", "name", "a column of the spot side of `paths/`"),
    ("max_abs_difference", "the column's", "largest difference between arms on any day of any seed"),
    ("identical", "yes or no", "whether all arms agree to the last bit"),
)
FUTURES_MOVED: tuple[Row, ...] = (
    ("arm", "name", "another arm than the reference"),
    ("column", "name", "a futures price of `paths/`"),
    ("max_abs_difference", "USD per GPU-hour", "largest difference from the reference arm on any day of any seed"),
    ("identical", "yes or no", "whether no bit differs: then the check proves nothing for this arm"),
)
PATHS: tuple[Row, ...] = (
    ("arm, shock, seed", "", "as in `runs.parquet`, with the swept parameters"),
    ("day", "days", "since the start, from 0"),
    ("date", "date", "of that day"),
)


def page() -> str:
    """Return the page: the fixed tables, the simulator's metrics, and the series of the default world."""
    from experiments.build import build
    from sim.metrics import METRICS

    usual = build(days=1).record.columns
    series = [
        *usual.values(),
        *(new for name, new in build(*OPTIONAL, days=1).record.columns.items() if name not in usual),
    ]
    families = dict.fromkeys(metric.family for metric in METRICS.values())
    parts = [
        "# Columns of a result folder",
        "Written by `python -m experiments.columns`. Names carry units: `_usd`, `_gpu_hours`, `_per_year`; VE (value "
        "equivalents) count capacity by what it earns, one H100 = 1.",
        *section(
            "runs.parquet",
            "These, then a column a metric: NaN where a run has no value of it, null where it was not measured. "
            "`measures` in `config.yaml` says what metrics of your own mean.",
            RUNS,
        ),
    ]
    for family in families:
        rows = [(m.name, m.unit, m.meaning) for m in METRICS.values() if m.family == family]
        parts += [f"### Metrics: {family.replace('_', ' ')}", table(rows)]
    parts += section("events.parquet", "A row an event of a finished run, in the order of `runs.parquet`.", EVENTS)
    parts += section("effects.parquet", "A row a metric and comparison.", EFFECTS)
    parts += section("equivalence.parquet", "Where `study.equivalence` sets margins.", EQUIVALENCE)
    parts += section("design.parquet", "Of a study that sweeps: a row a row of its design, in its order.", DESIGN)
    parts += section(
        "paths/",
        "With `record=paths`: a file a run, a row a day, null where there is nothing on a day. "
        "Grades, indices, kinds of owner, tenors and listed months are "
        "those of the default world; another world has its own. The last are of worlds with a market "
        "for used GPUs, of the calls that need one, of balloons that are drawn anew, of loans with `reports` "
        "(owners are those of the smallest world), of futures with a stated open interest, and of venues with "
        "`reports` (of the nearest month: others alike), "
        "with clearing members and with a perpetual.",
        [*PATHS, *((column.name, column.unit, column.meaning) for column in series)],
    )
    parts += section("moments.parquet", "Of a study of kind `moments`.", MOMENTS)
    parts += section("standardisation.parquet", "Of a study of kind `standardisation`.", STANDARDISATION)
    parts += section("records.parquet", "Of a study of kind `records`.", RECORDS)
    parts += section("sign_map.parquet", "Of a study of kind `sign_map`: a row a contrast and endpoint.", SIGN_MAP)
    parts += section("sign_map_draws.parquet", "The same by draw.", SIGN_MAP_DRAWS)
    parts += section(
        "sensitivity.parquet", "Of a study of kind `sensitivity`: a row a design, output and key.", SENSITIVITY
    )
    parts += section("calibration.parquet", "Of a study of kind `calibration`: a row a key.", CALIBRATION)
    parts += section("calibration_moments.parquet", "The same by moment.", CALIBRATION_MOMENTS)
    parts += section("neutrality.parquet", "Of a study of kind `neutrality`.", NEUTRALITY)
    parts += section("futures_moved.parquet", "Of a study of kind `neutrality`.", FUTURES_MOVED)
    return "\n\n".join(parts) + "\n"


def section(title: str, text: str, rows: Iterable[Row]) -> list[str]:
    """Return a heading, a sentence and a table."""
    return [f"## `{title}`", text, table(list(rows))]


def table(rows: Sequence[Row]) -> str:
    """Return a table of column, unit, meaning."""
    lines = ["| column | unit | meaning |", "|---|---|---|"]
    for name, unit, meaning in rows:
        quoted = name if " " in name and "," not in name else ", ".join(f"`{part}`" for part in name.split(", "))
        lines.append(f"| {quoted} | {unit} | {meaning} |")
    return "\n".join(lines)


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
