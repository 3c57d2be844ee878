"""Pictures of graphs, and graphs as data for other programs."""

from graphc.viz.explain import explain
from graphc.viz.export import export

__all__ = ["explain", "export"]
