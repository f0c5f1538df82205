"""What every network of every family does: forward, backward, ONNX, several processes."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

HERE = Path(__file__).parent
WORKER = HERE / "zoo_worker.py"

# The worker shares the members, and tests cannot import their neighbours by name.
_spec = importlib.util.spec_from_file_location("zoo", HERE / "zoo.py")
_zoo = sys.modules["zoo"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_zoo)
MEMBERS, NUM_OUTPUTS = _zoo.MEMBERS, _zoo.NUM_OUTPUTS


def _each(*, is_slow):
    return [
        pytest.param(m, id=m.label, marks=[pytest.mark.slow] if is_slow(m) else [])
        for m in MEMBERS
    ]


@pytest.mark.parametrize("member", _each(is_slow=lambda member: member.is_large))
def test_every_weight_of_every_model_gets_a_finite_gradient(member):
    model = member.build().train()
    member.loss(model(member.inputs(4))).backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    assert [name for name, gradient in gradients.items() if gradient is None] == []
    wrong = [name for name, g in gradients.items() if not g.isfinite().all()]
    assert wrong == []


@pytest.mark.parametrize("member", _each(is_slow=lambda member: member.is_large))
def test_every_model_answers_alike_for_a_sample_alone_and_in_a_batch(member):
    model, inputs = member.build().eval(), member.inputs(3)
    with torch.no_grad():
        outputs, alone = model(inputs), model(inputs[1:2])
    assert isinstance(outputs, Tensor)
    assert outputs.shape[0] == 3
    assert outputs.shape[-1] == NUM_OUTPUTS
    torch.testing.assert_close(outputs[1:2], alone, atol=1e-4, rtol=1e-4)


def _found_by_worker(what, *, processes=1):
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [sys.executable, *(torchrun if processes > 1 else []), str(WORKER), what],
        capture_output=True,
        text=True,
        timeout=550,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.slow
def test_every_model_exports_to_onnx_with_equal_outputs():
    """For a batch of another size than that of the example, within 1e-5 of the scale."""
    assert _found_by_worker("onnx") == {member.label: "equal" for member in MEMBERS}


@pytest.mark.slow
def test_every_model_trains_a_step_under_ddp():
    """Two processes with other data each end with the same, changed weights."""
    found = _found_by_worker("ddp", processes=2)
    assert found == {member.label: "trained alike" for member in MEMBERS}
