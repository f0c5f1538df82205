"""The check and the watch run over every kind of network there is, without an exception."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from headway.doctor.checkup import check
from headway.doctor.watch import watch

sys.path.append(str(Path(__file__).parents[1] / "models"))
from zoo import MEMBERS, Member

pytestmark = [
    pytest.mark.slow,
    # What other libraries warn of is their business.
    pytest.mark.filterwarnings("ignore"),
]

# Seconds of a check, all probes together; what does not fit is left out.
BUDGET = 1.0
TORCHVISION = [
    *("alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s"),
    *("googlenet", "inception_v3", "maxvit_t", "mnasnet0_5", "mobilenet_v2"),
    *(
        "mobilenet_v3_small",
        "regnet_x_400mf",
        "regnet_y_400mf",
        "resnet18",
        "resnext50_32x4d",
    ),
    *("shufflenet_v2_x0_5", "squeezenet1_1", "swin_t", "vgg11_bn", "vit_b_32"),
]
TIMM = [
    *(
        "cait_xxs24_224",
        "coat_lite_tiny",
        "convit_tiny",
        "convmixer_768_32",
        "crossvit_9_240",
    ),
    *("cspresnet50", "deit_tiny_patch16_224", "dla34", "edgenext_xx_small", "fastvit_t8"),
    *("ghostnet_100", "hardcorenas_a", "levit_128s", "mixer_s32_224", "mobilevit_xxs"),
    *("poolformer_s12", "pvt_v2_b0", "regnetx_002", "res2net50_14w_8s", "resmlp_12_224"),
]
# These take no other size than the one that they were made for.
SIZES = {"inception_v3": 299, "maxvit_t": 224, "vit_b_32": 224, "googlenet": 64}


def run(
    model: nn.Module, inputs: Any, targets: Tensor, loss_fn: Callable[[Any, Tensor], Tensor]
) -> None:
    """Check, and then watch three steps of a training."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    found = check(
        model, loss_fn, (inputs, targets), optimizer=optimizer, budget=BUDGET, epochs=2
    )
    assert not [note for note in found.notes if "failed" in note]
    with watch(model, optimizer, every=1) as watched:
        for _ in range(3):
            optimizer.zero_grad()
            outputs = model(**inputs) if isinstance(inputs, dict) else model(inputs)
            loss = loss_fn(outputs, targets)
            loss.backward()
            optimizer.step()
            watched.step(loss)
    assert watched.view.num_samples == 2
    assert watched.view.last.layers
    assert watched.view.last.weights
    assert "no longer sampled" not in watched.report()


def of_classes(outputs: Any, targets: Tensor) -> Tensor:
    """Return the cross-entropy of the first output that a network of images gives."""
    if isinstance(outputs, (tuple, list)):
        outputs = outputs[0]
    return F.cross_entropy(outputs, targets)


def images(size: int, count: int = 4) -> Tensor:
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.label)
def test_networks_of_the_zoo(member: Member) -> None:
    def loss_fn(outputs: Any, targets: Tensor) -> Tensor:
        return member.loss(outputs)

    run(member.build(), member.inputs(4), torch.arange(4) % 5, loss_fn)


@pytest.mark.parametrize("name", TORCHVISION)
def test_networks_of_torchvision(name: str) -> None:
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    more = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    model = torchvision.models.get_model(name, weights=None, num_classes=5, **more)
    run(model, images(SIZES.get(name, 64), 2), torch.tensor([0, 3]), of_classes)


@pytest.mark.parametrize("name", TIMM)
def test_networks_of_timm(name: str) -> None:
    timm: Any = pytest.importorskip("timm")
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False, num_classes=5)
    size = model.default_cfg["input_size"][-1]
    is_free = not model.default_cfg.get("fixed_input_size", False)
    run(model, images(64 if is_free else size, 2), torch.tensor([0, 3]), of_classes)


SMALL = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 32}
TEXT = {**SMALL, "vocab_size": 50, "intermediate_size": 64}


def bert(transformers: Any) -> nn.Module:
    config = transformers.BertConfig(**TEXT, num_labels=5)
    return transformers.BertForSequenceClassification(config)


def gpt2(transformers: Any) -> nn.Module:
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            vocab_size=50, n_embd=32, n_layer=2, n_head=2, n_positions=16
        )
    )


def llama(transformers: Any) -> nn.Module:
    config = transformers.LlamaConfig(**TEXT, num_key_value_heads=1)
    return transformers.LlamaForCausalLM(config)


def t5(transformers: Any) -> nn.Module:
    return transformers.T5ForConditionalGeneration(
        transformers.T5Config(
            vocab_size=50, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2
        )
    )


def vit(transformers: Any) -> nn.Module:
    return transformers.ViTForImageClassification(
        transformers.ViTConfig(
            **SMALL, intermediate_size=64, image_size=32, patch_size=8, num_labels=5
        )
    )


def tokens() -> Tensor:
    return torch.randint(50, (4, 10), generator=torch.Generator().manual_seed(0))


def of_each_token(outputs: Any, targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs.logits.flatten(0, 1), targets.flatten())


def of_each_sample(outputs: Any, targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs.logits, targets)


ARCHITECTURES = {
    "BERT": (bert, lambda: {"input_ids": tokens()}, of_each_sample),
    "GPT-2": (gpt2, lambda: {"input_ids": tokens()}, of_each_token),
    "Llama": (llama, lambda: {"input_ids": tokens()}, of_each_token),
    "T5": (
        t5,
        lambda: {"input_ids": tokens(), "decoder_input_ids": tokens()},
        of_each_token,
    ),
    "ViT": (vit, lambda: {"pixel_values": images(32)}, of_each_sample),
}


@pytest.mark.compat
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures_of_transformers(name: str) -> None:
    transformers: Any = pytest.importorskip("transformers")
    make, inputs, loss_fn = ARCHITECTURES[name]
    torch.manual_seed(0)
    targets = tokens() if loss_fn is of_each_token else torch.arange(4)
    run(make(transformers), inputs(), targets, loss_fn)


@pytest.mark.compat
def test_a_sequential_network_of_keras() -> None:
    os.environ["KERAS_BACKEND"] = "torch"
    keras: Any = pytest.importorskip("keras")
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(5),
        ]
    )
    run(model, torch.randn(8, 8, 8, 3), torch.arange(8) % 5, F.cross_entropy)
