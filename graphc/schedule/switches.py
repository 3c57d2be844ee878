"""Names of the optimisations after the passes: each can be left out, and results stay the same."""

from __future__ import annotations

from collections.abc import Iterable

SWITCHES = {
    "fusion": "Several operations in one kernel.",
    "epilogues": "Operations after a matrix product or convolution inside its kernel.",
    "sinking": "Ends of epilogues moved into the kernel that needs them, where fewer values are stored then.",
    "min_cut": "Values kept for later kernels chosen by a minimum cut; those compute others again from them.",
    "recompute": "Cheap values computed again by every kernel that uses them, instead of being stored.",
    "in_place": "New values of variables written over the old ones where nobody reads those any more.",
    "memory_order": "Kernels ordered so that few bytes are alive at a time.",
    "horizontal": "Equal elementwise kernels over several short arrays in one call, divided by all elements together.",
    "arena_reuse": "Temporaries that are not alive together share bytes.",
    "lapack": "Linear algebra by library routines inside the native step; without it NumPy is called back.",
    "kernel_sharing": "One piece of code for equal kernels and for those that differ only in their length.",
}
"""Every switch with what it stands for, in the order in which they act."""


def switched_off(names: Iterable[str]) -> frozenset[str]:
    """Those of the names that belong to the back end."""
    return frozenset(names).intersection(SWITCHES)
