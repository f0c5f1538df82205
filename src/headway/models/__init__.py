"""Networks by name: our own, those of a user's file, of timm and of torchvision."""

from headway.models.catalog import build_model, list_models
from headway.models.check import check_model
from headway.models.cifar import CifarNetwork
from headway.models.family import ModelCard
from headway.models.mlp import Mlp

__all__ = [
    "CifarNetwork",
    "Mlp",
    "ModelCard",
    "build_model",
    "check_model",
    "list_models",
]
