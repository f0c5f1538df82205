"""How many inputs a unit sums, and how many outputs an input enters."""

import math

from torch import nn

Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d
TransposedConvolution = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d
Recurrent = nn.RNNBase | nn.RNNCellBase
WeightLayer = nn.Linear | Convolution | TransposedConvolution | Recurrent


def fans(module: nn.Module, parameter: str = "weight") -> tuple[float, float]:
    """Return (fan_in, fan_out): products in a sum, and sums that an input enters.

    Var y = fan_in * Var w * E x**2 on the way forward, and Var dx = fan_out * Var w * Var dy
    on the way back, for independent weights of mean zero, biases of zero, and away from the
    border of an image (E x**2 is Var x only where the inputs have mean zero too):

    | layer | fan_in | fan_out |
    |---|---|---|
    | linear | in_features | out_features |
    | convolution | k^2 in_channels / groups | k^2 out_channels / groups / stride^2 |
    | transposed convolution | k^2 in_channels / groups / stride^2 | k^2 out_channels / groups |
    | recurrent, input to hidden | input_size | hidden_size, for one gate |
    | recurrent, hidden to hidden | hidden_size | hidden_size, for one gate |

    With a stride the count differs from unit to unit, and this is its mean. `torch.nn.init`
    and He et al. leave the stride out of fan_out; `torch.nn.init` also leaves the groups out
    of fan_out and swaps the two fans of transposed convolutions.

    Args:
        module: Linear, convolutional, transposed convolutional or recurrent layer.
        parameter: Name of the weight; recurrent layers have several, such as "weight_hh_l0".

    Raises:
        TypeError: If `module` is none of these layers.
        ValueError: If it has no weight called `parameter`, or no inputs or outputs.

    Reference:
        He et al., "Delving Deep into Rectifiers", 2015, section 2.2: n = k^2 c.
        arXiv:1502.01852.

    Example:
        >>> fans(nn.Conv2d(16, 32, 3))
        (144.0, 288.0)
        >>> fans(nn.LSTM(8, 20), "weight_ih_l0")
        (8.0, 20.0)
    """
    pair = _count(module, parameter)
    if min(pair) == 0:
        raise ValueError(f"a layer needs at least one input and one output, got {module}")
    return pair


def num_gates(module: Recurrent) -> int:
    """Return how many gates' weights a recurrent layer keeps stacked in each matrix."""
    if isinstance(module, nn.LSTM | nn.LSTMCell):
        return 4
    return 3 if isinstance(module, nn.GRU | nn.GRUCell) else 1


def _count(module: nn.Module, parameter: str) -> tuple[float, float]:
    if not isinstance(module, WeightLayer):
        raise TypeError(
            "fans are known for linear, convolutional, transposed convolutional and "
            f"recurrent layers, got {type(module).__name__}"
        )
    weights = [name for name, value in module.named_parameters() if value.ndim >= 2]
    if parameter not in weights:
        raise ValueError(
            f"{type(module).__name__} has no weight {parameter!r}; it has {weights}"
        )
    weight = module.get_parameter(parameter)
    if isinstance(module, Recurrent):
        return float(weight.shape[1]), weight.shape[0] / num_gates(module)
    if isinstance(module, nn.Linear):
        return float(weight.shape[1]), float(weight.shape[0])
    kernel = math.prod(module.kernel_size)
    per_stride = kernel / math.prod(module.stride)
    ins, outs = module.in_channels / module.groups, module.out_channels / module.groups
    if isinstance(module, TransposedConvolution):
        return ins * per_stride, outs * kernel
    return ins * kernel, outs * per_stride
