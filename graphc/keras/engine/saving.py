"""Models as files: one zip archive of a configuration in JSON and weights as safetensors; reading it runs no code."""

from __future__ import annotations

import io
import json
import os
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphc.checkpoint.safetensors import CheckpointFileError, decoded, encoded
from graphc.keras import losses, metrics, optimizers
from graphc.keras.engine.connections import described, layer_of
from graphc.keras.losses.loss import Loss
from graphc.keras.metrics.metric import Metric
from graphc.session.export import write_file

FORMAT = "graphc-keras-1"
CONFIG, WEIGHTS, STATE = "config.json", "model.weights.safetensors", "optimizer.safetensors"


def save_model(model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, **old: Any) -> None:
    """Write a model, its weights, and what `compile` was given.

    Parameters
    ----------
    model : Model
    filepath : str or path-like
        Any ending will do; ``.keras`` is usual. The file is replaced as a whole or not at all.
    overwrite : bool
        Whether an existing file may be replaced.
    include_optimizer : bool
        Whether the state of the optimizer is kept, so that training goes on where it was.

    Raises
    ------
    FileExistsError
        If the file is there and must not be replaced.
    ValueError
        If the model has no weights yet.
    """
    path = Path(os.fspath(filepath))
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there already: say overwrite=True to replace it")
    if not model.built:
        raise ValueError(f"the model {model.name} has no weights yet: build it, or call it once, before save")
    entries: dict[str, Any] = {
        CONFIG: json.dumps({"format": FORMAT, "model": described(model), "compile": compile_config(model)}, indent=1),
        WEIGHTS: b"".join(encoded(named(model.weights))),
    }
    state = model._trainer
    if state is not None and include_optimizer and state.optimizer.built:
        entries[STATE] = b"".join(encoded(named(state.optimizer.variables)))
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    write_file(held.getvalue(), path)


def named(variables: Sequence[Any]) -> dict[str, np.ndarray]:
    """Values of variables by their numbers and names, for a file."""
    return {f"{i:05d}/{v.op.name}": v.numpy() for i, v in enumerate(variables)}


def compile_config(model: Any) -> dict[str, Any] | None:
    """What `compile` was given, as far as it can be written; functions are their names."""
    state = model._trainer
    if state is None:
        return None
    given = {k: _written(v) for k, v in state.given.items()}
    return given | {"optimizer": optimizers.serialize(state.optimizer)}


