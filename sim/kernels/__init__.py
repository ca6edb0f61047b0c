"""Arrays to arrays: the compiled inner loops. Importing this package points numba at a cache that cannot be stale."""

from sim.kernels.cache import use_hashed_cache

use_hashed_cache()
