#!/usr/bin/env bash
# Same versions, same numbers, another processor: other last bits, also of Python's own `math`.
#
# At: numpy 2.4.6 on Python 3.11, glibc 2.36, OpenBLAS as numpy's wheel brings it.
# Guess: pinned versions and a seed give the same bits on every x86 machine; or else numpy's vector instructions are
#        to blame alone, and `math.exp` in place of `np.exp` cures it.
# Seen:  three libraries choose their code by the processor, each by itself. Without AVX2 and AVX-512 numpy's exp, log,
#        power, cbrt, tan, arctan and argsort (of ties, unless kind="stable") differ; sums, means and products by
#        element do not. Without FMA glibc's exp, pow, sin, atan, log1p, expm1 and tanh differ, which are Python's
#        `math` and np.sin. As on another make of processor, OpenBLAS's matrix products differ (dot now and then).
# Why it matters to simulators of markets: prices feed back, and ties decide who trades. A pair of runs that is split
#        over two nodes of a mixed cluster is not exactly paired, and a null is not exactly zero. Keep what is compared
#        on one node, or record the kind of processor with each run.
# Exits 1 where what is seen here has changed, 2 where this machine cannot show it (no x86-64 with AVX2 and FMA).
set -euo pipefail
grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo || { echo "needs an x86-64 with AVX2 and FMA"; exit 2; }
HOME_OF_IT=$(mktemp -d); trap 'rm -rf "$HOME_OF_IT"' EXIT
python3 -m venv "$HOME_OF_IT/venv" && "$HOME_OF_IT/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6
cat >"$HOME_OF_IT/probe.py" <<'PY'
import hashlib, math, random
import numpy as np
draw = random.Random(1)
x = np.array([draw.uniform(0.01, 20.0) for _ in range(20000)])
ties = np.round(x)
NUMPY = dict(exp=np.exp, log=np.log, power=lambda v: v**1.37, cbrt=np.cbrt, arctan=np.arctan, sum=np.sum, mean=np.mean,
             argsort=lambda v: np.argsort(ties), stable=lambda v: np.argsort(ties, kind="stable"),
             matmul=lambda v: v[:10000].reshape(100, 100) @ v[10000:].reshape(100, 100))
PYTHON = dict(exp=math.exp, pow=lambda v: math.pow(v, 1.37), sin=math.sin, atan=math.atan, log=math.log)
for name, f in NUMPY.items():
    print("numpy", name, hashlib.sha256(np.asarray(f(x)).tobytes()).hexdigest()[:16])
for name, f in PYTHON.items():
    print("math", name, hashlib.sha256(np.array([f(v) for v in x.tolist()]).tobytes()).hexdigest()[:16])
PY
run() { env "$@" "$HOME_OF_IT/venv/bin/python" -W ignore "$HOME_OF_IT/probe.py"; }
differ() { { diff <(run "$1") <(run "$2") || true; } | sed -n 's/^< \([a-z]* [a-z]*\) .*/\1/p' | paste -sd, ; }
features=$("$HOME_OF_IT/venv/bin/python" -c 'from numpy._core._multiarray_umath import __cpu_dispatch__ as d, __cpu_features__ as f; print(" ".join(n for n in d if f[n]))')
numpy_off=$(differ AS_IT_IS=1 "NPY_DISABLE_CPU_FEATURES=$features")
libc_off=$(differ AS_IT_IS=1 GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX)
blas_off=$(differ OPENBLAS_CORETYPE=Nehalem OPENBLAS_CORETYPE=Haswell)
echo "numpy without $features: $numpy_off"
echo "glibc without AVX2 and FMA: $libc_off"
echo "OpenBLAS of a Haswell beside one of a Nehalem: $blas_off"
[ "$numpy_off" = "numpy exp,numpy log,numpy power,numpy cbrt,numpy arctan,numpy argsort" ] || { echo "numpy has changed"; exit 1; }
[ "$libc_off" = "math exp,math pow,math sin,math atan" ] || { echo "the C library has changed"; exit 1; }
[ "$blas_off" = "numpy matmul" ] || { echo "OpenBLAS has changed"; exit 1; }
