"""CPU templates for nests: vectors along the contiguous axis, passes over reduced axes."""

from graphc.codegen.cpu.nest.compile import compile_nest

__all__ = ["compile_nest"]
