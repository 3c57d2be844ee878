"""Linear algebra over the last two axes of tensors, for any number of leading axes, with gradients of any order."""

from graphc.api.arrays import diag, diag_part, eye
from graphc.linalg.factor import EighResult, QRResult, SVDResult, cholesky, eigh, eigvalsh, qr, svd, svdvals
from graphc.linalg.functions import expm, matrix_power, pinv
from graphc.linalg.matrices import (
    band_part,
    block_diag,
    cross,
    kron,
    matrix_transpose,
    matvec,
    set_diag,
    trace,
)
from graphc.linalg.norms import norm
from graphc.linalg.solve import (
    SlogdetResult,
    cholesky_solve,
    det,
    inv,
    logdet,
    lstsq,
    slogdet,
    solve,
    triangular_solve,
)

#: TF's and other names of the same: elements are real.
adjoint = matrix_transpose
inverse = inv

__all__ = [
    "EighResult",
    "QRResult",
    "SVDResult",
    "SlogdetResult",
    "adjoint",
    "band_part",
    "block_diag",
    "cholesky",
    "cholesky_solve",
    "cross",
    "det",
    "diag",
    "diag_part",
    "eigh",
    "eigvalsh",
    "expm",
    "eye",
    "inv",
    "inverse",
    "kron",
    "logdet",
    "lstsq",
    "matrix_power",
    "matrix_transpose",
    "matvec",
    "norm",
    "pinv",
    "qr",
    "set_diag",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "trace",
    "triangular_solve",
]
