"""Reading and writing models, and classes of yours in files."""

from graphc.keras.engine.saving import load_model, save_model
from graphc.keras.registered import custom_object_scope, register_keras_serializable

__all__ = ["custom_object_scope", "load_model", "register_keras_serializable", "save_model"]
