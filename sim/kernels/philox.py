"""Random numbers as a function of their address: Philox4x32-10 (Salmon et al. 2011, Random123).

A draw depends on (seed, purpose, time, agent, k) alone, so adding or removing anything shifts no other.
    philox(c0, c1, c2, c3, k0, k1) -> four 32-bit words
    uniform(seed, purpose, time, agent, k) -> float in (0, 1);  normal(...) -> standard normal
    fill_uniform(seed, purpose, time, agents, out), fill_normal(...): one draw (k = 0) for each of the agents
Ranges: seed and agent 0 to 2^63-1 (int64), time 0 to 2^32-1 (a day or an hour), purpose 0 to 4095, k 0 to 2^20-1.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sim.kernels.jit import inlined, jit

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Plain ints throughout: in compiled code int64 wraps and the masks undo it, in Python ints do not overflow.
WORD = 0xFFFFFFFF
M0, M1 = 0xD2511F53, 0xCD9E8D57
W0, W1 = 0x9E3779B9, 0xBB67AE85


@inlined
def philox(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> tuple[int, int, int, int]:
    """Encrypt the counter (four 32-bit words) under the key (two): ten rounds of Philox4x32."""
    for _ in range(10):
        p0 = M0 * c0
        p1 = M1 * c2
        c0, c1, c2, c3 = ((p1 >> 32) & WORD) ^ c1 ^ k0, p1 & WORD, ((p0 >> 32) & WORD) ^ c3 ^ k1, p0 & WORD
        k0 = (k0 + W0) & WORD
        k1 = (k1 + W1) & WORD
    return c0, c1, c2, c3


@inlined
def uniform(seed: int, purpose: int, time: int, agent: int, k: int) -> float:
    """Return the uniform draw in (0, 1) at this address: the odd multiples of 2^-53, so neither end is ever met."""
    # int() makes numpy's scalars plain when nothing is compiled.
    s, a, kind = int(seed), int(agent), (int(purpose) << 20) | int(k)
    high, low, _, _ = philox(int(time) & WORD, a & WORD, (a >> 32) & WORD, kind & WORD, s & WORD, (s >> 32) & WORD)
    return (((high << 20) | (low >> 12)) + 0.5) * 2.220446049250313e-16


@jit
def normal(seed: int, purpose: int, time: int, agent: int, k: int) -> float:
    """Return the standard normal draw at this address, by inversion of its uniform."""
    return normal_quantile(uniform(seed, purpose, time, agent, k))


@jit
def fill_uniform(seed: int, purpose: int, time: int, agents: Ints, out: Floats) -> None:
    """Write the uniform draw (k = 0) of each of `agents` (ids, int64) to `out` (same length)."""
    for i in range(len(agents)):
        out[i] = uniform(seed, purpose, time, agents[i], 0)


@jit
def fill_normal(seed: int, purpose: int, time: int, agents: Ints, out: Floats) -> None:
    """Write the standard normal draw (k = 0) of each of `agents` (ids, int64) to `out` (same length)."""
    for i in range(len(agents)):
        out[i] = uniform(seed, purpose, time, agents[i], 0)
    for i in range(len(agents)):
        out[i] = normal_quantile(out[i])


@jit
def normal_quantile(p: float) -> float:
    """Invert the normal distribution function at p in (0, 1): AS 241 (Wichura 1988, PPND16), error 1e-15 relative."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _ratio(
            r,
            (3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
             45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727),
            (42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867,
             39307.895800092710610, 28729.085735721942674, 5226.4952788528545610),
        )  # fmt: skip
    r = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        tail = _ratio(
            r - 1.6,
            (1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
             1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4),
            (2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550, 0.148103976427480074590,
             0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
        )  # fmt: skip
    else:
        tail = _ratio(
            r - 5.0,
            (6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
             0.0265321895265761230930, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
             2.01033439929228813265e-7),
            (0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525, 7.86869131145613259100e-4,
             1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
        )  # fmt: skip
    return -tail if q < 0.0 else tail


@jit
def _ratio(r: float, a: tuple[float, ...], b: tuple[float, ...]) -> float:
    # (a0 + a1 r + ... + a7 r^7) / (1 + b1 r + ... + b7 r^7), by Horner's rule.
    above, below = a[7], b[6]
    for i in range(6, -1, -1):
        above = above * r + a[i]
    for i in range(5, -1, -1):
        below = below * r + b[i]
    return above / (below * r + 1.0)
