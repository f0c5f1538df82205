"""Networks of PyTorch Image Models: timm:NAME."""

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import nn

from headway.errors import ModelError, did_you_mean
from headway.models.check import check_model, image_shape
from headway.models.family import Family, ModelCard
from headway.models.options import PretrainedOptions, defaults, read_options


def _build(
    name: str, *, input_shape: tuple[int, ...], num_outputs: int, options: Mapping[str, Any]
) -> nn.Module:
    settings = read_options(name, PretrainedOptions, options)
    channels, *sides = image_shape(name, input_shape)
    _refuse_unknown(name)
    import timm

    architecture = name.removeprefix("timm:")
    config = timm.get_pretrained_cfg(architecture)
    if settings.pretrained:
        _require_weights(name, config)
    size: dict[str, Any] = {}
    if config is not None and config.fixed_input_size:
        size = {"img_size": tuple(sides)}
    try:
        model = timm.create_model(
            architecture,
            pretrained=settings.pretrained,
            in_chans=channels,
            num_classes=num_outputs,
            **size,
        )
    except Exception as error:
        hint = f". {_how_to_place(config)}" if settings.pretrained else ""
        raise ModelError(
            f"timm cannot make model {name!r} for images of shape {input_shape}: "
            f"{type(error).__name__}: {error}{hint}"
        ) from error
    check_model(model, input_shape, num_outputs, name=name)
    return model


def _refuse_unknown(name: str) -> None:
    if importlib.util.find_spec("timm") is None:
        raise ModelError(
            f"model {name!r} needs the package timm; install it with: "
            "pip install 'headway[timm]'"
        )
    import timm

    architecture, _, tag = name.removeprefix("timm:").partition(".")
    known = timm.list_models()
    if architecture not in known:
        raise ModelError(
            f"timm has no model {architecture!r}.{did_you_mean(architecture, known)} "
            "All names: python -c 'import timm; print(timm.list_models())'"
        )
    full = f"{architecture}.{tag}"
    tagged = timm.list_models(f"{architecture}.*", pretrained=True)
    if tag and full not in tagged:
        raise ModelError(
            f"timm has no weights {tag!r} for {architecture!r}."
            f"{did_you_mean(full, tagged)} It has: {', '.join(tagged) or 'none'}"
        )


def _require_weights(name: str, config: Any) -> None:
    """Raise `ModelError` if there are no weights, or no way to them.

    The loader of the Hugging Face hub tries an absent network for three quarters of a
    minute, so one request goes ahead of it.
    """
    if config is None or not config.has_weights:
        raise ModelError(f"timm has no pretrained weights for model {name!r}")
    if not config.hf_hub_id:
        return
    import huggingface_hub

    files = (config.hf_hub_filename or "model.safetensors", "pytorch_model.bin")
    found = [
        huggingface_hub.try_to_load_from_cache(config.hf_hub_id, file) for file in files
    ]
    if any(isinstance(path, str) for path in found):
        return
    try:
        huggingface_hub.file_exists(config.hf_hub_id, files[0])
    except Exception as error:
        raise ModelError(
            f"the pretrained weights of model {name!r} cannot be downloaded from "
            f"{huggingface_hub.constants.ENDPOINT}/{config.hf_hub_id}: "
            f"{type(error).__name__}: {error}. {_how_to_place(config)}"
        ) from error


def _how_to_place(config: Any) -> str:
    if config.hf_hub_id:
        from huggingface_hub.constants import HF_HUB_CACHE

        folder = f"models--{config.hf_hub_id.replace('/', '--')}"
        steps = (
            f"run `hf download {config.hf_hub_id}` elsewhere and copy the folder {folder} "
            f"of its cache to {HF_HUB_CACHE}"
        )
    else:
        file = Path(urlparse(config.url).path).name
        folder = Path(torch.hub.get_dir()) / "checkpoints"
        steps = f"download {config.url} elsewhere and place it at {folder / file}"
    return f"Without a network, {steps}, or train with pretrained = false"


FAMILY = Family(
    card=ModelCard(
        name="timm:resnet18",
        family="timm:NAME",
        description=(
            "A network of PyTorch Image Models (extra: timm), for images with any number "
            "of channels; NAME may carry a tag of weights, as in resnet18.a1_in1k."
        ),
        reference="https://github.com/huggingface/pytorch-image-models",
        options=defaults(PretrainedOptions),
    ),
    pattern=re.compile("timm:.*"),
    build=_build,
)
