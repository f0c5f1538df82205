"""Changes of a training program, each of which also prints itself as plain PyTorch."""

from headway.doctor.remedies.activations import InsertActivation, SwapActivation
from headway.doctor.remedies.axes import BatchFirst, PermuteAxes
from headway.doctor.remedies.bad_data import DropBadSamples, DropLeak, ImputeBadValues
from headway.doctor.remedies.balance import ClassWeights, SetLabelSmoothing
from headway.doctor.remedies.batches import SetBatchSize, Shuffle
from headway.doctor.remedies.blind_attention import OpenBlindMasks
from headway.doctor.remedies.bounding import BoundStates
from headway.doctor.remedies.capacity import Deepen, Widen
from headway.doctor.remedies.classes import OutputPerClass
from headway.doctor.remedies.compression import CompressInput
from headway.doctor.remedies.duration import SetEpochs, SetSchedule
from headway.doctor.remedies.heads import AddHead, RemoveHead
from headway.doctor.remedies.initialization import Reinitialize
from headway.doctor.remedies.input_scale import StandardizeInput
from headway.doctor.remedies.keeping import KeepLayers
from headway.doctor.remedies.label_weights import LabelWeights
from headway.doctor.remedies.labels import FixLabels
from headway.doctor.remedies.last_norm import RemoveLastNorm
from headway.doctor.remedies.losses import ReplaceLoss
from headway.doctor.remedies.masks import InvertMask
from headway.doctor.remedies.metrics import UsualMetric
from headway.doctor.remedies.modes import DropoutFollowsMode
from headway.doctor.remedies.normalization import (
    GroupNormForBatchNorm,
    InsertNormalization,
    SetBatchNormMomentum,
    UnfreezeBatchNorm,
)
from headway.doctor.remedies.optimizers import SetOptimizer
from headway.doctor.remedies.output_range import ScaleOutput
from headway.doctor.remedies.padding import PadInFront
from headway.doctor.remedies.penalties import LeavePenaltiesOut
from headway.doctor.remedies.positions import AddPositions
from headway.doctor.remedies.precision import Float32
from headway.doctor.remedies.rates import (
    ClipGradients,
    EqualRates,
    ScaleLearningRate,
    SetLearningRate,
)
from headway.doctor.remedies.reconnecting import ReconnectGradient
from headway.doctor.remedies.recurrence import OpenGates
from headway.doctor.remedies.registering import RegisterLayers
from headway.doctor.remedies.regularization import (
    InsertDropout,
    SetDropout,
    SetWeightDecay,
)
from headway.doctor.remedies.remedy import Remedy
from headway.doctor.remedies.residual import AddResidual
from headway.doctor.remedies.shapes import SqueezeShapes
from headway.doctor.remedies.spreading import SpreadParts
from headway.doctor.remedies.stable_loss import StableLoss
from headway.doctor.remedies.stopping import EarlyStopping
from headway.doctor.remedies.together import Together
from headway.doctor.remedies.unbinding import FreeNorms
from headway.doctor.remedies.unclipping import LoosenClip
from headway.doctor.remedies.wiring import (
    AddToOptimizer,
    TrainMode,
    Unfreeze,
    UsualStep,
    ZeroGrad,
)

__all__ = [
    "AddHead",
    "AddPositions",
    "AddResidual",
    "AddToOptimizer",
    "BatchFirst",
    "BoundStates",
    "ClassWeights",
    "ClipGradients",
    "CompressInput",
    "Deepen",
    "DropBadSamples",
    "DropLeak",
    "DropoutFollowsMode",
    "EarlyStopping",
    "EqualRates",
    "FixLabels",
    "Float32",
    "FreeNorms",
    "GroupNormForBatchNorm",
    "ImputeBadValues",
    "InsertActivation",
    "InsertDropout",
    "InsertNormalization",
    "InvertMask",
    "KeepLayers",
    "LabelWeights",
    "LeavePenaltiesOut",
    "LoosenClip",
    "OpenBlindMasks",
    "OpenGates",
    "OutputPerClass",
    "PadInFront",
    "PermuteAxes",
    "ReconnectGradient",
    "RegisterLayers",
    "Reinitialize",
    "Remedy",
    "RemoveHead",
    "RemoveLastNorm",
    "ReplaceLoss",
    "ScaleLearningRate",
    "ScaleOutput",
    "SetBatchNormMomentum",
    "SetBatchSize",
    "SetDropout",
    "SetEpochs",
    "SetLabelSmoothing",
    "SetLearningRate",
    "SetOptimizer",
    "SetSchedule",
    "SetWeightDecay",
    "Shuffle",
    "SpreadParts",
    "SqueezeShapes",
    "StableLoss",
    "StandardizeInput",
    "SwapActivation",
    "Together",
    "TrainMode",
    "Unfreeze",
    "UnfreezeBatchNorm",
    "UsualMetric",
    "UsualStep",
    "Widen",
    "ZeroGrad",
]
