"""Names of ``tf`` itself."""

REDUCE = "axis keepdims name reduction_indices:axis keep_dims:keepdims"
UNARY = "x name"
BINARY = "x y name"

TABLE = f"""
Graph = ._graph.Graph
get_default_graph = ._graph.get_default_graph
reset_default_graph = reset_default_graph
device = ._graph.device
name_scope = ._graph.name_scope
control_dependencies = ._graph.control_dependencies
convert_to_tensor = ._graph.convert_to_tensor
add_to_collection = ._graph.add_to_collection
get_collection = ._graph.get_collection
get_collection_ref = ._graph.get_collection_ref
GraphKeys = ._graph.GraphKeys
tuple = ._graph.tuple_
placeholder_with_default = ._graph.placeholder_with_default
placeholder = placeholder Placeholder dtype shape name
group = group
no_op = no_op NoOp name
Tensor = Tensor
Operation = Operation
TensorShape = TensorShape
Dimension = Dimension
DType = DType
as_dtype = as_dtype

Session = ._session.Session
InteractiveSession = ._session.InteractiveSession
ConfigProto = ._session.ConfigProto
GPUOptions = ._session.GPUOptions
GraphOptions = ._session.GraphOptions
OptimizerOptions = ._session.OptimizerOptions
RunOptions = ._session.RunOptions
RunMetadata = ._session.RunMetadata
get_default_session = ._session.get_default_session

Variable = ._state.Variable
VariableScope = ._state.VariableScope
AUTO_REUSE = ._state.AUTO_REUSE
get_variable = ._state.get_variable
variable_scope = ._state.variable_scope
variable_op_scope = ._state.variable_op_scope
get_variable_scope = get_variable_scope
make_template = ._state.make_template
no_regularizer = ._state.no_regularizer
assign = ._state.assign
assign_add = ._state.assign_add
assign_sub = ._state.assign_sub
scatter_update = scatter_update ScatterUpdate ref indices updates use_locking: name
scatter_add = scatter_add ScatterAdd ref indices updates use_locking: name
scatter_sub = scatter_sub ScatterSub ref indices updates use_locking: name
scatter_mul = scatter_mul ScatterMul ref indices updates use_locking: name
scatter_div = scatter_div ScatterDiv ref indices updates use_locking: name
scatter_min = scatter_min ScatterMin ref indices updates use_locking: name
scatter_max = scatter_max ScatterMax ref indices updates use_locking: name
scatter_nd_update = scatter_nd_update ScatterNdUpdate ref indices updates use_locking: name
scatter_nd_add = scatter_nd_add ScatterNdAdd ref indices updates use_locking: name
scatter_nd_sub = scatter_nd_sub ScatterNdSub ref indices updates use_locking: name
count_up_to = count_up_to CountUpTo ref limit name
is_variable_initialized = ._host.is_variable_initialized
report_uninitialized_variables = ._host.report_uninitialized_variables
global_variables = ._state.global_variables
all_variables = ._state.global_variables
trainable_variables = ._state.trainable_variables
local_variables = ._state.local_variables
model_variables = ._state.model_variables
moving_average_variables = ._state.moving_average_variables
variables_initializer = ._state.variables_initializer
initialize_variables = ._state.variables_initializer
global_variables_initializer = ._state.global_variables_initializer
initialize_all_variables = ._state.global_variables_initializer
local_variables_initializer = ._state.local_variables_initializer
initialize_local_variables = ._state.local_variables_initializer
tables_initializer = ._state.tables_initializer
initialize_all_tables = ._state.tables_initializer

constant = ._ops.constant
cast = ._ops.cast
saturate_cast = ._ops.saturate_cast
to_float = ._ops.to_float
to_double = ._ops.to_double
to_int32 = ._ops.to_int32
to_int64 = ._ops.to_int64
gradients = ._ops.gradients
hessians = ._ops.hessians
where = ._ops.where
select = ._ops.where
concat = ._ops.concat
concat_v2 = ._ops.concat
split = ._ops.split
add_n = ._ops.add_n
accumulate_n = ._ops.add_n
div = ._ops.div
div_no_nan = ._ops.div_no_nan
Assert = ._ops.assertion
RegisterGradient = ._gradients.RegisterGradient
NoGradient = ._ops.unimplemented_gradient

zeros = zeros zeros shape dtype name
ones = ones ones shape dtype name
zeros_like = zeros_like zeros_like tensor:x dtype name optimize:
ones_like = ones_like ones_like tensor:x dtype name optimize:
fill = fill Fill dims value name
eye = eye eye num_rows num_columns batch_shape: dtype name
identity = identity Identity input:x name
stop_gradient = stop_gradient StopGradient input:x name
shape = shape Shape input:x name out_type
size = size Size input:x name out_type
rank = rank Rank input:x name
reshape = reshape Reshape tensor:x shape name
transpose = transpose transpose a:x perm name conjugate:
matrix_transpose = linalg.matrix_transpose matrix_transpose a name
expand_dims = expand_dims ExpandDims input:x axis name dim:axis
squeeze = squeeze Squeeze input:x axis name squeeze_dims:axis
broadcast_to = broadcast_to BroadcastTo input:x shape name
stack = stack stack values axis name
pack = stack stack values axis name
parallel_stack = stack stack values name
unstack = unstack unstack value num axis name
unpack = unstack unstack value num axis name
slice = slice Slice input_:x begin size name
pad = pad Pad tensor paddings mode name constant_values
tile = tile Tile input:x multiples name
depth_to_space = depth_to_space DepthToSpace input:x block_size name data_format:
space_to_depth = space_to_depth SpaceToDepth input:x block_size name data_format:
reverse_sequence = reverse_sequence ReverseSequence input:x seq_lengths seq_axis batch_axis name seq_dim:seq_axis
    batch_dim:batch_axis
reverse = reverse ReverseV2 tensor:x axis name dims:axis
gather = gather GatherV2 params indices validate_indices: name axis batch_dims
gather_nd = gather_nd GatherNd params indices name batch_dims
scatter_nd = scatter_nd ScatterNd indices updates shape name
one_hot = one_hot one_hot indices depth on_value off_value axis dtype name
range = range range start limit delta dtype name
linspace = linspace LinSpace start stop num name
lin_space = linspace LinSpace start stop num name
meshgrid = meshgrid
sequence_mask = sequence_mask SequenceMask lengths maxlen dtype name
searchsorted = searchsorted searchsorted sorted_sequence values side out_type name
unsorted_segment_sum = unsorted_segment_sum UnsortedSegmentSum data segment_ids num_segments name
argsort = argsort argsort values axis direction stable: name
sort = sort sort values axis direction name
diag = diag Diag diagonal name
diag_part = diag_part DiagPart input:x name
matrix_diag = diag MatrixDiag diagonal name
matrix_diag_part = diag_part MatrixDiagPart input:x name
cumsum = cumsum Cumsum x axis exclusive reverse name
cumprod = cumprod Cumprod x axis exclusive reverse name

add = add Add {BINARY}
subtract = subtract Sub {BINARY}
sub = subtract Sub {BINARY}
multiply = multiply Mul {BINARY}
mul = multiply Mul {BINARY}
divide = divide truediv {BINARY}
truediv = divide truediv {BINARY}
realdiv = divide RealDiv {BINARY}
floordiv = floordiv floordiv {BINARY}
floor_div = floordiv FloorDiv {BINARY}
truncatediv = truncatediv TruncateDiv {BINARY}
mod = mod FloorMod {BINARY}
floormod = mod FloorMod {BINARY}
truncatemod = truncatemod TruncateMod {BINARY}
maximum = ._ops.maximum Maximum {BINARY}
minimum = ._ops.minimum Minimum {BINARY}
pow = pow Pow {BINARY}
squared_difference = squared_difference SquaredDifference {BINARY}
atan2 = atan2 Atan2 y:x x:y name
equal = equal Equal {BINARY}
not_equal = not_equal NotEqual {BINARY}
less = less Less {BINARY}
less_equal = less_equal LessEqual {BINARY}
greater = greater Greater {BINARY}
greater_equal = greater_equal GreaterEqual {BINARY}
logical_and = logical_and LogicalAnd {BINARY}
logical_or = logical_or LogicalOr {BINARY}
logical_xor = logical_xor LogicalXor {BINARY}
logical_not = logical_not LogicalNot {UNARY}
scalar_mul = ._ops.scalar_mul mul scalar x name
abs = abs Abs {UNARY}
negative = negative Neg {UNARY}
neg = negative Neg {UNARY}
sign = sign Sign {UNARY}
square = square Square {UNARY}
sqrt = sqrt Sqrt {UNARY}
rsqrt = rsqrt Rsqrt {UNARY}
reciprocal = reciprocal Reciprocal {UNARY}
inv = reciprocal Reciprocal {UNARY}
exp = exp Exp {UNARY}
expm1 = expm1 Expm1 {UNARY}
log = log Log {UNARY}
log1p = log1p Log1p {UNARY}
log_sigmoid = nn.log_sigmoid LogSigmoid {UNARY}
sigmoid = sigmoid Sigmoid {UNARY}
tanh = tanh Tanh {UNARY}
sin = sin Sin {UNARY}
cos = cos Cos {UNARY}
tan = tan Tan {UNARY}
asin = asin Asin {UNARY}
acos = acos Acos {UNARY}
atan = atan Atan {UNARY}
sinh = sinh Sinh {UNARY}
cosh = cosh Cosh {UNARY}
asinh = asinh Asinh {UNARY}
acosh = acosh Acosh {UNARY}
atanh = atanh Atanh {UNARY}
erf = erf Erf {UNARY}
erfc = erfc Erfc {UNARY}
lgamma = lgamma Lgamma {UNARY}
digamma = digamma Digamma {UNARY}
floor = ._ops.floor Floor {UNARY}
ceil = ._ops.ceil Ceil {UNARY}
round = ._ops.round_ Round {UNARY}
rint = ._ops.round_ Rint {UNARY}
is_nan = is_nan IsNan {UNARY}
is_inf = is_inf IsInf {UNARY}
is_finite = is_finite IsFinite {UNARY}
clip_by_value = ._ops.clip_by_value clip_by_value t:x clip_value_min clip_value_max name
matmul = matmul MatMul a b transpose_a transpose_b adjoint_a:transpose_a adjoint_b:transpose_b a_is_sparse:
    b_is_sparse: name
batch_matmul = matmul BatchMatMul x:a y:b adj_x:transpose_a adj_y:transpose_b name
sparse_matmul = matmul MatMul a b transpose_a transpose_b a_is_sparse: b_is_sparse: name
tensordot = tensordot Tensordot a b axes name
einsum = einsum
norm = ._ops.norm norm tensor ord axis keepdims name keep_dims:keepdims
count_nonzero = ._ops.count_nonzero count_nonzero input_tensor:x axis keepdims dtype name
    reduction_indices:axis keep_dims:keepdims
reduce_sum = ._ops.reduce_sum Sum input_tensor:x {REDUCE}
reduce_mean = ._ops.reduce_mean Mean input_tensor:x {REDUCE}
reduce_prod = reduce_prod Prod input_tensor:x {REDUCE}
reduce_max = reduce_max Max input_tensor:x {REDUCE}
reduce_min = reduce_min Min input_tensor:x {REDUCE}
reduce_any = reduce_any Any input_tensor:x {REDUCE}
reduce_all = reduce_all All input_tensor:x {REDUCE}
reduce_logsumexp = reduce_logsumexp ReduceLogSumExp input_tensor:x {REDUCE}
argmax = argmax ArgMax input:x axis name dimension:axis output_type
arg_max = argmax ArgMax input:x dimension:axis output_type name
argmin = argmin ArgMin input:x axis name dimension:axis output_type
arg_min = argmin ArgMin input:x dimension:axis output_type name

set_random_seed = set_random_seed
random_normal = random_normal random_normal shape mean stddev dtype seed name
random_uniform = random_uniform random_uniform shape minval maxval dtype seed name
truncated_normal = truncated_normal truncated_normal shape mean stddev dtype seed name
random_shuffle = random_shuffle RandomShuffle value seed name
random_gamma = random_gamma random_gamma shape alpha beta dtype seed name
random_poisson = random_poisson random_poisson lam shape dtype seed name
multinomial = multinomial Multinomial logits num_samples seed name output_dtype

cond = ._ops.cond
case = case case pred_fn_pairs default exclusive strict: name
while_loop = while_loop while cond body loop_vars shape_invariants parallel_iterations: back_prop:
    swap_memory: name maximum_iterations return_same_structure
map_fn = map_fn map fn elems dtype parallel_iterations: back_prop: swap_memory: infer_shape: name
foldl = foldl foldl fn elems initializer parallel_iterations: back_prop: swap_memory: name
foldr = foldr foldr fn elems initializer parallel_iterations: back_prop: swap_memory: name
scan = scan scan fn elems initializer parallel_iterations: back_prop: swap_memory: infer_shape: reverse name
TensorArray = TensorArray
boolean_mask = boolean_mask boolean_mask tensor mask name axis
unique = unique Unique x out_idx name
dynamic_partition = dynamic_partition DynamicPartition data partitions num_partitions name
dynamic_stitch = dynamic_stitch DynamicStitch indices data name

cholesky = linalg.cholesky Cholesky input:a name
cholesky_solve = linalg.cholesky_solve cholesky_solve chol rhs name
matrix_triangular_solve = linalg.triangular_solve MatrixTriangularSolve matrix rhs lower adjoint name
matrix_solve = linalg.solve MatrixSolve matrix rhs adjoint name
matrix_solve_ls = linalg.lstsq MatrixSolveLs matrix rhs l2_regularizer fast: name
matrix_inverse = linalg.inv MatrixInverse input:a adjoint name
matrix_determinant = linalg.det MatrixDeterminant input:a name
matrix_set_diag = linalg.set_diag MatrixSetDiag input diagonal name
matrix_band_part = linalg.band_part MatrixBandPart input num_lower num_upper name
trace = linalg.trace trace x name
cross = linalg.cross Cross a b name
qr = linalg.qr Qr input:a full_matrices name
svd = .linalg.svd
self_adjoint_eig = linalg.eigh SelfAdjointEig tensor:a name
self_adjoint_eigvals = linalg.eigvalsh SelfAdjointEigvals tensor:a name

clip_by_norm = clip_by_norm clip_by_norm t clip_norm axes name
clip_by_global_norm = clip_by_global_norm clip_by_global_norm t_list clip_norm use_norm name
clip_by_average_norm = clip_by_average_norm clip_by_average_norm t clip_norm name
global_norm = global_norm global_norm t_list name
py_func = py_func PyFunc func inp Tout stateful name
Print = Print Print input_ data message first_n summarize name
check_numerics = check_numerics CheckNumerics tensor message name
add_check_numerics_ops = add_check_numerics_ops
confusion_matrix = confusion_matrix confusion_matrix labels predictions num_classes dtype name weights

zeros_initializer = initializers.Zeros
ones_initializer = initializers.Ones
constant_initializer = initializers.Constant
random_normal_initializer = initializers.RandomNormal
random_uniform_initializer = initializers.RandomUniform
truncated_normal_initializer = initializers.TruncatedNormal
orthogonal_initializer = initializers.Orthogonal
variance_scaling_initializer = initializers.VarianceScaling
glorot_uniform_initializer = initializers.GlorotUniform
glorot_normal_initializer = initializers.GlorotNormal

scalar_summary = summary.scalar
histogram_summary = summary.histogram
image_summary = summary.image
merge_summary = summary.merge
merge_all_summaries = summary.merge_all
"""

