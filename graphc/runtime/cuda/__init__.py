"""Schedules on a CUDA device, or on the emulated one."""
