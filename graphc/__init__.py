"""graphc: a static-graph compiler for Python.

Build a graph of placeholders, variables and operations, ask for gradients, and run it: the whole step is one native call.
"""

from graphc import ops as _records
from graphc import train
from graphc.api import nn
from graphc.api.gradient import gradients
from graphc.api.inputs import placeholder
from graphc.api.math import (
    abs_ as abs,
)
from graphc.api.math import (
    add,
    argmax,
    argmin,
    cast,
    divide,
    equal,
    exp,
    expm1,
    floordiv,
    greater,
    greater_equal,
    less,
    less_equal,
    log,
    log1p,
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
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
    rsqrt,
    sigmoid,
    sign,
    sqrt,
    square,
    subtract,
    tanh,
    where,
)
from graphc.api.operators import install as _install_operators
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
    name_scope,
    no_op,
    trainable_variables,
    variables_initializer,
)
from graphc.graph.errors import ExecutionError, FeedError, FetchError, GraphError, UninitializedError
from graphc.graph.graph import Graph, get_default_graph, reset_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.shape import TensorShape
from graphc.graph.store import Store
from graphc.graph.variable import Variable
from graphc.ir.dtypes import (
    DType,
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
from graphc.session.session import Config, Session, get_default_session

__version__ = "0.1.0"

_install_operators()
