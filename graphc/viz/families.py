"""The families of operations in pictures: colour, outline and name in the legend.

Hues are those of Okabe and Ito ("Color universal design", 2008), which colour-blind people tell apart, in a pale
tint with a dark stroke; families of near hues differ in outline too.
"""

from graphc.graph.operation import Operation
from graphc.ops.record import REGISTRY
from graphc.viz.diagram import Shape

PLACEHOLDER = Shape("placeholder", "#cfe8f8", "#0072b2", "pill")
VARIABLE = Shape("variable", "#fbe3b5", "#a86b00", "store")
CONSTANT = Shape("constant", "#f3f4f6", "#9ca3af", "note")
GRADIENT = Shape("gradient", "#f3d3e4", "#a8457c")
UPDATE = Shape("update", "#f8d2bd", "#b34700")
COMPOSITE = Shape("composite", "#ffffff", "#1f2933")
RESULT = Shape("result", "#f6ee9c", "#1f2933", "pill")
SCOPE = Shape("name scope, folded", "#e4e7eb", "#616e7c", "stack")

_BY_TYPE = {
    "placeholder": PLACEHOLDER,
    "Variable": VARIABLE,
    "constant": CONSTANT,
    "gradients": GRADIENT,
    "Assign": UPDATE,
    "AssignAdd": UPDATE,
    "AssignSub": UPDATE,
    "group": UPDATE,
}
ELEMENTWISE = Shape("elementwise", "#d5f0e6", "#00795a")
_REDUCTION = Shape("reduction", "#a9d8c9", "#004d39")
_BY_KIND = {
    "elementwise": ELEMENTWISE,
    "view": Shape("shape", "#eef4f8", "#5b7f95"),
    "reduce": _REDUCTION,
    "contract": Shape("product, convolution", "#c9d0ee", "#2e3f94"),
    "window": Shape("window", "#e2cfea", "#6a3d8a"),
    "library": Shape("linear algebra", "#aab4e0", "#1b2766"),
    "irregular": Shape("indexing, sorting", "#e9efc0", "#6b7400"),
}


def family(op: Operation) -> Shape:
    """How an operation is drawn; what is composed of several primitives is a family of its own."""
    if op.type in _BY_TYPE:
        return _BY_TYPE[op.type]
    if op.type.startswith("reduce_"):
        return _REDUCTION
    return primitive(op.type)


_LEAVES = {"input": PLACEHOLDER, "variable": VARIABLE, "const": CONSTANT, "gradient": GRADIENT}


def primitive(name: str) -> Shape:
    """How a primitive of the compiler is drawn, by its name."""
    if name in _LEAVES:
        return _LEAVES[name]
    record = REGISTRY.get(name)
    return COMPOSITE if record is None else _BY_KIND.get(record.kind, COMPOSITE)
