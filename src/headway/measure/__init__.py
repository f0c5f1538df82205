"""Numbers about modules, gradients, learning curves and the memory of this process."""

from headway.measure.chain import backward_deltas, chain_norms, layer_gradient_norms
from headway.measure.cost import multiply_adds, num_parameters
from headway.measure.curvature import (
    jacobian_singular_values,
    largest_hessian_eigenvalue,
)
from headway.measure.gradcheck import GradientReport, TensorCheck, check_gradients
from headway.measure.layer_numbers import LayerNumbers, OutputNumbers, WeightNumbers
from headway.measure.layers import LayerRecord, look, record_layers
from headway.measure.learning_curve import Advice, Symptom, diagnose_curve
from headway.measure.memory import ResidentBytes, resident_bytes, saved_bytes
from headway.measure.noise_scale import NoiseScale, gradient_noise_scale, noise_scale
from headway.measure.probe import probe
from headway.measure.untouched import untouched
from headway.measure.updates import copy_weights, update_ratios

__all__ = [
    "Advice",
    "GradientReport",
    "LayerNumbers",
    "LayerRecord",
    "NoiseScale",
    "OutputNumbers",
    "ResidentBytes",
    "Symptom",
    "TensorCheck",
    "WeightNumbers",
    "backward_deltas",
    "chain_norms",
    "check_gradients",
    "copy_weights",
    "diagnose_curve",
    "gradient_noise_scale",
    "jacobian_singular_values",
    "largest_hessian_eigenvalue",
    "layer_gradient_norms",
    "look",
    "multiply_adds",
    "noise_scale",
    "num_parameters",
    "probe",
    "record_layers",
    "resident_bytes",
    "saved_bytes",
    "untouched",
    "update_ratios",
]
