"""What scripts take from Keras's backend: names, constants and conventions."""

from __future__ import annotations

from graphc.keras.eager import EPSILON
from graphc.keras.engine.names import clear_session

__all__ = ["backend", "clear_session", "epsilon", "floatx", "image_data_format", "set_floatx", "set_image_data_format"]


def backend() -> str:
    """``"graphc"``."""
    return "graphc"


def epsilon() -> float:
    """What keeps logarithms and quotients away from zero."""
    return EPSILON


def floatx() -> str:
    """The default float type."""
    return "float32"


def set_floatx(value: str) -> None:
    """Accept ``"float32"``.

    Raises
    ------
    ValueError
        For another type: layers take ``dtype=``.
    """
    if value != "float32":
        raise ValueError(f"the default float type is float32: give layers dtype={value!r} instead")


def image_data_format() -> str:
    """``"channels_last"``."""
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Accept ``"channels_last"``.

    Raises
    ------
    ValueError
        For another format: layers take ``data_format=``.
    """
    if data_format != "channels_last":
        raise ValueError(f"images have their channels last: give layers data_format={data_format!r} instead")
