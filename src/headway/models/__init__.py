"""Networks by name: our own, those of a user's file, of timm and of torchvision."""

from headway.models.alexnet import AlexNet, alexnet, alexnet2012
from headway.models.bn_inception import BnInception, bn_inception
from headway.models.catalog import build_model, list_models
from headway.models.check import check_model
from headway.models.cifar import (
    plain20,
    plain32,
    plain44,
    plain56,
    resnet20,
    resnet32,
    resnet44,
    resnet56,
    resnet110,
    resnet1202,
)
from headway.models.family import ModelCard, ModelSize
from headway.models.fixup_resnet import fixup_resnet110
from headway.models.googlenet import GoogLeNet, googlenet, googlenet2014
from headway.models.imagenet_resnet import (
    ImageNetNetwork,
    imagenet_plain18,
    imagenet_plain34,
    imagenet_resnet18,
    imagenet_resnet34,
    imagenet_resnet50,
    imagenet_resnet101,
    imagenet_resnet152,
)
from headway.models.lenet import LeNet5, lenet5
from headway.models.mlp import Mlp
from headway.models.nin import NetworkInNetwork, nin
from headway.models.prelu_net import PReluNet, prelu_net
from headway.models.preresnet import preresnet110, preresnet164, preresnet1001
from headway.models.revnet import revnet38, revnet110
from headway.models.selu import SeluNetwork
from headway.models.stages import CifarNetwork
from headway.models.torchvision_weights import load_torchvision_weights
from headway.models.vanilla_cnn import VanillaCnn
from headway.models.vgg import Vgg, vgg11, vgg13, vgg16, vgg19
from headway.models.wide_resnet import wide_resnet16_8, wide_resnet28_10, wide_resnet40_4

__all__ = [
    "AlexNet",
    "BnInception",
    "CifarNetwork",
    "GoogLeNet",
    "ImageNetNetwork",
    "LeNet5",
    "Mlp",
    "ModelCard",
    "ModelSize",
    "NetworkInNetwork",
    "PReluNet",
    "SeluNetwork",
    "VanillaCnn",
    "Vgg",
    "alexnet",
    "alexnet2012",
    "bn_inception",
    "build_model",
    "check_model",
    "fixup_resnet110",
    "googlenet",
    "googlenet2014",
    "imagenet_plain18",
    "imagenet_plain34",
    "imagenet_resnet18",
    "imagenet_resnet34",
    "imagenet_resnet50",
    "imagenet_resnet101",
    "imagenet_resnet152",
    "lenet5",
    "list_models",
    "load_torchvision_weights",
    "nin",
    "plain20",
    "plain32",
    "plain44",
    "plain56",
    "prelu_net",
    "preresnet110",
    "preresnet164",
    "preresnet1001",
    "resnet20",
    "resnet32",
    "resnet44",
    "resnet56",
    "resnet110",
    "resnet1202",
    "revnet38",
    "revnet110",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
    "wide_resnet16_8",
    "wide_resnet28_10",
    "wide_resnet40_4",
]
