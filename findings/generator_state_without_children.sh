#!/usr/bin/env bash
# A numpy generator that is set back to a stored state gives the same draws, and other children.
#
# At: numpy 2.4.6, `Generator.bit_generator.state` (PCG64 here; MT19937, Philox and SFC64 alike).
# Guess: the state is all of a generator. Who stores it (of the default one plain numbers, which JSON takes) and sets it
#        again goes on as if nothing had been between, `spawn` included; two generators of equal state are equal.
# Seen:  how many children were spawned is kept by the seed sequence, and that is not in the state. A generator made
#        from the seed and set to the stored state draws as before, and spawns its first children once more: agents that
#        enter after a checkpoint have the streams of the founders. Set back in place it does the opposite: what is
#        replayed spawns children that nobody had. Set in a generator of another seed, the state gives its draws, and
#        the children are those of the other seed. `pickle` and `copy.deepcopy` carry both.
# Why it matters to simulators of markets: histories are forked at an event into arms that must share every draw but
#        what the arm changes, and runs go on after a job's time limit. By states, entrants of the two arms draw from
#        different streams, or two agents from one, and all draws of the parent are right, so that checks pass. Fork
#        and store generators whole, or key streams by what they are for and spawn none.
# Exits 1 where what is seen here has changed.
set -euo pipefail
HOME_OF_IT=$(mktemp -d); trap 'rm -rf "$HOME_OF_IT"' EXIT
python3 -m venv "$HOME_OF_IT/venv"
"$HOME_OF_IT/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6
cat >"$HOME_OF_IT/probe.py" <<'PY'
import copy, json, pickle
import numpy as np

def founded():
    rng = np.random.default_rng(7)
    return rng, [child.integers(1000) for child in rng.spawn(3)]

def entered(rng):
    """What two entrants draw first, and what the parent draws next."""
    return [int(child.integers(1000)) for child in rng.spawn(2)], int(rng.integers(1000))

def stored():
    rng, founders = founded()
    return json.dumps(rng.bit_generator.state), pickle.dumps(rng), copy.deepcopy(rng), founders

text, whole, twin, founders = stored()
through = entered(founded()[0])
again = np.random.default_rng(7)
again.bit_generator.state = json.loads(text)
other = np.random.default_rng(8)
other.bit_generator.state = json.loads(text)
place, _ = founded()
state = place.bit_generator.state
first = entered(place)
place.bit_generator.state = state
seen = {
    "without a stop": through,
    "seed and stored state": entered(again),
    "set back in place": entered(place),
    "state in a generator of seed 8": entered(other),
    "pickle": entered(pickle.loads(whole)),
    "deepcopy": entered(twin),
}
print("three founders drew", *founders)
for name, (entrants, parent) in seen.items():
    print(f"{name:34} entrants draw {entrants[0]:3} {entrants[1]:3}, the parent {parent}")
assert len({parent for _, parent in seen.values()}) == 1 and first == through, "the parent's own draws"
assert seen["seed and stored state"][0] == founders[:2] != through[0], "children of a stored state"
assert seen["set back in place"][0] not in (through[0], founders[:2]), "children of a state set in place"
assert seen["state in a generator of seed 8"][0] not in (through[0], founders[:2]), "children of another seed"
assert seen["pickle"] == seen["deepcopy"] == through, "generators kept whole"
PY
"$HOME_OF_IT/venv/bin/python" "$HOME_OF_IT/probe.py" || { echo "numpy has changed"; exit 1; }
