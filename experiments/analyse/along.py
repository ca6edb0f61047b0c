"""What a study's swept parameters do: each value against the first, same arm, shock and seed, in words and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from experiments.analyse.effects import RESPONSE, comparisons_in, headline
from experiments.results import NO_SHOCK, Results, is_fork, is_set
from experiments.wording import listed, metric_label, name_of, quantity, value_words

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
MOST_NAMED = 6  # effects that one sentence names


def rows_along(results: Results, key: str) -> pd.DataFrame:
    """Return the effects along one swept key: levels and not responses, whole arms, other keys at their first value."""
    return results.design.at_first(_family(results, key), but=key)


def family_size(results: Results, key: str) -> int:
    """Return over how many comparisons Holm's correction went where one swept key's are judged."""
    families = _family(results, key)["family"].dropna().unique()
    return sum(comparisons_in(results.effects, family) for family in families)


def _family(results: Results, key: str) -> pd.DataFrame:
    table = results.effects
    told = table["metric"].str.startswith(RESPONSE) | table["arm"].map(is_fork).astype(bool)
    return table[(table["along"] == key) & ~told.astype(bool)]


def sentences(results: Results) -> Iterator[str]:
    """Say for each swept key which endpoints its values change against the first, and Holm's family."""
    for key in results.design.sweep:
        rows = _family(results, key)
        rows = rows[rows["metric"].isin(results.design.endpoints) & (rows["n"] > 1)]
        if not rows.empty:
            yield from _sentence(results, key, rows)


def _sentence(results: Results, key: str, rows: pd.DataFrame) -> Iterator[str]:
    first, others = rows["against"].iloc[0], [value_words(value) for value in results.design.values(key, rows)[1:]]
    tried = int(rows["p_holm"].notna().sum())
    sure, over = rows[rows["p_holm"] < LEVEL], f"after Holm over the answer's {family_size(results, key)}"
    if tried == 0 and ((rows["low"] == 0) & (rows["high"] == 0)).all():
        yield f"Along {key}, every endpoint at {listed(others)} is the same as at {first}."
    elif sure.empty:
        yield (
            f"Along {key}, no endpoint at {listed(others)} is distinguishable from that at {first} "
            f"({tried} comparison{'s' * (tried != 1)}, {over}); that is no proof of equality."
        )
    else:
        points = sure[list(results.design.sweep)].to_dict("records")
        named = [_named(row, point, key) for row, point in zip(sure.itertuples(), points, strict=True)]
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        yield (
            f"Along {key}, against {first}: {'; '.join(named[:MOST_NAMED])}{more} ({len(sure)} of {tried} comparisons, "
            f"{over})."
        )


def _named(row: Any, point: dict[str, Any], key: str) -> str:
    size = quantity(row.metric, row.estimate, row.low, row.high)
    others = "".join(f", {name} {value_words(value)}" for name, value in point.items() if name != key and is_set(value))
    return f"{name_of(row.metric)} {size} at {value_words(point[key])}{others}, {_where(row.arm, row.shock)}"


def _where(arm: str, shock: str) -> str:
    return f"{name_of(arm)}, {'no shock' if shock == NO_SHOCK else name_of(shock)}"


def tables(results: Results) -> list[dict[str, Any]]:
    """Return a table a swept key for the report: rows by endpoint, arm and shock, a column a value."""
    found = []
    for key in results.design.sweep:
        rows = rows_along(results, key)
        shown = [*headline(results.finished, results.design), *results.design.secondary]
        rows = rows[rows["metric"].isin(shown)]
        if not rows.empty:
            lines = [
                (
                    metric_label(str(metric)),
                    _where(str(arm), str(shock)),
                    dict(zip(mine[key], mine.itertuples(), strict=True)),
                )
                for (metric, arm, shock), mine in rows.groupby(["metric", "arm", "shock"], sort=False)
            ]
            first, family = rows["against"].iloc[0], family_size(results, key)
            values = results.design.values(key, rows)[1:]
            found.append({"key": key, "first": first, "values": values, "lines": lines, "family": family})
    return found
