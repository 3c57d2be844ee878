"""``tf.errors``: failures of runs, in TensorFlow 1's classes."""

from __future__ import annotations

from typing import Any

from graphc.graph.errors import ExecutionError, GraphError, MissingFeedError, UninitializedError


class OpError(Exception):
    """A failed run.

    Attributes
    ----------
    message : str
        What happened, the user's line, and what to do.
    """

    def __init__(self, node_def: Any = None, op: Any = None, message: str = "", error_code: int | None = None) -> None:
        super().__init__(message)
        self.node_def, self.op, self.message, self.error_code = node_def, op, message, error_code

    def __str__(self) -> str:
        return self.message


class CancelledError(OpError):
    """It was cancelled."""


class UnknownError(OpError):
    """Nothing more is known."""


class InvalidArgumentError(OpError):
    """A value that an operation refuses: a missing feed, an index out of range, a matrix that is not positive."""


class NotFoundError(OpError):
    """A file or a name in a file that is not there."""


class AlreadyExistsError(OpError):
    """Something that is there already."""


class PermissionDeniedError(OpError):
    """No right to do so."""


class ResourceExhaustedError(OpError):
    """Not enough memory."""


class FailedPreconditionError(OpError):
    """A state that does not allow it: a variable without a value."""


class AbortedError(OpError):
    """It was given up."""


class OutOfRangeError(OpError):
    """The end of a data set, or a counter at its limit."""


class UnimplementedError(OpError):
    """Not available here."""


class InternalError(OpError):
    """A fault of graphc's own."""


class UnavailableError(OpError):
    """Not available now."""


class DataLossError(OpError):
    """A damaged file."""


class DeadlineExceededError(OpError):
    """It took too long."""


class UnauthenticatedError(OpError):
    """Not known who asks."""


def translated(error: Exception) -> Exception:
    """A native error of a run as TensorFlow 1's class for it; others as they are."""
    if isinstance(error, MissingFeedError):
        return InvalidArgumentError(message=f"You must feed a value for a placeholder tensor: {error}")
    if isinstance(error, UninitializedError):
        return FailedPreconditionError(message=str(error))
    if isinstance(error, ExecutionError):
        return OutOfRangeError(message=str(error)) if _is_end(error) else InvalidArgumentError(message=str(error))
    if isinstance(error, StopIteration) or type(error).__name__ == "OutOfRangeError":
        return OutOfRangeError(message=str(error))
    if isinstance(error, GraphError) and "session is closed" in str(error):
        return RuntimeError("Attempted to use a closed Session.")
    return error


def _is_end(error: ExecutionError) -> bool:
    return "count_up_to" in str(error)
