"""The families of operations in pictures: colour, outline and name in the legend."""

from graphc.graph.operation import Operation
from graphc.ops.record import REGISTRY
from graphc.viz.diagram import Shape

PLACEHOLDER = Shape("placeholder", "#dbeafe", "#2563eb", "pill")
VARIABLE = Shape("variable", "#ffedd5", "#ea580c", "store")
CONSTANT = Shape("constant", "#f3f4f6", "#9ca3af", "note")
GRADIENT = Shape("gradient", "#fce7f3", "#db2777")
UPDATE = Shape("update", "#fee2e2", "#dc2626")
COMPOSITE = Shape("composite", "#fef9c3", "#ca8a04")
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
_REDUCTION = Shape("reduction", "#ccfbf1", "#0d9488")
_BY_KIND = {
    "elementwise": Shape("elementwise", "#dcfce7", "#16a34a"),
    "view": Shape("shape", "#e0f2fe", "#0284c7"),
    "reduce": _REDUCTION,
    "contract": Shape("product, convolution", "#ede9fe", "#7c3aed"),
    "window": Shape("window", "#f5d0fe", "#a21caf"),
    "library": Shape("linear algebra", "#ddd6fe", "#5b21b6"),
    "irregular": Shape("indexing, sorting", "#ecfccb", "#65a30d"),
}


def family(op: Operation) -> Shape:
    """How an operation is drawn; what is composed of several primitives is a family of its own."""
    if op.type in _BY_TYPE:
        return _BY_TYPE[op.type]
    if op.type.startswith("reduce_"):
        return _REDUCTION
    record = REGISTRY.get(op.type)
    return COMPOSITE if record is None else _BY_KIND.get(record.kind, COMPOSITE)
