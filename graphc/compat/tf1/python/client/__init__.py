"""``tensorflow.python.client``: time lines of traced runs."""

from graphc.compat.tf1.python.client import timeline

__all__ = ["timeline"]
