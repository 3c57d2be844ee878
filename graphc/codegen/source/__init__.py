"""Kernels as readable Python source, for export and for processors without templates."""

from graphc.codegen.source.printer import print_contraction, print_convolution, print_nest

__all__ = ["print_contraction", "print_convolution", "print_nest"]
