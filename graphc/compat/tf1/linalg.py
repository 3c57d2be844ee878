"""``tf.linalg``: matrices."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.tf1._binding import namespace
from graphc.compat.tf1._graph import follow_conventions

TABLE = """
cholesky = linalg.cholesky Cholesky input:a name
cholesky_solve = linalg.cholesky_solve cholesky_solve chol rhs name
triangular_solve = linalg.triangular_solve MatrixTriangularSolve matrix rhs lower adjoint name
solve = linalg.solve MatrixSolve matrix rhs adjoint name
lstsq = linalg.lstsq MatrixSolveLs matrix rhs l2_regularizer fast: name
inv = linalg.inv MatrixInverse input:a adjoint name
det = linalg.det MatrixDeterminant input:a name
slogdet = linalg.slogdet slogdet input:a name
logdet = linalg.logdet logdet matrix:a name
eigh = linalg.eigh SelfAdjointEig tensor:a name
eigvalsh = linalg.eigvalsh SelfAdjointEigvals tensor:a name
qr = linalg.qr Qr input:a full_matrices name
set_diag = linalg.set_diag MatrixSetDiag input diagonal name
band_part = linalg.band_part MatrixBandPart input num_lower num_upper name
trace = linalg.trace trace x name
transpose = linalg.matrix_transpose matrix_transpose a name
matrix_transpose = linalg.matrix_transpose matrix_transpose a name
matmul = matmul MatMul a b transpose_a transpose_b adjoint_a:transpose_a adjoint_b:transpose_b name
diag = diag MatrixDiag diagonal name
diag_part = diag_part MatrixDiagPart input:x name
tensor_diag = diag Diag diagonal name
tensor_diag_part = diag_part DiagPart input:x name
eye = eye eye num_rows num_columns batch_shape: dtype name
norm = ._ops.norm norm tensor ord axis keepdims name keep_dims:keepdims
l2_normalize = nn.l2_normalize l2_normalize x axis epsilon name dim:axis
tensordot = tensordot Tensordot a b axes name
einsum = einsum
"""

MISSING = {"LinearOperator": "use the functions of tf.linalg on dense matrices"}

_find = namespace("tf.linalg", TABLE, ("graphc.linalg",), MISSING)


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Singular values, and left and right vectors, in this order; the right ones are columns."""
    follow_conventions()
    if not compute_uv:
        return gc.linalg.svd(tensor, full_matrices, compute_uv=False, name=name)
    u, s, vt = gc.linalg.svd(tensor, full_matrices, name=name)
    return s, u, gc.linalg.matrix_transpose(vt)


def __getattr__(name: str) -> Any:
    return _find(name)
