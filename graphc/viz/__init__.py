"""Pictures of graphs."""

from graphc.viz.draw import draw

__all__ = ["draw"]
