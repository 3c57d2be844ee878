"""Names of ``tf.nn``."""

TABLE = """
relu = nn.relu Relu features name
relu6 = nn.relu6 Relu6 features name
crelu = nn.crelu CRelu features name axis
elu = nn.elu Elu features name
selu = nn.selu Selu features name
leaky_relu = nn.leaky_relu LeakyRelu features alpha name
softplus = nn.softplus Softplus features name
softsign = nn.softsign Softsign features name
swish = nn.silu swish features name
sigmoid = sigmoid Sigmoid x name
tanh = tanh Tanh x name
log_sigmoid = nn.log_sigmoid LogSigmoid x name
softmax = nn.softmax Softmax logits axis name dim:axis _sentinel:
log_softmax = nn.log_softmax LogSoftmax logits axis name dim:axis
conv2d = ._nnops.conv2d Conv2D input:x filter:filters strides padding use_cudnn_on_gpu: data_format dilations
    name filters
convolution = ._nnops.conv2d convolution input:x filter:filters padding strides dilation_rate:dilations name
    data_format
conv1d = nn.conv1d conv1d value filters stride padding use_cudnn_on_gpu: data_format: name input:value dilations
depthwise_conv2d = ._nnops.depthwise_conv2d depthwise input:x filter:filters strides padding rate:dilations
    name data_format
depthwise_conv2d_native = ._nnops.depthwise_conv2d depthwise input:x filter:filters strides padding
    data_format dilations name
separable_conv2d = ._nnops.separable_conv2d
atrous_conv2d = ._nnops.atrous_conv2d
conv2d_transpose = ._nnops.conv2d_transpose
max_pool = ._nnops.max_pool MaxPool value:x ksize strides padding data_format name input:x
avg_pool = ._nnops.avg_pool AvgPool value:x ksize strides padding data_format name input:x
bias_add = nn.bias_add BiasAdd value bias data_format: name
xw_plus_b = nn.xw_plus_b xw_plus_b x weights biases name
relu_layer = ._nnops.relu_layer
dropout = ._nnops.dropout
l2_loss = nn.l2_loss L2Loss t name
l2_normalize = nn.l2_normalize l2_normalize x axis epsilon name dim:axis
moments = ._nnops.moments
batch_normalization = nn.batch_normalization batchnorm x mean variance offset scale variance_epsilon name
fused_batch_norm = ._nnops.fused_batch_norm
local_response_normalization = nn.local_response_normalization LRN input depth_radius bias alpha beta name
lrn = nn.local_response_normalization LRN input depth_radius bias alpha beta name
softmax_cross_entropy_with_logits = ._nnops.softmax_cross_entropy_with_logits
softmax_cross_entropy_with_logits_v2 = ._nnops.softmax_cross_entropy_with_logits_v2
sparse_softmax_cross_entropy_with_logits = ._nnops.sparse_softmax_cross_entropy_with_logits
sigmoid_cross_entropy_with_logits = ._nnops.sigmoid_cross_entropy_with_logits
weighted_cross_entropy_with_logits = nn.weighted_cross_entropy_with_logits logistic_loss targets logits pos_weight name
    labels:targets
embedding_lookup = nn.embedding_lookup embedding_lookup params ids partition_strategy name validate_indices: max_norm
in_top_k = nn.in_top_k InTopK predictions targets k name
top_k = top_k TopKV2 input:x k sorted name
zero_fraction = nn.zero_fraction zero_fraction value name
weighted_moments = nn.weighted_moments weighted_moments x axes frequency_weights name keep_dims:keepdims keepdims
log_poisson_loss = nn.log_poisson_loss log_poisson_loss targets log_input compute_full_loss name
max_pool_with_argmax = nn.max_pool_with_argmax MaxPoolWithArgmax input:value ksize strides padding Targmax: name
    data_format:
conv3d = ._nnops.conv3d Conv3D input:x filter:filters strides padding data_format dilations name filters
max_pool3d = ._nnops.max_pool3d MaxPool3D input:x ksize strides padding data_format name
avg_pool3d = ._nnops.avg_pool3d AvgPool3D input:x ksize strides padding data_format name
ctc_loss_v2 = ._nnops.ctc_loss_v2
nce_loss = nn.nce_loss
sampled_softmax_loss = nn.sampled_softmax_loss
dynamic_rnn = rnn.dynamic_rnn
static_rnn = rnn.static_rnn
rnn = rnn.static_rnn
bidirectional_dynamic_rnn = rnn.bidirectional_dynamic_rnn
static_bidirectional_rnn = rnn.static_bidirectional_rnn
"""

MISSING = {
    "ctc_loss": "there are no sparse labels; use tf.nn.ctc_loss_v2 with dense ones",
    "ctc_beam_search_decoder": "decode in NumPy after the run, or use gc.nn.ctc_greedy_decoder",
    "ctc_greedy_decoder": "there are no sparse results; use gc.nn.ctc_greedy_decoder, which gives dense ones",
    "embedding_lookup_sparse": "there are no sparse tensors; use tf.nn.embedding_lookup and tf.reduce_sum",
    "fractional_max_pool": "use tf.nn.max_pool",
    "raw_rnn": "arrays do not grow in loops; use tf.while_loop with a tf.TensorArray of the most steps, or tf.scan",
    "seq2seq": "write attention with tf.matmul and tf.nn.softmax",
}
