"""``tf.app``: the entry point of scripts with flags."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from graphc.compat.tf1 import flags


def run(main: Callable[[list[str]], Any] | None = None, argv: list[str] | None = None) -> None:
    """Read the flags and call ``main(argv)``, then leave the process with what it returns."""
    rest = flags.FLAGS.parse(argv)
    if main is None:
        main = sys.modules["__main__"].main
    sys.exit(main(rest))


__all__ = ["flags", "run"]
