"""Kernels that call LAPACK and BLAS: operands checked, copied and turned over by code of our own, no allocation."""
