"""graphc: a static-graph compiler for Python.

Build a graph of placeholders, variables and operations, ask for gradients, and run it: the whole step is one native
call.
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from graphc import ops as _records
from graphc import train
from graphc.api import nn
from graphc.api.arrays import (
    argsort,
    diag,
    diag_part,
    eye,
    gather,
    gather_nd,
    linspace,
    meshgrid,
    one_hot,
    pad,
    reverse,
    scatter_nd,
    searchsorted,
    sequence_mask,
    sort,
    split,
    tensor_scatter_add,
    tensor_scatter_max,
    tensor_scatter_min,
    tensor_scatter_update,
    tile,
    top_k,
    tril,
    triu,
    unsorted_segment_sum,
    unstack,
)
from graphc.api.arrays import (
    range_ as range,
)
from graphc.api.arrays import (
    slice_ as slice,
)
from graphc.api.checks import Print, add_check_numerics_ops, assert_that, check_numerics
from graphc.api.control.branch import case, cond
from graphc.api.control.loop import while_loop
from graphc.api.control.recurrence import recurrence, until
from graphc.api.control.scan import foldl, foldr, map_fn, scan
from graphc.api.control.tensor_array import TensorArray
from graphc.api.custom import CustomOp, custom_op
from graphc.api.dynamic import (
    boolean_mask,
    dynamic_partition,
    dynamic_stitch,
    setdiff1d,
    unique,
    unique_with_counts,
    where_positions,
)
from graphc.api.einsum import einsum
from graphc.api.gradient import grad, gradients, hessian, hvp, jacobian, jvp
from graphc.api.images import depth_to_space, reverse_sequence, space_to_depth
from graphc.api.inputs import placeholder, placeholder_with_default
from graphc.api.math import (
    abs_ as abs,
)
from graphc.api.math import (
    acos,
    acosh,
    add,
    add_n,
    argmax,
    argmin,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cast,
    cbrt,
    ceil,
    clip_by_value,
    cos,
    cosh,
    cumprod,
    cumsum,
    digamma,
    divide,
    equal,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    floordiv,
    greater,
    greater_equal,
    is_finite,
    is_inf,
    is_nan,
    less,
    less_equal,
    lgamma,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    matmul,
    maximum,
    minimum,
    mod,
    multiply,
    negative,
    not_equal,
    reciprocal,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_std,
    reduce_sum,
    reduce_variance,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    squared_difference,
    subtract,
    tan,
    tanh,
    tensordot,
    trunc,
    truncatediv,
    truncatemod,
    where,
)
from graphc.api.math import (
    pow_ as pow,
)
from graphc.api.math import (
    round_ as round,
)
from graphc.api.methods import dimshuffle, dot, flatten, repeat, swapaxes
from graphc.api.operators import bitwise_and, bitwise_or, bitwise_xor, invert
from graphc.api.override import with_gradient
from graphc.api.python import py_func
from graphc.api.random import random_normal, random_uniform, set_random_seed, truncated_normal
from graphc.api.random_laws import multinomial, random_bernoulli, random_gamma, random_poisson, random_shuffle
from graphc.api.replace import graph_replace, vectorize
from graphc.api.scatter import (
    count_up_to,
    scatter_add,
    scatter_div,
    scatter_max,
    scatter_min,
    scatter_mul,
    scatter_nd_add,
    scatter_nd_sub,
    scatter_nd_update,
    scatter_sub,
    scatter_update,
)
from graphc.api.scopes import get_variable
from graphc.api.shaping import (
    broadcast_to,
    concat,
    constant,
    expand_dims,
    fill,
    identity,
    ones,
    ones_like,
    rank,
    reshape,
    shape,
    size,
    squeeze,
    stack,
    stop_gradient,
    transpose,
    zeros,
    zeros_like,
)
from graphc.api.state import (
    assign,
    assign_add,
    assign_sub,
    control_dependencies,
    global_variables,
    global_variables_initializer,
    group,
    local_variables,
    local_variables_initializer,
    name_scope,
    no_op,
    trainable_variables,
    variables_initializer,
)
from graphc.api.subtensor import inc_subtensor, set_subtensor
from graphc.graph.errors import (
    ExecutionError,
    FeedError,
    FetchError,
    GraphError,
    MissingFeedError,
    NotANumberError,
    OutOfRangeError,
    UninitializedError,
)
from graphc.graph.graph import Graph, get_default_graph, reset_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.scopes import AUTO_REUSE, VariableScope, get_variable_scope, variable_scope
from graphc.graph.shape import Dimension, TensorShape
from graphc.graph.store import Store, default_store
from graphc.graph.variable import Variable
from graphc.ir.dtypes import (
    DType,
    as_dtype,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    promotion_table,
    uint8,
    uint16,
    uint32,
    uint64,
)
from graphc.ir.dtypes import (
    bool_ as bool,
)
from graphc.session.config import Config
from graphc.session.current import get_default_session
from graphc.session.device import device
from graphc.session.function import Function, In, function
from graphc.session.interactive import InteractiveSession
from graphc.session.session import Session
from graphc.session.shared import SharedVariable, shared
from graphc.train.clipping import clip_by_average_norm, clip_by_global_norm, clip_by_norm, global_norm

if _TYPE_CHECKING:
    from graphc import checkpoint, data, initializers, layers, linalg, losses, metrics, rnn, summary, viz

__version__ = "0.1.0"


def __getattr__(name: str) -> _Any:
    """Load the libraries that few scripts need on first use."""
    if name in ("checkpoint", "data", "initializers", "layers", "linalg", "losses", "metrics", "rnn", "summary", "viz"):
        return _import_module(f"graphc.{name}")
    if name in ("dprint", "explain"):
        return getattr(_import_module("graphc.viz"), name)
    raise AttributeError(f"module 'graphc' has no attribute {name!r}")
