"""What a study's swept parameters do: each value against the first, same arm, shock and seed, in words and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from experiments.effects import RESPONSE, headline
from experiments.results import NO_SHOCK, Results, is_fork
from experiments.wording import listed, metric_label, name_of, quantity, value_words

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
MOST_NAMED = 6  # effects that one sentence names


def rows_along(results: Results, key: str) -> pd.DataFrame:
    """Return the effects along one swept key: levels and not responses, whole arms, other keys at their first value."""
    table = results.effects
    table = table[(table["along"] == key) & ~table["metric"].str.startswith(RESPONSE) & ~table["arm"].map(is_fork)]
    return results.design.at_first(table, but=key)


def family_size(results: Results, key: str) -> int:
    """Return over how many comparisons Holm's correction went for one swept key."""
    table = results.effects
    table = table[(table["along"] == key) & ~table["metric"].str.startswith(RESPONSE) & ~table["arm"].map(is_fork)]
    return int(table["p_holm"].notna().sum())


def sentences(results: Results) -> Iterator[str]:
    """Say for each swept key which endpoints its values change against the first, and Holm's family."""
    for key in results.design.sweep:
        rows = rows_along(results, key)
        rows = rows[rows["metric"].isin(results.design.endpoints) & (rows["n"] > 1)]
        if not rows.empty:
            yield from _sentence(results, key, rows)


def _sentence(results: Results, key: str, rows: pd.DataFrame) -> Iterator[str]:
    first, others = rows["against"].iloc[0], [value_words(value) for value in results.design.values(key, rows)[1:]]
    over, tried = f"Holm's correction over {family_size(results, key)} comparisons", int(rows["p_holm"].notna().sum())
    sure = rows[rows["p_holm"] < LEVEL]
    if tried == 0 and ((rows["low"] == 0) & (rows["high"] == 0)).all():
        yield f"Along {key}, every endpoint at {listed(others)} is exactly that at {first}."
    elif sure.empty:
        yield (
            f"Along {key}, no endpoint at {listed(others)} is distinguishable from that at {first} after {over}; that "
            "is no proof of equality."
        )
    else:
        named = [_named(row, value) for row, value in zip(sure.itertuples(), sure[key], strict=True)]
        more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
        yield (
            f"Along {key}, against {first}: {'; '.join(named[:MOST_NAMED])}{more} ({len(sure)} of {tried} comparisons "
            f"are distinguishable after {over})."
        )


def _named(row: Any, value: Any) -> str:
    size = quantity(row.metric, row.estimate, row.low, row.high)
    return f"{name_of(row.metric)} {size} at {value_words(value)}, {_where(row.arm, row.shock)}"


def _where(arm: str, shock: str) -> str:
    return f"{name_of(arm)}, {'no shock' if shock == NO_SHOCK else name_of(shock)}"


def tables(results: Results) -> list[dict[str, Any]]:
    """Return a table a swept key for the report: rows by endpoint, arm and shock, a column a value."""
    found = []
    for key in results.design.sweep:
        rows = rows_along(results, key)
        rows = rows[rows["metric"].isin(headline(results.finished, results.design))]
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
