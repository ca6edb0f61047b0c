"""Draws are the published generator's, the same whether compiled or not, and belong to their address alone."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from sim.kernels import philox
from sim.streams import Purpose, Streams, stable_id

ONES = 0xFFFFFFFF
KNOWN = [  # Random123, kat_vectors, philox4x32-10
    ((0, 0, 0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 6, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
IDS = np.array([stable_id(f"speculator_{i}") for i in range(20_000)])


@pytest.mark.parametrize(("counter_and_key", "words"), KNOWN)
def test_philox_gives_the_published_known_answers(counter_and_key: tuple[int, ...], words: tuple[int, ...]) -> None:
    assert philox.philox(*counter_and_key) == words


int63 = st.integers(0, 2**63 - 1)


@given(int63, st.integers(0, 4095), st.integers(0, 2**32 - 1), int63, st.integers(0, 2**20 - 1))
def test_a_uniform_is_52_bits_of_philox_at_its_address(seed: int, purpose: int, time: int, agent: int, k: int) -> None:
    high, low, _, _ = philox.philox(time, agent & ONES, agent >> 32, (purpose << 20) + k, seed & ONES, seed >> 32)
    drawn = philox.uniform(seed, purpose, time, agent, k)
    assert drawn == ((high << 20) + (low >> 12) + 0.5) / 2**52
    assert 0.0 < drawn < 1.0


def test_normals_match_the_exact_quantile() -> None:
    p = np.concatenate(
        [np.linspace(1e-6, 1.0 - 1e-6, 20_001), np.logspace(-16, -1, 2_000), 1.0 - np.logspace(-15, -1, 2_000)]
    )
    ours = np.array([philox.normal_quantile(x) for x in p])
    np.testing.assert_allclose(ours, ndtri(p), rtol=4e-15, atol=1e-16)


def test_normals_have_the_moments_of_a_normal_and_no_correlation_between_cells() -> None:
    streams = Streams(11)
    x = streams.normals(Purpose.SHOCK, 5, IDS)
    n = len(x)
    assert abs(x.mean()) < 4 / n**0.5
    assert abs(x.var() - 1.0) < 4 * (2 / n) ** 0.5
    assert abs((x**4).mean() - 3.0) < 4 * (96 / n) ** 0.5
    others = [
        streams.normals(Purpose.SHOCK, 6, IDS),
        streams.normals(Purpose.CURE, 5, IDS),
        Streams(12).normals(Purpose.SHOCK, 5, IDS),
    ]
    for y in (x[1:], *others):
        assert abs((x[: len(y)] * y).mean()) < 4 / n**0.5


def test_an_array_of_draws_is_the_scalar_draws_in_any_order() -> None:
    streams, ids = Streams(3), IDS[:50]
    for many, one in ((streams.uniforms, streams.uniform), (streams.normals, streams.normal)):
        drawn = many(Purpose.CURE, 9, ids)
        assert drawn.tolist() == [one(Purpose.CURE, 9, int(i)) for i in ids]
        assert many(Purpose.CURE, 9, ids[::-1])[::-1].tolist() == drawn.tolist()


def test_seed_and_purpose_and_time_and_agent_and_k_each_change_the_draw() -> None:
    cells = [(3, 1, 5, 7, 0), (4, 1, 5, 7, 0), (3, 2, 5, 7, 0), (3, 1, 6, 7, 0), (3, 1, 5, 8, 0), (3, 1, 5, 7, 1)]
    high_words = [(3 + 2**32, 1, 5, 7, 0), (3, 1, 5, 7 + 2**32, 0)]
    assert len({philox.uniform(*cell) for cell in cells + high_words}) == len(cells) + len(high_words)


def test_ids_are_stable_and_purposes_distinct() -> None:
    assert stable_id("neocloud_1") == 4805391461012632851
    assert len({stable_id(f"speculator_{i}") for i in range(10_000)}) == 10_000
    values = [int(p) for p in Purpose.__members__.values()]
    assert len(set(values)) == len(Purpose.__members__)
    assert all(0 < value < 4096 for value in values)


def test_a_seed_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="seed is -1"):
        Streams(-1)


def test_draws_have_the_same_bits_without_compilation() -> None:
    code = (
        "import numpy as np, warnings; warnings.simplefilter('error')\n"
        "from sim.streams import Streams, Purpose, stable_id\n"
        "ids = np.array([stable_id(str(i)) for i in range(200)])\n"
        "s = Streams(2**62 + 12345)\n"
        "print(s.uniforms(Purpose.CURE, 4, ids).tobytes().hex(), s.normals(Purpose.SHOCK, 4, ids).tobytes().hex())\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"NUMBA_DISABLE_JIT": off},
            capture_output=True,
            text=True,
            check=True,
        )
        for off in ("0", "1")
    ]
    assert runs[0].stdout == runs[1].stdout
