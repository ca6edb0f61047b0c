#!/usr/bin/env bash
# Whether a bankrupt agent still acts in the round that removed it is decided by Python's garbage collector.
#
# At: mesa 3.3.1 (the last for Python 3.11): `agents.do`, `agents.shuffle_do`, and AgentSets that a model keeps. 3.5.1
#     skips the removed in `model.agents` itself, and does as here in what `select`, `groupby` and `copy` return.
# Guess: an agent that `remove()` took out of the model during a round is skipped for the rest of it (or else, every
#        agent that stood there when the round began acts once). One or the other, always.
# Seen:  a round holds weak references and calls whoever is alive in memory. A removed agent is skipped only if nobody
#        refers to it any more. If a creditor, a book or a contract still names it, it acts after its removal; if it is
#        held by a cycle alone (a firm and its own loan), it acts until the collector happens to run, so that one seed
#        gives other counts with `gc.disable()`. In an AgentSet that the model keeps (`lenders = agents.select(...)`)
#        such agents stay for later rounds too, in `len` and `agg` as well, and the length of what is shuffled moves
#        the model's own random stream.
# Why it matters to simulators of markets: defaults are removals within a round, and claims on who defaulted are held
#        by others. A recorder or a debugger that keeps agents makes the bankrupt bid again. Ask a flag of the
#        agent's own before it acts, and sum over a list that the model itself keeps.
# Exits 1 where what is seen here has changed.
set -euo pipefail
HOME_OF_IT=$(mktemp -d); trap 'rm -rf "$HOME_OF_IT"' EXIT
python3 -m venv "$HOME_OF_IT/venv"
"$HOME_OF_IT/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check mesa==3.3.1 networkx==3.6.1 numpy==2.4.6 pandas==3.1.1
cat >"$HOME_OF_IT/probe.py" <<'PY'
import gc, mesa

class Firm(mesa.Agent):
    def __init__(self, model, held):
        super().__init__(model)
        self.acts_after_removal = 0
        self.loan = {"borrower": self if held == "by its own loan" else None}  # a cycle, as contracts make them
        if held == "by a creditor":
            model.claims.append(self)
    def step(self):
        self.model.acted += 1
        self.model.after += self not in self.model.agents
        solvent = [firm for firm in self.model.agents if firm is not self]
        if self in self.model.agents and len(solvent) > 200:
            self.model.random.choice(solvent).remove()

class Market(mesa.Model):
    def __init__(self, held):
        super().__init__(rng=7)
        self.claims, self.acted, self.after = [], 0, 0
        for _ in range(400):
            Firm(self, held)
        self.kept = self.agents.select(lambda firm: True)

def seen(held, collector):
    gc.collect()
    gc.disable()  # left to itself it runs by the number of objects made: here after every act, or never
    market = Market(held)
    def step(firm):
        firm.step()
        if collector:
            gc.collect()
    market.agents.shuffle_do(step)
    market.kept.shuffle_do(lambda firm: None)  # another round, in which nothing happens
    found = market.acted, market.after, len(market.agents), len(market.kept), market.random.random()
    print(f"held {held:16} collector {'runs' if collector else 'off ':4}  acted {found[0]}, of them after removal "
          f"{found[1]}; left {found[2]}, in the kept set {found[3]}; next draw {found[4]:.6f}")
    return found

nobody, creditor = seen("by nobody", False), seen("by a creditor", False)
on, off = seen("by its own loan", True), seen("by its own loan", False)
assert nobody[1] == 0 and nobody[2] == nobody[3], "removed agents that nobody holds"
assert creditor[1] > 0 and creditor[2] < creditor[3] and creditor[4] != nobody[4], "removed agents that another holds"
assert on == nobody and off == creditor, "the collector decides"
PY
"$HOME_OF_IT/venv/bin/python" -W ignore "$HOME_OF_IT/probe.py" || { echo "mesa has changed"; exit 1; }
