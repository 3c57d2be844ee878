"""Pictures of graphs, and graphs as data for other programs."""

from graphc.viz.export import export

__all__ = ["export"]
