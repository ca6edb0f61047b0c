"""Effect sizes: every comparison a study's design offers, as paired differences with intervals over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import stats
from experiments.results import FORK, NO_SHOCK, Design, Results, is_fork
from experiments.store import write_arrow

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "metric", "arm", "baseline", "shock", "n", "estimate", "low", "high", "p", "p_holm", "variance_ratio",
)  # fmt: skip
RESPONSE = "response:"  # before a metric's name: the difference between two arms' responses to one shock
KEYS = frozenset({"key", "arm", "shock", "seed", "status", "error", "days"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """A weighted sum of cells (arm, shock), each the same seeds: what `arm`, `baseline`, `shock` of a row mean."""

    family: str  # "shock", "arm" or a contrast's role: what Holm's correction goes over, responses and forks apart
    arm: str
    baseline: str
    shock: str
    cells: tuple[tuple[float, str, str], ...]  # weight, arm, shock
    response: bool = False  # whether shock minus none is compared, and not the runs with this shock

    def named(self, metric: str) -> str:
        """The metric's name in the table."""
        return RESPONSE + metric if self.response else metric


def comparisons(design: Design) -> Iterator[Comparison]:
    """Yield what can be compared: a shock within its arm, an arm with the baseline, contrasts, and the responses."""
    for arm in design.arms:
        for shock in design.shocks:
            if shock != NO_SHOCK:
                yield Comparison("shock", arm, arm, shock, ((1.0, arm, shock), (-1.0, arm, NO_SHOCK)))
    for arm in design.arms if design.kind != "records" else ():  # there each arm is another time
        base = design.baseline + FORK if is_fork(arm) else design.baseline
        if arm != base and base in design.arms:
            yield from _over_shocks("arm", arm, base, {arm: 1.0, base: -1.0}, design)
    for fork in ("", FORK):
        for name, contrast in design.contrasts.items():
            weights = {arm + fork: weight for arm, weight in contrast.weights.items()}
            if weights.keys() <= set(design.arms):
                yield from _over_shocks(contrast.role, name + fork, contrast.formula, weights, design)


def _over_shocks(
    family: str, arm: str, baseline: str, weights: Mapping[str, float], design: Design
) -> Iterator[Comparison]:
    """Yield a weighted sum of arms under every shock, then the same sum of their responses."""
    for shock in design.shocks:
        yield Comparison(family, arm, baseline, shock, tuple((w, name, shock) for name, w in weights.items()))
    for shock in design.shocks:
        if shock != NO_SHOCK:
            cells = [cell for name, w in weights.items() for cell in ((w, name, shock), (-w, name, NO_SHOCK))]
            yield Comparison(family, arm, baseline, shock, tuple(cells), response=True)


def metric_columns(runs: pd.DataFrame, design: Design) -> list[str]:
    """Return the columns of `runs` that are metrics: the numbers that are neither keys nor swept."""
    import pandas as pd

    numbers = [name for name in runs.columns if pd.api.types.is_numeric_dtype(runs[name])]
    return [name for name in numbers if name not in KEYS and name not in design.sweep]


def headline(runs: pd.DataFrame, design: Design) -> list[str]:
    """Return the metrics to show first: the pre-registered endpoints, or one of each family where none are named."""
    from experiments.wording import family_of

    if design.endpoints:
        return list(design.endpoints)
    by_family: dict[str, str] = {}
    for metric in metric_columns(runs, design):
        by_family.setdefault(family_of(metric) if family_of(metric) != "other" else metric, metric)
    return list(by_family.values())[:8]


