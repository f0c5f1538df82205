"""What torch calls the functions that a forward pass is made of, by what they do."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Calls that pass a signal on in another shape or place.
SHAPES = _names(
    "squeeze unsqueeze view view_as reshape reshape_as flatten unflatten transpose swapaxes "
    "permute contiguous __getitem__ T mT to float clone expand narrow select movedim ravel t"
)
NORMS = _names("batch_norm layer_norm group_norm instance_norm rms_norm normalize")
DROPOUTS = _names(
    "dropout alpha_dropout feature_alpha_dropout dropout1d dropout2d dropout3d"
)
POOLS = _names(
    "max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d "
    "adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d mean "
    "sum amax max interpolate pad pixel_shuffle boolean_dispatch fn"
)
PASSIVE = SHAPES | NORMS | DROPOUTS | POOLS
SUMS = _names("add __add__ __radd__ __iadd__ sub __sub__ cat concat concatenate")
CONVOLUTIONS = _names(
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d"
)
RECURRENT = _names(
    "lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell"
)
ATTENTION = _names("multi_head_attention_forward scaled_dot_product_attention")
PRODUCTS = _names("matmul mm bmm __matmul__ __rmatmul__ einsum baddbmm")
WEIGHTED = CONVOLUTIONS | RECURRENT | ATTENTION | _names("linear addmm bilinear")
# What lets a function gate or mix others: its value is a factor, not a signal.
FACTORS = PRODUCTS | ATTENTION | _names("mul __mul__ __rmul__ __imul__ lerp where")
ACTIVATIONS = _names(
    "relu relu6 leaky_relu prelu rrelu elu selu celu gelu silu mish softplus softsign sigmoid "
    "logsigmoid tanh tanhshrink hardtanh hardsigmoid hardswish hardshrink softshrink softmax "
    "log_softmax softmin threshold"
)
# Functions without a slope, which end the gradient where they stand for an activation.
STEPS = _names("sign sgn heaviside round floor ceil gt ge __gt__ __ge__ greater")
