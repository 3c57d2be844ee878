"""Pictures of graphs, and graphs as data for other programs."""

from graphc.viz.explain import explain
from graphc.viz.export import export
from graphc.viz.tree import dprint

__all__ = ["dprint", "explain", "export"]
