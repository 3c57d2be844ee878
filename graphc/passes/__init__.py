"""Whole-program passes and the ordered list of them."""