for _name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "bool"):
    TABLE += f"{_name} = {_name}\n"
TABLE += "double = float64\n"
for _name in ("equal", "none_equal", "less", "less_equal", "greater", "greater_equal", "positive", "negative",
              "non_negative", "non_positive"):  # fmt: skip
    TABLE += f"assert_{_name} = ._ops.assert_{_name}\n"
for _name in ("rank", "rank_at_least", "rank_in", "type", "integer", "variables_initialized", "scalar", "near"):
    TABLE += f"assert_{_name} = ._checks.assert_{_name}\n"

QUEUES = "there are no queues; feed arrays through feed_dict, or use tf.data.Dataset.from_tensor_slices"
FILES = "read files with NumPy or the standard library and feed arrays"
SPARSE = "there are no sparse tensors; use dense ones, tf.gather and tf.unsorted_segment_sum"
STRINGS = "strings take no part in a graph; work on them in Python"
NARROW = "element types are float32 and float64; use tf.float32"

MISSING = {
    **dict.fromkeys(
        ("FIFOQueue", "RandomShuffleQueue", "PaddingFIFOQueue", "PriorityQueue", "QueueBase", "ConditionalAccumulator"),
        QUEUES,
    ),
    **dict.fromkeys(
        ("TFRecordReader", "TextLineReader", "WholeFileReader", "FixedLengthRecordReader", "read_file", "write_file",
         "decode_raw", "decode_csv", "parse_example", "parse_single_example", "FixedLenFeature", "VarLenFeature",
         "matching_files", "io", "python_io", "decode_json_example", "serialize_tensor", "parse_tensor"),
        FILES,
    ),
    **dict.fromkeys(
        ("SparseTensor", "SparseTensorValue", "IndexedSlices", "sparse_placeholder", "sparse_tensor_dense_matmul",
         "sparse_to_dense", "sparse_reduce_sum", "sparse_tensor_to_dense", "sparse_add", "sparse_concat",
         "sparse_reorder", "sparse", "SparseFeature"),
        SPARSE,
    ),
    **dict.fromkeys(
        ("string", "string_split", "string_join", "string_to_number", "as_string", "substr", "regex_replace", "strings",
         "string_to_hash_bucket", "string_to_hash_bucket_fast", "encode_base64", "decode_base64", "lookup"),
        STRINGS,
    ),
    **dict.fromkeys(("float16", "half", "bfloat16", "qint8", "quint8", "qint32"), NARROW),
    **dict.fromkeys(("complex", "complex64", "complex128", "real", "imag", "conj", "angle", "fft", "ifft", "spectral",
                     "signal", "fft2d", "ifft2d"),
                    "there are no complex numbers; keep real and imaginary parts as two tensors"),
    "estimator": "write the loop with tf.Session",
    "distributions": "write the density with tf.lgamma and the like, and draw with tf.random_normal and its relatives",
    "image": "prepare images with NumPy before they are fed; tf.nn has convolutions and pooling",
    "distribute": "one process computes; there are no clusters",
    "tpu": "one CPU or GPU computes",
    "feature_column": "make columns with NumPy and feed them",
    "profiler": "session.report(fetches, feeds) shows kernels and times",
    "saved_model": "tf.train.Saver keeps values, tf.train.export_meta_graph the graph",
    "graph_util": "tf.train.Saver keeps values, tf.train.export_meta_graph the graph",
    "import_graph_def": "tf.train.import_meta_graph reads the files that tf.train.export_meta_graph writes",
    "GraphDef": "tf.train.export_meta_graph writes a graph to a file",
    "load_op_library": "graphc.custom_op compiles a Python function with Numba into the step",
    "enable_eager_execution": "graphs are defined, then run: build operations and run them in a tf.Session",
    "GradientTape": "graphs are defined, then run: use tf.gradients",
    "function": "use graphc.function(inputs, outputs)",
    "fixed_size_partitioner": "variables are whole",
    "variable_axis_size_partitioner": "variables are whole",
    "quantize": "there is no quantisation",
    "quantization": "there is no quantisation",
}  # fmt: skip
