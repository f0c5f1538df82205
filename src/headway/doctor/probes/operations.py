"""Names of torch's functions by what they do, as a recorder of calls has them."""

# Functions that change the shape or the type and not the numbers, or only drop some.
PASSING = frozenset(
    [
        "clone",
        "contiguous",
        "detach",
        "double",
        "expand",
        "expand_as",
        "flatten",
        "float",
        "getitem",
        "movedim",
        "narrow",
        "permute",
        "reshape",
        "select",
        "squeeze",
        "swapaxes",
        "t",
        "to",
        "transpose",
        "type",
        "unflatten",
        "unsqueeze",
        "view",
        "view_as",
        "cpu",
        "cuda",
        "half",
        "bfloat16",
        "dropout",
        "identity",
        "type_as",
        "masked_select",
    ]
)
NORMS = frozenset(
    [
        "batch_norm",
        "layer_norm",
        "group_norm",
        "instance_norm",
        "rms_norm",
        "local_response_norm",
    ]
)
CONVOLUTIONS = frozenset(
    [
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
    ]
)
RECURRENT = frozenset(
    [
        "lstm",
        "gru",
        "rnn_tanh",
        "rnn_relu",
        "lstm_cell",
        "gru_cell",
        "rnn_tanh_cell",
        "rnn_relu_cell",
    ]
)
PRODUCTS = frozenset(["matmul", "mm", "bmm", "addmm", "einsum", "mv"])
LOOKUPS = frozenset({"embedding", "embedding_bag"})
ELEMENTWISE = frozenset(
    [
        "sub",
        "add",
        "mul",
        "div",
        "pow",
        "eq",
        "ne",
        "gt",
        "lt",
        "ge",
        "le",
        "maximum",
        "minimum",
        "where",
    ]
)
