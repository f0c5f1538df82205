"""Blocks of networks: initialisation and residual connections; pure torch."""

from headway.nn.activation_facts import ActivationFacts, activation_facts
from headway.nn.activations import Maxout, MaxoutConv2d, SmartReLU
from headway.nn.auxiliary import AuxiliaryOutputs
from headway.nn.batch_norm import BatchNorm
from headway.nn.batch_norm_backward import BatchNormGradients, batch_norm_backward
from headway.nn.bottleneck import Bottleneck
from headway.nn.branches import silence_branch_
from headway.nn.circuits import (
    And,
    Not,
    Or,
    Var,
    Xor,
    adder,
    compile_circuit,
    parity,
    parse_expression,
)
from headway.nn.convolution_matrix import convolution_matrix, output_size
from headway.nn.deepen import deepen, identity_block
from headway.nn.dropconnect import DropConnect
from headway.nn.dropout import VanillaDropout, scale_outgoing_weights_
from headway.nn.fans import fans
from headway.nn.fft_convolution import fft_conv2d, overlap_add_conv2d
from headway.nn.filters import demo_kernels
from headway.nn.fixup import FixupBlock, initialize_fixup_
from headway.nn.folding import fold_batch_norm
from headway.nn.fractional_pooling import FractionalMaxPool
from headway.nn.freezing import freeze_, hold_frozen_norms_
from headway.nn.frozen_batch_norm import FrozenBatchNorm, freeze_batch_norm
from headway.nn.gains import activation_gain, critical_variances
from headway.nn.inception import (
    Inception,
    InceptionReduction,
    NormInception,
    conv_norm_relu,
    conv_relu,
)
from headway.nn.initialization import (
    Scheme,
    initialize_,
    kaiming_normal_,
    variance_scaling_,
)
from headway.nn.initialization_data import krahenbuhl_, lsuv_
from headway.nn.initialization_deep import delta_orthogonal_, fixup_scale, random_walk_gain
from headway.nn.lesion import lesion_study, skipping
from headway.nn.locally_connected import LocallyConnected2d
from headway.nn.monte_carlo import MonteCarlo, dropout_on, has_dropout, monte_carlo
from headway.nn.pooling import StochasticPool2d
from headway.nn.preactivation import (
    PreActivationBlock,
    PreActivationBottleneck,
    ShortcutProjection,
)
from headway.nn.pruning import PruningMask, prune_, rewind_, sparsity
from headway.nn.recalibration import recalibrate
from headway.nn.recurrent import (
    GRU,
    LSTM,
    LSTM1997,
    UGRNN,
    Recurrent,
    RecurrentCell,
    VanillaRNN,
)
from headway.nn.residual import BasicBlock, PlainBlock, ShortcutA, ShortcutB, ShortcutC
from headway.nn.residual_connection import Residual, ShiftedReLU
from headway.nn.reversible import ReversibleBlock, ReversibleSequence
from headway.nn.statistics import statistics_kept
from headway.nn.stochastic_depth import StochasticDepth, bypass, set_survival_
from headway.nn.weight_norm import initialize_weight_norm_
from headway.nn.whitening import Whitening, inverse_square_root

__all__ = [
    "GRU",
    "LSTM",
    "LSTM1997",
    "UGRNN",
    "ActivationFacts",
    "And",
    "AuxiliaryOutputs",
    "BasicBlock",
    "BatchNorm",
    "BatchNormGradients",
    "Bottleneck",
    "DropConnect",
    "FixupBlock",
    "FractionalMaxPool",
    "FrozenBatchNorm",
    "Inception",
    "InceptionReduction",
    "LocallyConnected2d",
    "Maxout",
    "MaxoutConv2d",
    "MonteCarlo",
    "NormInception",
    "Not",
    "Or",
    "PlainBlock",
    "PreActivationBlock",
    "PreActivationBottleneck",
    "PruningMask",
    "Recurrent",
    "RecurrentCell",
    "Residual",
    "ReversibleBlock",
    "ReversibleSequence",
    "Scheme",
    "ShiftedReLU",
    "ShortcutA",
    "ShortcutB",
    "ShortcutC",
    "ShortcutProjection",
    "SmartReLU",
    "StochasticDepth",
    "StochasticPool2d",
    "VanillaDropout",
    "VanillaRNN",
    "Var",
    "Whitening",
    "Xor",
    "activation_facts",
    "activation_gain",
    "adder",
    "batch_norm_backward",
    "bypass",
    "compile_circuit",
    "conv_norm_relu",
    "conv_relu",
    "convolution_matrix",
    "critical_variances",
    "deepen",
    "delta_orthogonal_",
    "demo_kernels",
    "dropout_on",
    "fans",
    "fft_conv2d",
    "fixup_scale",
    "fold_batch_norm",
    "freeze_",
    "freeze_batch_norm",
    "has_dropout",
    "hold_frozen_norms_",
    "identity_block",
    "initialize_",
    "initialize_fixup_",
    "initialize_weight_norm_",
    "inverse_square_root",
    "kaiming_normal_",
    "krahenbuhl_",
    "lesion_study",
    "lsuv_",
    "monte_carlo",
    "output_size",
    "overlap_add_conv2d",
    "parity",
    "parse_expression",
    "prune_",
    "random_walk_gain",
    "recalibrate",
    "rewind_",
    "scale_outgoing_weights_",
    "set_survival_",
    "silence_branch_",
    "skipping",
    "sparsity",
    "statistics_kept",
    "variance_scaling_",
]
