"""Kernels of schedules as ``numba.cuda`` source, and that as PTX."""
