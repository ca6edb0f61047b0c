"""The one decorator of all kernels and of the rules they call; the identity under NUMBA_DISABLE_JIT=1."""

import contextlib
import importlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba


def _load_numba_without_scipy() -> None:
    # On loading its array functions numba imports scipy, for products of matrices, which no kernel has: half as long
    # again as numba itself. Asked for such a product it still looks for scipy then.
    from numba.np import linalg

    look_for_blas = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look_for_blas


if not numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
    with contextlib.suppress(ImportError, AttributeError):  # in a numba that is arranged otherwise
        _load_numba_without_scipy()

F = TypeVar("F", bound=Callable[..., Any])


def jit(function: F) -> F:
    """Compile a kernel or rule: cached on disk, without the global lock, floats dividing by zero as numpy's do."""
    return cast(F, numba.njit(nogil=True, cache=True, error_model="numpy")(function))


def inlined(function: F) -> F:
    """Compile like `jit` and inline into every compiled caller, so that a loop of calls becomes vector code."""
    return cast(F, numba.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)(function))