def effects(runs: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Return the table of effects: one row a metric, comparison and swept point, Holm-adjusted over the endpoints.

    Holm's family is all pre-registered endpoints of one kind of comparison (shock, arm, contrasts of one role;
    responses and forked runs apart) over all arms or contrasts, shocks and swept points; other metrics are exploratory
    and have no adjusted p.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    families: dict[tuple[str, bool, bool], list[int]] = {}
    for point, cells in _swept_points(runs, design):
        for comparison, metric, terms in _contrasts(cells, design, metric_columns(runs, design)):
            if metric in design.endpoints:
                family = (comparison.family, comparison.response, is_fork(comparison.arm))
                families.setdefault(family, []).append(len(rows))
            estimate = stats.contrast(terms)
            values = (comparison.named(metric), comparison.arm, comparison.baseline, comparison.shock,
                      estimate.n, estimate.estimate, estimate.low, estimate.high, estimate.p, None,
                      estimate.variance_ratio)  # fmt: skip
            rows.append(dict(zip(COLUMNS, values, strict=True)) | point)
    for members in families.values():
        adjusted = stats.holm([rows[row]["p"] for row in members])
        for row, p in zip(members, adjusted, strict=True):
            rows[row]["p_holm"] = p
    return pd.DataFrame(rows, columns=[*COLUMNS, *design.sweep])


def equivalences(runs: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Return the tests that arms are equivalent within the margins set in advance, one row a comparison of arms."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for point, cells in _swept_points(runs, design):
        for comparison, metric, terms in _contrasts(cells, design, list(design.margins)):
            if comparison.family != "shock":
                test = stats.equivalence(terms, design.margins[metric])
                row = {"metric": comparison.named(metric), "arm": comparison.arm, "baseline": comparison.baseline}
                row |= {"shock": comparison.shock, "margin": design.margins[metric], "n": test.n}
                row |= {"estimate": test.estimate, "low": test.low, "high": test.high, "p": test.p}
                rows.append(row | {"equivalent": test.equivalent} | point)
    return pd.DataFrame(rows)


def write_effects(out: Path, settings: object = None) -> Path:
    """Write `effects.parquet`, and `equivalence.parquet` where margins are set; return the former's path."""
    del settings  # the folder's config.yaml says it all
    results = Results(Path(out))
    table = effects(results.finished, results.design)
    path = results.out / "effects.parquet"
    _write(table, path)
    if results.design.margins:
        _write(equivalences(results.finished, results.design), results.out / "equivalence.parquet")
    return path


def _swept_points(runs: pd.DataFrame, design: Design) -> Iterator[tuple[dict[str, Any], dict[tuple[str, str], Any]]]:
    """Yield each swept point with its cells: (arm, shock) -> rows indexed by seed."""
    sweep = list(design.sweep)
    groups = runs.groupby(sweep, sort=True, dropna=False) if sweep else [((), runs)]
    for values, group in groups:
        point = dict(zip(sweep, values, strict=True))
        by_cell = group.set_index("seed").sort_index().groupby(["arm", "shock"], sort=True)
        yield point, {(str(arm), str(shock)): cell for (arm, shock), cell in by_cell}


def _contrasts(
    cells: Mapping[tuple[str, str], pd.DataFrame], design: Design, metrics: Sequence[str]
) -> Iterator[tuple[Comparison, str, list[tuple[float, np.ndarray]]]]:
    """Yield every comparison and metric with its signed columns over the seeds that all its cells share."""
    for comparison in comparisons(design):
        frames = [(sign, cells.get((arm, shock))) for sign, arm, shock in comparison.cells]
        if any(frame is None for _, frame in frames):
            continue
        seeds = frames[0][1].index
        for _, frame in frames[1:]:
            seeds = seeds.intersection(frame.index)
        present = [metric for metric in metrics if metric in frames[0][1].columns]
        tables = [(sign, frame.loc[seeds, present].to_numpy(float)) for sign, frame in frames]
        for column, metric in enumerate(present):
            yield comparison, metric, [(sign, values[:, column]) for sign, values in tables]


def _write(table: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa

    types = dict.fromkeys(("estimate", "low", "high", "p", "p_holm", "variance_ratio", "margin"), pa.float64())
    types |= dict.fromkeys(("metric", "arm", "baseline", "shock"), pa.string())
    types |= {"n": pa.int64(), "equivalent": pa.bool_()}
    columns = {}
    for name in table.columns:
        values = table[name].astype(float) if types.get(name) == pa.float64() else table[name]
        columns[name] = pa.array(values, types.get(name), from_pandas=True)
    write_arrow(path, pa.table(columns))
