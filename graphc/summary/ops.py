"""Summaries in a graph: what a run fetches for them, and the bytes made of it in Python after the step."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.graph.errors import ExecutionError, GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable
from graphc.session.structure import HostValue
from graphc.summary.message import (
    histogram_field,
    image_field,
    scalar_field,
    text_field,
)
from graphc.summary.wire import block

SUMMARIES = "summaries"


class SummaryTensor(HostValue):
    """A summary of tensors; a session's `run` gives its bytes.

    Attributes
    ----------
    op : Operation
        Its place in the graph.
    inputs : tuple of Tensor
    """

    def __init__(self, kind: str, name: str, inputs: Sequence[Tensor], make: Callable[[str, list[Any]], bytes],
                 family: str | None, collections: Sequence[Any] | None) -> None:  # fmt: skip
        cleaned = re.sub(r"[^-/\w.]", "_", name).lstrip("/_") or "summary"
        label = f"{family}/{cleaned}" if family else cleaned
        graph = get_default_graph()
        self.op = graph.add(kind, label, tuple(inputs), None, (), {}, [])
        # As in the original, the family is in front of the whole path once more.
        self.tag = f"{family}/{self.op.name}" if family else self.op.name
        super().__init__(graph, self.op.name, list(inputs))
        self._make = make
        for collection in [SUMMARIES] if collections is None else collections:
            graph.add_to_collection(collection, self)

    def finish(self, values: list[Any]) -> bytes:
        """The message, from the values of the inputs."""
        try:
            return self._make(self.tag, values)
        except ValueError as error:
            raise ExecutionError(f"the summary {self.tag} cannot be made: {error}", self.op.origin) from None


class _Merged(HostValue):
    def finish(self, values: list[Any]) -> bytes:
        return b"".join(values)


def _value(tag: str, field: bytes) -> bytes:
    return block(1, block(1, tag) + field)


def _tensor(value: Any) -> Tensor:
    from graphc.api.shaping import constant

    if isinstance(value, Variable):
        return value.value()
    found: Tensor = value if isinstance(value, Tensor) else constant(value)
    return found


def scalar(
    name: str, tensor: Any, collections: Sequence[Any] | None = None, family: str | None = None
) -> SummaryTensor:
    """A summary of one number.

    Parameters
    ----------
    name : str
        The tag is its unique form within the name scopes.
    tensor : Tensor
        One element.
    collections : sequence, optional
        Where it is listed, by default in the one of `merge_all`.
    family : str, optional
        A prefix that groups tags.

    Returns
    -------
    SummaryTensor
        Its value in a run is the bytes of a summary.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     loss = gc.summary.scalar("loss", gc.constant(0.5))
    ...     print(session.run(loss))
    b'\\n\\x0b\\n\\x04loss\\x15\\x00\\x00\\x00?'
    """

    def make(tag: str, values: list[Any]) -> bytes:
        array = np.asarray(values[0])
        if array.size != 1:
            raise ValueError(f"a scalar has one element, not the shape {array.shape}")
        return _value(tag, scalar_field(array.reshape(())))

    return SummaryTensor("ScalarSummary", name, [_tensor(tensor)], make, family, collections)


def histogram(
    name: str, values: Any, collections: Sequence[Any] | None = None, family: str | None = None
) -> SummaryTensor:
    """A summary of how the elements of a tensor are distributed.

    Parameters
    ----------
    name : str
    values : Tensor
        Finite numbers: the run fails otherwise.
    collections : sequence, optional
    family : str, optional

    Returns
    -------
    SummaryTensor
    """
    return SummaryTensor(
        "HistogramSummary", name, [_tensor(values)], lambda tag, v: _value(tag, histogram_field(np.asarray(v[0]))),
        family, collections,
    )  # fmt: skip


def image(
    name: str, tensor: Any, max_outputs: int = 3, collections: Sequence[Any] | None = None, family: str | None = None
) -> SummaryTensor:
    """A summary of images.

    Parameters
    ----------
    name : str
        Tags are ``name/image/0`` and so on; ``name/image`` if there is only one output.
    tensor : Tensor [batch, height, width, channels]
        1, 3 or 4 channels. uint8 as it is; floats are scaled per image, to 255 if none is negative, else about 128.
    max_outputs : int
        Only the first images are shown.
    collections : sequence, optional
    family : str, optional

    Returns
    -------
    SummaryTensor
    """
    pixels = _tensor(tensor)
    dims = pixels.shape.dims
    if dims is not None and (len(dims) != 4 or (isinstance(dims[3], int) and dims[3] not in (1, 3, 4))):
        raise GraphError(
            f"images are [batch, height, width, channels] with 1, 3 or 4 channels, not {pixels.shape}", user_origin()
        )

    def make(tag: str, values: list[Any]) -> bytes:
        if values[0].ndim != 4 or values[0].shape[3] not in (1, 3, 4):
            raise ValueError(
                f"images are [batch, height, width, channels] with 1, 3 or 4 channels, not {values[0].shape}"
            )
        shown = values[0][:max_outputs]
        tags = [f"{tag}/image" if max_outputs == 1 else f"{tag}/image/{i}" for i in range(len(shown))]
        return b"".join(_value(t, image_field(i)) for t, i in zip(tags, shown, strict=True))

    return SummaryTensor("ImageSummary", name, [pixels], make, family, collections)


def text(name: str, tensor: str | Sequence[str], collections: Sequence[Any] | None = None) -> SummaryTensor:
    """A summary of text, which is fixed when the graph is built.

    Parameters
    ----------
    name : str
    tensor : str or sequence of str
        Shown as Markdown.
    collections : sequence, optional

    Returns
    -------
    SummaryTensor
    """
    field = text_field(tensor if isinstance(tensor, str) else list(tensor))
    return SummaryTensor("TextSummary", name, [], lambda tag, _: _value(tag, field), None, collections)


def merge(inputs: Sequence[Any], collections: Sequence[Any] | None = None, name: str | None = None) -> HostValue:
    """All of several summaries.

    Parameters
    ----------
    inputs : sequence of SummaryTensor
    collections : sequence, optional
        Where it is listed, by default nowhere.
    name : str, optional

    Returns
    -------
    HostValue
        Its value in a run is the bytes of one summary with the values of all.
    """
    for item in inputs:
        if not isinstance(item, HostValue):
            raise GraphError(f"merge takes summaries, not {item!r}", user_origin())
    graph = inputs[0].graph if inputs else get_default_graph()
    found = _Merged(graph, name or "merge", list(inputs))
    for collection in collections or ():
        graph.add_to_collection(collection, found)
    return found


def merge_all(key: Any = SUMMARIES, scope: str | None = None) -> HostValue | None:
    """All summaries of the default graph, or of a collection; None if there are none.

    Parameters
    ----------
    key : hashable
        The collection.
    scope : str, optional
        Only those whose name starts with it.
    """
    found = get_default_graph().get_collection(key, scope)
    return merge(found) if found else None
