"""Elementwise operations: one scalar formula each, NumPy broadcasting between operands of one element type."""
