"""A rewriting rule: pattern, replacement, and the example that tests it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.rewrite.pattern import (
    Context,
    Match,
    Op,
    Pattern,
    Scalar,
    Through,
    Wild,
    instantiate,
    is_contextual,
    matches,
)

Replacement = Callable[[Match, Builder], "Node | None"]
Example = Callable[[Builder], Node]

TAGS = {
    "exact": "The same result bit for bit, NaN and infinities included; the sign of a zero may differ.",
    "nan_safe": "The same NaN and infinities; rounding may differ.",
    "reassociates": "Another order of additions or multiplications: rounding differs.",
    "stabilises": "At least as accurate everywhere in its domain, and right where the pattern overflows or cancels.",
}


class RewriteError(Exception):
    """A rule produced something that cannot stand for what it replaces."""


@dataclass(frozen=True)
class Rule:
    """`pattern` becomes `replacement`.

    Attributes
    ----------
    name : str
        Unique; shown in reports.
    pattern : Pattern
        An `Op` at the root.
    replacement : Pattern or callable ``(match, builder) -> Node or None``
        A template over the captures, or a function; None declines.
    doc : str
        One line for people.
    tags : tuple of str
        Of `TAGS`.
    example : callable ``(builder) -> Node``
        An expression where the rule fires; the test evaluates it before and after.
    guard : callable ``(match) -> bool``, optional
        Further condition.
    before_gradients : bool
        Whether the rule may run while gradients are not expanded: its sides have the same derivatives everywhere,
        or the replacement's are the right ones.
    after_gradients : bool
        Whether the rule runs once gradients are expanded.
    domain : tuple of (float, float)
        For a rule tagged ``"stabilises"``: where each input of the example is drawn from.
    """

    name: str
    pattern: Op
    replacement: Pattern | Replacement
    doc: str
    tags: tuple[str, ...]
    example: Example
    guard: Callable[[Match], bool] | None = None
    before_gradients: bool = True
    after_gradients: bool = True
    domain: tuple[tuple[float, float], ...] = field(default=())

    @cached_property
    def _template(self) -> Pattern | None:
        return self.replacement if isinstance(self.replacement, Op | Wild | Scalar | Through) else None

    @cached_property
    def contextual(self) -> bool:
        """Whether the rule asks who else uses a node."""
        return is_contextual(self.pattern)

    def apply(self, node: Node, context: Context, builder: Builder) -> tuple[Node, Match] | None:
        """The replacement of `node`, of the same type, and the match; None where the rule does not hold.

        Raises
        ------
        RewriteError
            If the replacement has another element type, or a shape that does not broadcast to the node's.
        """
        for match in self._matches(node, context):
            template = self._template
            new = instantiate(template, match, builder) if template is not None else self.replacement(match, builder)  # type: ignore[operator]
            if new is not None and new is not node:
                new = self._fit(new, node, builder)
                if new is not node:
                    return new, match
        return None

    def _matches(self, node: Node, context: Context) -> Iterator[Match]:
        for match in matches(self.pattern, node, context):
            if self.guard is None or self.guard(match):
                yield match

    def _fit(self, new: Node, old: Node, builder: Builder) -> Node:
        if new.type == old.type:
            return new
        if not (isinstance(new.type, TensorType) and isinstance(old.type, TensorType) and new.dtype == old.dtype):
            raise RewriteError(f"rule {self.name}: {new!r} cannot stand for {old!r}")
        try:
            return builder.emit("broadcast_to", new, shape=old.shape)
        except ValueError as error:
            raise RewriteError(f"rule {self.name}: {new!r} cannot stand for {old!r}: {error}") from None