def _written(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _written(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_written(v) for v in value]
    return losses.serialize(value)


def load_model(filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True,
               safe_mode: bool = True) -> Any:  # fmt: skip
    """The model that `save_model` wrote, with its weights.

    Parameters
    ----------
    filepath : str or path-like
    custom_objects : mapping, optional
        Classes and functions of yours by name.
    compile : bool
        Whether the model is compiled as it was, with the state of its optimizer.
    safe_mode : bool
        Accepted as in Keras: files never hold code.

    Returns
    -------
    Model

    Raises
    ------
    FileNotFoundError
    ValueError
        If it is no such file, is damaged, or names a class that is not known.
    """
    config, weights, state = _read(filepath)
    model = layer_of(config["model"], custom_objects or {})
    if not model.built and config["model"].get("build_config"):
        model.build(tuple(config["model"]["build_config"]["input_shape"]))
    assign_all(model.weights, weights, f"the model {model.name}")
    if compile and config.get("compile"):
        _compile(model, config["compile"], custom_objects or {})
        if state is not None and model._trainer is not None:
            model.optimizer.build(model._trainer.trained(model))
            assign_all(model.optimizer.variables, state, "its optimizer")
    return model


def restore_state(model: Any, filepath: Any) -> None:
    """Weights and optimizer state of a file for a model that is there and compiled."""
    _, weights, state = _read(filepath)
    if not model.built:
        raise ValueError(f"the model {model.name} has no weights yet: give its input, so that it can be restored")
    assign_all(model.weights, weights, f"the model {model.name}")
    if state is not None:
        model.optimizer.build(model._trainer.trained(model))
        assign_all(model.optimizer.variables, state, "its optimizer")


def _read(filepath: Any) -> tuple[dict[str, Any], dict[str, np.ndarray], dict[str, np.ndarray] | None]:
    path = Path(os.fspath(filepath))
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if CONFIG not in names or WEIGHTS not in names:
                raise ValueError(f"{path} is no model that was written here: it holds {', '.join(names)}")
            config = json.loads(archive.read(CONFIG))
            weights = decoded(archive.read(WEIGHTS), path)[0]
            state = decoded(archive.read(STATE), path)[0] if STATE in names else None
    except (zipfile.BadZipFile, json.JSONDecodeError, CheckpointFileError, EOFError) as error:
        raise ValueError(f"{path} is no model, or is damaged: {error}") from None
    return config, weights, state


def assign_all(variables: Sequence[Any], values: Mapping[str, np.ndarray], owner: str) -> None:
    """Set variables to the values of a file, in order.

    Raises
    ------
    ValueError
        If numbers or shapes differ; nothing is changed.
    """
    listed = sorted(values.items())
    own = [(v.op.name, v.static_shape) for v in variables]
    given = [(n.split("/", 1)[1], a.shape) for n, a in listed]
    if [s for _, s in own] != [s for _, s in given]:
        extra = [f"{n} {s}" for n, s in given if (n, s) not in own]
        missing = [f"{n} {s}" for n, s in own if (n, s) not in given]
        raise ValueError(
            f"the file does not fit {owner}: it has {', '.join(extra) or 'nothing'} that is not there, and lacks "
            f"{', '.join(missing) or 'nothing'}"
        )
    for variable, (_, value) in zip(variables, listed, strict=True):
        variable.assign(value)


def _compile(model: Any, given: Mapping[str, Any], custom: Mapping[str, Any]) -> None:
    try:
        model.compile(
            optimizer=optimizers.deserialize(given["optimizer"], custom),
            loss=_restored(given.get("loss"), losses.deserialize, custom),
            metrics=_restored(given.get("metrics"), metrics.deserialize, custom),
            weighted_metrics=_restored(given.get("weighted_metrics"), metrics.deserialize, custom),
            loss_weights=given.get("loss_weights"),
        )
    except ValueError as error:
        warnings.warn(f"the model {model.name} was read, but not compiled: {error}", stacklevel=3)


def _restored(value: Any, read: Any, custom: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_restored(v, read, custom) for v in value]
    if isinstance(value, Mapping) and "class_name" not in value:
        return {k: _restored(v, read, custom) for k, v in value.items()}
    if isinstance(value, str):
        return custom.get(value, value)
    return value if value is None or isinstance(value, Loss | Metric) else read(value, custom)


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write the weights of a model as safetensors.

    Raises
    ------
    FileExistsError, ValueError
        As `save_model`.
    """
    path = Path(os.fspath(filepath))
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there already: say overwrite=True to replace it")
    if not model.built:
        raise ValueError(f"the model {model.name} has no weights yet: build it, or call it once, before save_weights")
    write_file(b"".join(encoded(named(model.weights))), path)


def load_weights(model: Any, filepath: Any, by_name: bool = False, skip_mismatch: bool = False) -> None:
    """Set the weights of a model to those of a file, or of a whole model's file.

    Parameters
    ----------
    model : Model
    filepath : str or path-like
    by_name : bool
        Set those weights whose names are in the file, instead of all in order.
    skip_mismatch : bool
        With `by_name`: leave out those of other shapes.

    Raises
    ------
    FileNotFoundError
    ValueError
        If the file does not fit; nothing is changed.
    """
    path = Path(os.fspath(filepath))
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    if not model.built:
        raise ValueError(f"the model {model.name} has no weights yet: build it, or call it once, before load_weights")
    if zipfile.is_zipfile(path):
        values = _read(path)[1]
    else:
        values = decoded(path.read_bytes(), path)[0]
    if not by_name:
        assign_all(model.weights, values, f"the model {model.name}")
        return
    held = {n.split("/", 1)[1]: a for n, a in values.items()}
    own = {v.op.name: v for v in model.weights if v.op.name in held}
    wrong = [n for n, v in own.items() if v.static_shape != held[n].shape]
    if wrong and not skip_mismatch:
        raise ValueError(f"weights of {path} have other shapes than those of the model {model.name}: {wrong}")
    if not own:
        raise ValueError(f"{path} has {', '.join(held)}: the model {model.name} has no weight of these names")
    for name, variable in own.items():
        if name not in wrong:
            variable.assign(held[name])


def model_from_json(text: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model with new weights, from what `Model.to_json` returned, here or in Keras 3."""
    return layer_of(json.loads(text), custom_objects or {})


def to_json(model: Any, **options: Any) -> str:
    """The configuration of a model as JSON."""
    return json.dumps(described(model), **options)


def clone_model(model: Any, input_tensors: Any = None, clone_function: Any = None) -> Any:
    """A model of the same configuration with new weights."""
    return type(model).from_config(model.get_config())
