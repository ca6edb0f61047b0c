#!/usr/bin/env bash
# How many of a study's replicates differ is decided by how many tasks joblib sends at once, so by how fast they are.
#
# At: joblib 1.6.0 with its own loky and cloudpickle, Python's usual `if __name__ == "__main__"` script.
# Guess: a module-level `rng = np.random.default_rng()`, without a seed, gives every run luck of its own; at worst each
#        worker has a copy, so that two workers give two series of different draws.
# Seen:  a function of the script itself is sent by value, and the generator with it, anew with every batch. Each batch
#        begins at the state in which the parent's generator stands for ever: batches of one give one result, 64 times
#        over, batches of four four. By default joblib sizes batches by the time that tasks take: 64 tasks of a third
#        of a second are one replicate, however many workers, tasks of a millisecond some, by the load of the machine.
#        With `n_jobs=1` all 64 differ. A function that is imported from a module behaves as was guessed.
# Why it matters to simulators of markets: means over seeds look exact (the spread over 64 runs is 0, or that of four),
#        intervals shrink with the number of copies, and a null becomes a finding. Hand every run its seed, and make
#        its generator inside.
# Exits 1 where what is seen here has changed.
set -euo pipefail
HOME_OF_IT=$(mktemp -d); trap 'rm -rf "$HOME_OF_IT"' EXIT
python3 -m venv "$HOME_OF_IT/venv"
"$HOME_OF_IT/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check joblib==1.6.0 numpy==2.4.6
cat >"$HOME_OF_IT/market.py" <<'PY'
import time
import numpy as np

rng = np.random.default_rng()

def run(seconds):
    time.sleep(seconds)
    return rng.normal()
PY
cat >"$HOME_OF_IT/probe.py" <<'PY'
import time
import market, numpy as np
from joblib import Parallel, delayed

rng = np.random.default_rng()

def run(seconds):
    time.sleep(seconds)
    return rng.normal()

def distinct(name, of=run, seconds=0.0, **how):
    found = len(set(Parallel(**how)(delayed(of)(seconds) for _ in range(64))))
    print(f"{name:52} {found:2} of 64 results differ")
    return found

if __name__ == "__main__":
    alone = distinct("in one process", n_jobs=1)
    ones, fours = (distinct(f"two workers, {n} at once", n_jobs=2, batch_size=n) for n in (1, 4))
    slow = distinct("two workers, as joblib chooses, .3 s a run", seconds=0.3, n_jobs=2)
    distinct("two workers, as joblib chooses, .001 s a run", seconds=0.001, n_jobs=2)
    imported = distinct("two workers, imported function, one at once", of=market.run, n_jobs=2, batch_size=1)
    assert (alone, ones, fours, slow) == (64, 1, 4, 1), "results that differ"
    assert imported == 64, "an imported function"
PY
cd "$HOME_OF_IT"
"$HOME_OF_IT/venv/bin/python" probe.py || { echo "joblib has changed"; exit 1; }
