"""The one source of randomness: a draw belongs to (seed, purpose, time, agent), never to the order of drawing.

Streams(seed).uniform(purpose, time, id, k=0) -> float in (0, 1);  .normal(...) -> standard normal
Streams(seed).uniforms(purpose, time, ids) and .normals(...) -> arrays, element by element the same draws
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.kernels import philox
from sim.kernels.purpose import Purpose

__all__ = ["Purpose", "Streams", "stable_id"]


def stable_id(name: str) -> int:
    """Return the agent's id: 63 bits of the blake2b hash of its name, the same in every run and process."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") >> 1


@dataclass(frozen=True, slots=True)
class Streams:
    """All draws of one run; `time` is a day or an hour, `agent` a stable id, `k` tells draws of one cell apart."""

    seed: int

    def __post_init__(self) -> None:
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise ValueError(f"seed is {self.seed}: allowed are whole numbers from 0 to 2**63 - 1")

    def uniform(self, purpose: Purpose, time: int, agent: int, k: int = 0) -> float:
        """Return the uniform draw of this cell, in (0, 1)."""
        return philox.uniform(self.seed, int(purpose), time, agent, k)

    def normal(self, purpose: Purpose, time: int, agent: int, k: int = 0) -> float:
        """Return the standard normal draw of this cell."""
        return philox.normal(self.seed, int(purpose), time, agent, k)

    def uniforms(self, purpose: Purpose, time: int, agents: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the uniform draws (k = 0) of many agents at one time."""
        out = np.empty(len(agents))
        philox.fill_uniform(self.seed, int(purpose), time, agents, out)
        return out

    def normals(self, purpose: Purpose, time: int, agents: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the standard normal draws (k = 0) of many agents at one time."""
        out = np.empty(len(agents))
        philox.fill_normal(self.seed, int(purpose), time, agents, out)
        return out
