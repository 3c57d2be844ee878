"""Checkpoints: values of variables in files, and back."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphc.api.random import RANDOM_STATE
from graphc.api.state import global_variables
from graphc.checkpoint.graphs import add_graph, export_meta_graph, read_graph
from graphc.checkpoint.safetensors import read_arrays, write_arrays
from graphc.checkpoint.state import SUFFIX, checkpoint_exists, update_checkpoint_state
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.store import Store
from graphc.graph.variable import Variable

GRAPH_SUFFIX = ".meta"


class RestoreError(GraphError):
    """A checkpoint that is not there, or does not fit the variables; nothing was changed."""


class Saver:
    """Saves and restores variables by name.

    Parameters
    ----------
    var_list : sequence of Variable, or mapping of str to Variable, optional
        What is saved; a mapping gives names in the file. All variables of the default graph if not given, and with them
        the counters of its random operations, so that training goes on with the same numbers.
    reshape : bool
        Restore values of another shape with the same number of elements.
    max_to_keep : int or None
        Older checkpoints are deleted; None or 0 keeps all.
    keep_checkpoint_every_n_hours : float
        One checkpoint in so many hours is not deleted.

    Raises
    ------
    GraphError
        If there are no variables, or two have one name.

    Examples
    --------
    >>> import tempfile, graphc as gc
    >>> with gc.Graph().as_default(), tempfile.TemporaryDirectory() as folder:
    ...     w = gc.Variable([1.0, 2.0], name="w")
    ...     saver = gc.train.Saver()
    ...     with gc.Session(mode="interpret") as session:
    ...         _ = session.run(gc.assign(w, [7.0, 8.0]))
    ...         path = saver.save(session, f"{folder}/model", global_step=3)
    ...     with gc.Session(mode="interpret") as session:
    ...         saver.restore(session, gc.train.latest_checkpoint(folder))
    ...         print(path.rsplit("/")[-1], session.run(w))
    model-3 [7. 8.]
    """

    def __init__(
        self, var_list: Iterable[Variable] | Mapping[str, Variable] | None = None, reshape: bool = False,
        max_to_keep: int | None = 5, keep_checkpoint_every_n_hours: float = 10000.0,
    ) -> None:  # fmt: skip
        self.everything = var_list is None
        self.graph = get_default_graph()
        self.variables = _by_name(global_variables() if var_list is None else var_list)
        if not self.variables:
            raise GraphError("there are no variables to save: make them before the Saver", user_origin())
        self.reshape = reshape
        self.max_to_keep = max_to_keep
        self.hours = keep_checkpoint_every_n_hours
        self._kept_until = time.time() + 3600.0 * keep_checkpoint_every_n_hours
        self._paths: list[tuple[str, float]] = []

    @property
    def last_checkpoints(self) -> list[str]:
        """Checkpoints that were written and not deleted, oldest first."""
        return [path for path, _ in self._paths]

    def recover_last_checkpoints(self, checkpoint_paths: Iterable[str]) -> None:
        """Take checkpoints of an earlier process for one's own: they count, and are deleted in their turn."""
        found = [p for p in checkpoint_paths if checkpoint_exists(p)]
        self._paths = [(p, os.path.getmtime(p + SUFFIX)) for p in found]

    def save(
        self, sess: Any, save_path: str | os.PathLike[str], global_step: Any = None,
        latest_filename: str | None = None, write_state: bool = True, write_meta_graph: bool | None = None,
    ) -> str:  # fmt: skip
        """Write a checkpoint.

        Parameters
        ----------
        sess : Session or Store
        save_path : path-like
            Without suffix.
        global_step : int, Tensor or Variable, optional
            Its value is appended to the path, as in ``model-1000``.
        latest_filename : str, optional
            Name of the file that says which checkpoint is the latest, ``checkpoint`` if not given.
        write_state : bool
            Whether to write that file.
        write_meta_graph : bool, optional
            Whether to write the graph too, in a file with the suffix ``.meta``; by default if it can be written.

        Returns
        -------
        str
            The path for `restore`.

        Raises
        ------
        GraphError
            If the directory does not exist, or `write_meta_graph` is True and the graph cannot be written.
        """
        path = os.fspath(save_path)
        if global_step is not None:
            path = f"{path}-{_step(sess, global_step)}"
        directory = os.path.dirname(path)
        if directory and not os.path.isdir(directory):
            raise GraphError(f"cannot save {path}: the directory {directory} does not exist", user_origin())
        store = _store(sess)
        with store.exclusive():
            arrays = {name: store.load(variable) for name, variable in self._all(store).items()}
        self._write_graph(path, write_meta_graph)
        write_arrays(path + SUFFIX, arrays, {"format": "graphc-checkpoint-1"})
        old = self._remember(path)
        if write_state:
            update_checkpoint_state(directory, path, self.last_checkpoints, latest_filename)
        # Only now: until it names the new one, the file of the state may name one of these.
        for name in old:
            for suffix in (SUFFIX, GRAPH_SUFFIX):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(name + suffix)
        return path

    def _write_graph(self, path: str, wanted: bool | None) -> None:
        if wanted is False:
            return
        try:
            export_meta_graph(path + GRAPH_SUFFIX, self.graph, self.variables)
        except GraphError:
            if wanted:
                raise

    def restore(self, sess: Any, save_path: str | os.PathLike[str] | None) -> None:
        """Set the variables from a checkpoint.

        Parameters
        ----------
        sess : Session or Store
        save_path : path-like
            As `save` returned it.

        Raises
        ------
        RestoreError
            If there is no such checkpoint, or variables are missing in it or have other shapes or element types there:
            all of them are listed, and nothing is changed.
        """
        arrays, _ = read_checkpoint(save_path)
        values = self._checked(os.fspath(save_path), arrays)  # type: ignore[arg-type]
        store = _store(sess)
        with store.exclusive():
            for variable, value in values.items():
                store.save(variable, value)

    def _checked(self, path: str, arrays: dict[str, np.ndarray]) -> dict[Variable, np.ndarray]:
        missing = [f"{n} {v.shape} {v.dtype.name}" for n, v in self.variables.items() if n not in arrays]
        values, differing = {}, []
        for name, variable in self.variables.items():
            if name not in arrays:
                continue
            value = arrays[name]
            want = [int(d) for d in variable.shape] if variable.shape.is_fully_defined() else list(value.shape)
            if self.reshape and value.size == np.prod(want, dtype=np.int64):
                value = value.reshape(want)
            if list(value.shape) != want or value.dtype != variable.dtype.np:
                differing.append(f"{name}: {value.shape} {value.dtype} in the file, {tuple(want)} "
                                 f"{variable.dtype.name} in the graph")  # fmt: skip
            values[variable] = value
        counters = self._counters()
        if missing or differing:
            extra = [f"{n} {a.shape} {a.dtype}" for n, a in arrays.items() if n not in {**self.variables, **counters}]
            parts = [("missing in the file", missing), ("extra in the file", extra), ("different", differing)]
            listed = "".join(f"\n  {what}:\n    " + "\n    ".join(items) for what, items in parts if items)
            raise RestoreError(
                f"the checkpoint {path} does not fit the variables; nothing was changed{listed}\n"
                "pass Saver(var_list) the variables, or a mapping of names in the file to variables, to restore a part",
                user_origin(),
            )
        return values | {v: arrays[n] for n, v in counters.items() if n in arrays}

    def _counters(self) -> dict[str, Variable]:
        return {v.op.name: v for v in self.graph.get_collection(RANDOM_STATE)} if self.everything else {}

    def _all(self, store: Store) -> dict[str, Variable]:
        """The variables, and the counters of random operations that have run."""
        return self.variables | {n: v for n, v in self._counters().items() if v in store}

    def _remember(self, path: str) -> list[str]:
        """Count a checkpoint; those that are to be deleted for it."""
        now, old = time.time(), []
        self._paths = [(p, t) for p, t in self._paths if p != path] + [(path, now)]
        while self.max_to_keep and len(self._paths) > self.max_to_keep:
            first, written = self._paths.pop(0)
            if written > self._kept_until:
                self._kept_until += 3600.0 * self.hours
            else:
                old.append(first)
        return old


