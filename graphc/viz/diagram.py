"""What a picture shows, before anything is known about where it is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Shape:
    """Outline and colours of one family of boxes, and its name in the legend."""

    name: str
    fill: str
    stroke: str
    outline: str = "box"  # or "pill", "store", "note", "stack"


@dataclass(frozen=True, slots=True)
class Box:
    """A node: a headline, a name below it, and everything else in the text shown on hovering.

    `line` is the user's file and line, where known; `part` is ``"gradient"`` for what derivatives and updates made.
    """

    key: str
    headline: str
    name: str
    shape: Shape
    tooltip: str
    scope: str = ""
    emphasis: bool = False
    line: str = ""
    part: str = "forward"


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge from an output of one box to an input of another."""

    source: str
    target: str
    output: int = 0
    label: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Diagram:
    """Boxes and arrows without a cycle.

    Raises
    ------
    ValueError
        If two boxes have one key, or an arrow names a box that is not there.
    """

    title: str
    boxes: Sequence[Box]
    arrows: Sequence[Arrow] = field(default=())

    def __post_init__(self) -> None:
        keys = {box.key for box in self.boxes}
        if len(keys) != len(self.boxes):
            raise ValueError("two boxes of the diagram have the same key")
        for arrow in self.arrows:
            if arrow.source not in keys or arrow.target not in keys:
                raise ValueError(f"arrow {arrow.source} -> {arrow.target} leads to a box that the diagram has not")
