"""The benchmark suite of ``graphc bench``: the same computations in graphc and in what else one would pick."""
