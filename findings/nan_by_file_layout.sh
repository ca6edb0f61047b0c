#!/usr/bin/env bash
# The same rows in one Parquet file or in ten: a filter on a column with NaN finds other runs.
#
# At: duckdb 2.0.1, pyarrow 26.0.1, polars 2.1.0; files as pyarrow writes them, by default with statistics.
# Guess: DuckDB and polars hold NaN above every number, Arrow holds every comparison with NaN false. Once that is known,
#        a filter gives the same rows however they lie in files, and `isnan` finds the NaN.
# Seen:  statistics of a file leave NaN out, and two of three readers go by them before they look. DuckDB skips files
#        whose largest number is too small, NaN and all, so that "above .5" counts 505 rows or 500; `where isnan(x)`
#        finds none of ten NaN, while `count(*) filter (where isnan(x))` counts ten. Arrow takes a file as a whole if
#        its numbers all pass, NaN with them: `count_rows` counts 495 or 500, `to_table` of the same filter 495.
#        polars is consistent: NaN is the largest number, 505 of 1,000 in both.
# Why it matters to simulators of markets: a metric of a run without trades, or a price before a contract is listed,
#        is NaN; results are a file a run or an arm until someone gathers them. Shares of runs above a threshold then
#        change with gathering, and the check that should find what is missing finds nothing. Store what is not there
#        as null (`pa.array(x, from_pandas=True)`): every count below is then the same in both layouts.
# Exits 1 where what is seen here has changed.
set -euo pipefail
HOME_OF_IT=$(mktemp -d); trap 'rm -rf "$HOME_OF_IT"' EXIT
python3 -m venv "$HOME_OF_IT/venv"
"$HOME_OF_IT/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0 numpy==2.4.6
cat >"$HOME_OF_IT/probe.py" <<'PY'
import sys
from pathlib import Path
import duckdb, numpy as np, polars as pl, pyarrow as pa, pyarrow.dataset as ds, pyarrow.parquet as pq

values = np.linspace(0.0, 1.0, 1000)
values[::100] = np.nan  # ten runs of a thousand have no value: one in each hundred
x, x_of_polars = ds.field("x"), pl.col("x")

def counts(folder):
    rows = f"from read_parquet('{folder}/*.parquet')"
    of = lambda text: duckdb.sql(text).fetchall()[0][0]
    arrow = ds.dataset(folder)
    return {
        "duckdb x > .5": of(f"select count(*) {rows} where x > 0.5"),
        "duckdb where isnan(x)": of(f"select count(*) {rows} where isnan(x)"),
        "duckdb filter (where isnan(x))": of(f"select count(*) filter (where isnan(x)) {rows}"),
        "arrow count_rows x > .5": arrow.count_rows(filter=x > 0.5),
        "arrow to_table x > .5": arrow.to_table(filter=x > 0.5).num_rows,
        "arrow not x <= .5": arrow.count_rows(filter=~(x <= 0.5)),
        "polars x > .5": pl.scan_parquet(folder).filter(x_of_polars > 0.5).select(pl.len()).collect().item(),
    }

def laid(name, files, null):
    folder = Path(sys.argv[1]) / name
    folder.mkdir()
    for i, part in enumerate(np.split(values, files)):
        pq.write_table(pa.table({"x": pa.array(part, from_pandas=null)}), folder / f"{i}.parquet")
    return counts(str(folder))

one, ten = laid("one", 1, False), laid("ten", 10, False)
one_null, ten_null = laid("one_null", 1, True), laid("ten_null", 10, True)
print(f"{'of 1,000 rows, ten NaN':32} one file  ten files | null instead: one file  ten files")
for name in one:
    print(f"{name:32} {one[name]:8} {ten[name]:10} | {one_null[name]:22} {ten_null[name]:10}")
assert (one["duckdb x > .5"], ten["duckdb x > .5"]) == (505, 500), "duckdb's threshold"
assert one["duckdb where isnan(x)"] == ten["duckdb where isnan(x)"] == 0, "duckdb's isnan"
assert one["duckdb filter (where isnan(x))"] == 10, "duckdb's isnan in an aggregate"
assert (one["arrow count_rows x > .5"], ten["arrow count_rows x > .5"]) == (495, 500), "arrow's count"
assert ten["arrow to_table x > .5"] == 495, "arrow's rows"
assert one["polars x > .5"] == ten["polars x > .5"] == 505, "polars"
assert one_null == ten_null, "null instead of NaN"
PY
"$HOME_OF_IT/venv/bin/python" -W ignore "$HOME_OF_IT/probe.py" "$HOME_OF_IT" || { echo "a reader has changed"; exit 1; }
