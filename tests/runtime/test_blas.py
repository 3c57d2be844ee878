"""BLAS by address, from either library."""

import ctypes
import subprocess
import sys

import numpy as np
import pytest

from graphc.runtime.blas import Blas, BlasNotFoundError, _candidates, find_blas
from graphc.runtime.cpu import cpu_info

LIBRARIES = list(_candidates())


@pytest.mark.parametrize(("path", "bits"), LIBRARIES, ids=[path.name for path, _ in LIBRARIES])
def test_integers_passed_as_64_bits_serve_each_library(path, bits):
    blas = Blas(path, bits, ctypes.CDLL(str(path)))
    integer, pointer = ctypes.c_int64, ctypes.c_void_p
    gemm = ctypes.CFUNCTYPE(
        None, *[integer] * 6, ctypes.c_double, pointer, integer, pointer, integer, ctypes.c_double, pointer, integer
    )(blas.address("cblas_dgemm"))
    rng = np.random.default_rng(0)
    a, b, c = rng.random((3, 4)), rng.random((4, 5)), np.zeros((3, 5))
    row_major, plain = 101, 111
    gemm(row_major, plain, plain, 3, 5, 4, 1.0, a.ctypes.data, 4, b.ctypes.data, 5, 0.0, c.ctypes.data, 5)
    np.testing.assert_allclose(c, a @ b, rtol=1e-14)


@pytest.mark.parametrize(("path", "bits"), LIBRARIES, ids=[path.name for path, _ in LIBRARIES])
def test_lapack_is_there_too(path, bits):
    blas = Blas(path, bits, ctypes.CDLL(str(path)))
    a = np.array([[4.0, 2.0], [2.0, 5.0]])
    n, info = np.array(2, np.int64), np.array(-7, np.int64)
    factor = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5, ctypes.c_int64)(blas.address("dpotrf_"))
    upper = ctypes.create_string_buffer(b"U")
    factor(ctypes.addressof(upper), n.ctypes.data, a.ctypes.data, n.ctypes.data, info.ctypes.data, 1)
    assert int(info) & 0xFFFFFFFF == 0
    np.testing.assert_allclose(np.tril(a), [[2, 0], [1, 2]])  # Fortran's upper triangle is C's lower


def test_a_missing_routine_is_named():
    with pytest.raises(BlasNotFoundError, match="cblas_nonsense"):
        find_blas().address("cblas_nonsense")


def test_the_preferred_library_runs_on_one_thread_and_without_scipy():
    script = """
import sys
from graphc.runtime.blas import find_blas
blas = find_blas()
print('scipy' in sys.modules, 'numba' in sys.modules, blas._function('openblas_get_num_threads')())
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    if find_blas().integer_bits == 64:
        pytest.skip("only NumPy's library is here, whose threads are left alone")
    assert result.stdout.split() == ["False", "False", "1"]


def test_the_processor_is_described():
    cpu = cpu_info()
    assert cpu.model
    assert cpu.name in cpu.key
    assert cpu.isa in ("avx512", "avx2", "generic")
