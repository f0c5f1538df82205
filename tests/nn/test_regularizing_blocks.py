"""What holds for all normalizing and regularizing blocks."""

import jaxtyping
import pytest
import torch

from headway.nn import (
    BatchNorm,
    DropConnect,
    FractionalMaxPool,
    FrozenBatchNorm,
    VanillaDropout,
    Whitening,
)

BLOCKS = {
    "batch norm": (lambda: BatchNorm(4), (6, 4, 5, 5)),
    "batch norm of the other form": (
        lambda: BatchNorm(4, eps=0.0, unbiased=True, momentum=None),
        (6, 4),
    ),
    "frozen batch norm": (lambda: FrozenBatchNorm(4), (6, 4, 5, 5)),
    "whitening": (lambda: Whitening(4), (6, 4)),
    "vanilla dropout": (lambda: VanillaDropout(0.3), (6, 4)),
    "dropconnect": (lambda: DropConnect(4, 3), (6, 4)),
    "dropconnect with one mask": (lambda: DropConnect(4, 3, mask_per_sample=False), (6, 4)),
    "fractional pooling": (FractionalMaxPool, (2, 4, 8, 8)),
    "random fractional pooling": (
        lambda: FractionalMaxPool(order="random", overlapping=False),
        (2, 4, 8, 8),
    ),
}


@pytest.mark.parametrize(("make", "shape"), BLOCKS.values(), ids=BLOCKS.keys())
def test_autocast_to_bfloat16_gives_finite_outputs_and_gradients(make, shape):
    torch.manual_seed(0)
    block, x = make(), torch.randn(shape).bfloat16().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = block(x)
    y.float().sum().backward()
    assert y.dtype == torch.bfloat16
    assert y.isfinite().all()
    assert x.grad.isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize(("make", "shape"), BLOCKS.values(), ids=BLOCKS.keys())
def test_compiled_whole_it_gives_the_same_outputs_and_gradients(
    make, shape, mode, monkeypatch
):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    torch._dynamo.reset()
    torch.manual_seed(0)
    block = make().train(mode)
    compiled = make().train(mode)
    compiled.load_state_dict(block.state_dict())
    compiled.compile(fullgraph=True, backend="aot_eager")
    results = []
    for module in (block, compiled):
        torch.manual_seed(1)
        x = torch.randn(shape, requires_grad=True)
        y = module(x)
        (y * torch.randn_like(y)).sum().backward()
        results.append((y, x.grad, dict(module.state_dict())))
    torch.testing.assert_close(*results)
