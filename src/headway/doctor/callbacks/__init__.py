"""The watch as a callback of headway's Trainer and of other libraries.

Each library is imported when its callback is made, so that none of them is needed here.
"""

from headway.doctor.callbacks.huggingface import huggingface_callback
from headway.doctor.callbacks.keras import keras_callback
from headway.doctor.callbacks.lightning import lightning_callback
from headway.doctor.callbacks.trainer import TrainerWatch

__all__ = [
    "TrainerWatch",
    "huggingface_callback",
    "keras_callback",
    "lightning_callback",
]
