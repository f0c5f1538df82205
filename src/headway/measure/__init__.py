"""Numbers about modules, gradients, learning curves and the memory of this process."""

from headway.measure.chain import backward_deltas, chain_norms, layer_gradient_norms
from headway.measure.cost import multiply_adds, num_parameters
from headway.measure.gradcheck import GradientReport, TensorCheck, check_gradients
from headway.measure.learning_curve import Advice, Symptom, diagnose_curve
from headway.measure.memory import ResidentBytes, resident_bytes, saved_bytes
from headway.measure.probe import probe

__all__ = [
    "Advice",
    "GradientReport",
    "ResidentBytes",
    "Symptom",
    "TensorCheck",
    "backward_deltas",
    "chain_norms",
    "check_gradients",
    "diagnose_curve",
    "layer_gradient_norms",
    "multiply_adds",
    "num_parameters",
    "probe",
    "resident_bytes",
    "saved_bytes",
]