def import_meta_graph(filename: str | os.PathLike[str], import_scope: str | None = None) -> Saver | None:
    """Add a graph from a file to the default graph; no code of the file is run.

    Parameters
    ----------
    filename : path-like
        As `export_meta_graph` or `Saver.save` wrote it (``model-1000.meta``).
    import_scope : str, optional
        Prefix of all names.

    Returns
    -------
    Saver or None
        For the variables that were saved with the graph.

    Raises
    ------
    GraphError
        If there is no such file.
    CheckpointFileError
        If it is damaged or of another version.

    Examples
    --------
    >>> import tempfile, graphc as gc
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...         w = gc.Variable([1.0, 2.0], name="w")
    ...         y = gc.multiply(w, 10.0, name="y")
    ...         path = gc.train.Saver().save(session, f"{folder}/model")
    ...     with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...         gc.train.import_meta_graph(path + ".meta").restore(session, path)
    ...         print(session.run("y:0"))
    [10. 20.]
    """
    form = read_graph(filename)
    variables = add_graph(form, import_scope)
    names = form["saver"]
    if not names:
        return None
    saver = Saver({name: variables[variable] for name, variable in names.items()})
    saver.everything = True
    return saver


def read_checkpoint(save_path: str | os.PathLike[str] | None) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """All arrays of a checkpoint by name, and its metadata.

    Raises
    ------
    RestoreError
        If it does not exist.
    """
    if save_path is None:
        raise RestoreError("there is no checkpoint to restore: the path is None", user_origin())
    path = os.fspath(save_path)
    if not checkpoint_exists(path):
        folder = os.path.dirname(path) or "."
        present = sorted(f.removesuffix(SUFFIX) for f in os.listdir(folder) if f.endswith(SUFFIX)) if (
            os.path.isdir(folder)
        ) else []  # fmt: skip
        has = f"there are: {', '.join(present)}" if present else "there are no checkpoints in that directory"
        raise RestoreError(f"there is no checkpoint {path}{SUFFIX}; {has}", user_origin())
    return read_arrays(path + SUFFIX)


