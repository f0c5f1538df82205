"""Numbers about modules and about this process: parameters, multiply-adds, bytes."""

from headway.measure.cost import multiply_adds, num_parameters
from headway.measure.memory import ResidentBytes, resident_bytes, saved_bytes
from headway.measure.probe import probe

__all__ = [
    "ResidentBytes",
    "multiply_adds",
    "num_parameters",
    "probe",
    "resident_bytes",
    "saved_bytes",
]
