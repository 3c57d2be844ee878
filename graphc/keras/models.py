"""Models, and reading and writing them."""

from graphc.keras.engine.model import Functional, Model
from graphc.keras.engine.saving import clone_model, load_model, model_from_json, save_model
from graphc.keras.engine.sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