def list_variables(path: str | os.PathLike[str]) -> list[tuple[str, list[int]]]:
    """Names and shapes of a checkpoint's arrays.

    Raises
    ------
    RestoreError
        If it does not exist.
    """
    return [(name, list(array.shape)) for name, array in sorted(read_checkpoint(path)[0].items())]


def _by_name(given: Iterable[Variable] | Mapping[str, Variable]) -> dict[str, Variable]:
    if isinstance(given, Mapping):
        found = dict(given)
    else:
        found = {}
        for variable in given:
            if isinstance(variable, Variable) and variable.op.name in found and found[variable.op.name] is not variable:
                raise GraphError(f"two variables are called {variable.op.name}: pass a mapping of names", user_origin())
            found[variable.op.name if isinstance(variable, Variable) else ""] = variable
    for variable in found.values():
        if not isinstance(variable, Variable):
            raise GraphError(f"a Saver saves variables, not {variable!r}", user_origin())
    return found


def _store(sess: Any) -> Store:
    store = sess if isinstance(sess, Store) else getattr(sess, "store", None)
    if not isinstance(store, Store):
        raise GraphError(f"a session or a store is needed, not {sess!r}", user_origin())
    return store


def _step(sess: Any, step: Any) -> int:
    if isinstance(step, Variable):
        return int(_store(sess).load(step))
    return int(sess.run(step)) if isinstance(step, Tensor) else int(step)
