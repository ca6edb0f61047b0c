"""The one decorator of all kernels and of the rules they call; the identity under NUMBA_DISABLE_JIT=1."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def jit(function: F) -> F:
    """Compile a kernel or rule: cached on disk, without the global lock, floats dividing by zero as numpy's do."""
    return cast(F, numba.njit(nogil=True, cache=True, error_model="numpy")(function))


def inlined(function: F) -> F:
    """Compile like `jit` and inline into every compiled caller, so that a loop of calls becomes vector code."""
    return cast(F, numba.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)(function))
