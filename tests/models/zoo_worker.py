"""Exports every model, or trains it for a step as one of several processes.

It prints how that went. Tests start it as a program, without their checks of types: tracing
hands symbolic sizes to functions that take whole numbers.
"""

import json
import os
import sys
import warnings
from tempfile import NamedTemporaryFile

import numpy as np
import onnxruntime
import torch
import torch.distributed as dist
from zoo import MEMBERS, Member

from headway.engine import Distributed, Machine, join, leave
from headway.engine.distributed import wrap

TOLERANCE = 1e-5


def export(member: Member) -> str:
    """Return whether ONNX computes what `member` does."""
    model = member.build().eval().requires_grad_(False)
    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(model, (member.inputs(2),), dynamic_shapes=(batch,))
    inputs = member.inputs(3, seed=1)
    with NamedTemporaryFile(suffix=".onnx") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = {"input_names": ["inputs"], "output_names": ["outputs"]}
        torch.onnx.export(program, **names, verbose=False).save(file.name)
        [found] = onnxruntime.InferenceSession(file.name).run(
            None, {"inputs": inputs.numpy()}
        )
    expected = model(inputs).numpy()
    difference = np.abs(found - expected).max() / max(1.0, np.abs(expected).max())
    return "equal" if difference <= TOLERANCE else f"apart by {difference:g}"


def train(member: Member, device: torch.device, rank: int) -> str:
    """Return what became of one step of `member` on data of this process."""
    model = member.build().train()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    wrapped = wrap(model, Distributed(), device)
    optimizer = torch.optim.SGD(wrapped.parameters(), lr=0.01)
    loss = member.loss(wrapped(member.inputs(4, seed=rank)))
    loss.backward()
    optimizer.step()
    sums = torch.stack([p.detach().double().sum() for p in model.parameters()])
    both = [torch.empty_like(sums) for _ in range(dist.get_world_size())]
    dist.all_gather(both, sums)
    pairs = zip(before, model.parameters(), strict=True)
    if not any(bool((old != new).any()) for old, new in pairs):
        return "unchanged"
    return (
        "trained alike" if torch.equal(*both) and bool(sums.isfinite().all()) else "apart"
    )


def main() -> None:
    """Do what the argument says to all models and print the answers."""
    device, shard = join(Machine(device="cpu", threads=1))
    if sys.argv[1] == "onnx":
        found = {member.label: export(member) for member in MEMBERS}
    else:
        found = {member.label: train(member, device, shard.rank) for member in MEMBERS}
    if shard.rank == 0:
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()
    leave()
    # Torch's background threads now and then abort an interpreter that tears itself down.
    os._exit(0)


if __name__ == "__main__":
    main()
