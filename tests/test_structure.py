"""The shape of the package: imports point one way, functions and files stay short, public names are documented."""

import ast
import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import graphc as gc

ROOT = Path(gc.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


def _module(path):
    return ".".join(["graphc", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")


MODULES = set(map(_module, FILES))

# From low to high: a file imports from its own group and from those before it.
LAYERS = [
    # The emulator imports nothing of the compiler.
    {"ptx"},
    {"ir"},
    {"ops"},
    {"interp", "autodiff", "rewrite", "passes", "loops"},
    {"schedule", "memory"},
    {"codegen"},
    {"runtime"},
    {"graph", "session", "api"},
    {"initializers", "train", "nn", "rnn", "layers", "losses", "metrics", "linalg", "random"}
    | {"data", "summary", "checkpoint"},
    {"keras", "compat"},
    {"viz", "bench", "testing", "cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def _imports(tree):
    """Modules of the package that a file imports when it is loaded, with their lines."""
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped.update(map(id, ast.walk(node)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            skipped.update(map(id, ast.walk(node)))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("graphc."):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner if inner in MODULES else node.module), node.lineno
        elif isinstance(node, ast.Import):
            yield from ((a.name, node.lineno) for a in node.names if a.name.startswith("graphc."))


def test_imports_point_from_high_layers_to_low_ones():
    wrong = []
    for path in FILES:
        if path.parent == ROOT:
            continue
        own = path.relative_to(ROOT).parts[0]
        assert own in LEVEL, f"{own} has no place in the order of layers"
        for module, line in _imports(ast.parse(path.read_text())):
            used = module.split(".")[1]
            if LEVEL[used] > LEVEL[own]:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_no_import_cycles_between_modules():
    import networkx as nx

    graph = nx.DiGraph()
    for path in FILES:
        graph.add_edges_from((_module(path), module) for module, _ in _imports(ast.parse(path.read_text())))
    cycles = [c for c in nx.strongly_connected_components(graph) if len(c) > 1]
    assert not cycles, cycles


def test_files_and_functions_are_short():
    long = []
    for path in FILES:
        text = path.read_text()
        if path != ROOT / "__init__.py" and text.count("\n") > 450:
            long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno + 1 > 70:
                long.append(f"{path.relative_to(ROOT)}: {node.name} has {node.end_lineno - node.lineno + 1} lines")
    assert not long, "\n".join(long)


def test_public_names_have_docstrings():
    bare = []
    for path in FILES:
        tree = ast.parse(path.read_text())
        name = _module(path)
        if tree.body and not ast.get_docstring(tree):
            bare.append(name)
        loaded = importlib.import_module(name)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                value = getattr(loaded, node.name)
                if not ast.get_docstring(node) and not inspect.getdoc(value):
                    bare.append(f"{name}.{node.name}")
                for method in node.body if isinstance(node, ast.ClassDef) else ():
                    public = isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
                    # A method that overrides a documented one inherits its text.
                    if public and not inspect.getdoc(getattr(value, method.name)):
                        bare.append(f"{name}.{node.name}.{method.name}")
    for public in sorted(set(vars(gc)) - {"annotations"}):
        value = getattr(gc, public)
        if not public.startswith("_") and callable(value) and not getattr(value, "__doc__", None):
            bare.append(f"graphc.{public}")
    assert not bare, "\n".join(bare)


def _with_doctests():
    for path in FILES:
        if ">>> " in path.read_text():
            yield _module(path)


@pytest.mark.parametrize("module", list(_with_doctests()))
def test_examples_in_docstrings(module):
    with gc.Graph().as_default():
        failed, attempted = doctest.testmod(importlib.import_module(module))
    assert attempted
    assert not failed
