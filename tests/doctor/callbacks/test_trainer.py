"""A run of the Trainer that is watched is the same run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from headway.data import ArrayEvaluation, ArrayLoader, ArraySplit
from headway.doctor.callbacks import TrainerWatch
from headway.doctor.callbacks.layer_rows import layer_rows
from headway.doctor.watch import LayerSample, Sample, WeightSample
from headway.engine import Callback, Event, Machine, Options, Setup, Trainer, Training
from headway.optim import Constant
from headway.runs import LayerFile, read_layers
from headway.tasks import Classification


class ToFloat(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.float() / 255


def make_setup(*, lr: float = 0.05, epochs: int = 4, **training: Any) -> Setup:
    torch.manual_seed(0)
    model = nn.Sequential(
        ToFloat(),
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(144, 3),
    )
    generator = torch.Generator().manual_seed(0)
    targets = torch.randint(3, (64,), generator=generator)
    images = torch.randint(50, (64, 1, 8, 8), generator=generator)
    for image, target in zip(images, targets.tolist(), strict=True):
        image[:, 2 * target : 2 * target + 2] += 200
    split = ArraySplit(images.to(torch.uint8), targets)
    device = torch.device("cpu")
    train = ArrayLoader(split, batch_size=8, seed=0, device=device)
    return Setup(
        model=model,
        task=Classification(3),
        train_data=train,
        val_data=ArrayEvaluation(split, batch_size=32, device=device),
        optimizer=torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9),
        schedule=Constant(),
        total_steps=epochs * train.num_batches,
        options=Options(
            training=Training(epochs=epochs, batch_size=8, report_every=4, **training),
            machine=Machine(device="cpu", threads=1, onednn_linear=False),
        ),
    )


@pytest.mark.parametrize(
    "training",
    [{}, {"accumulate": 2}, {"clip_norm": 1.0}, {"sam_rho": 0.05}, {"ema_decay": 0.9}],
    ids=["plain", "accumulating", "clipping", "sharpness-aware", "averaging"],
)
def test_training_is_the_same_to_the_last_bit(training: dict[str, Any]) -> None:
    plain, seen = make_setup(**training), make_setup(**training)
    callback = TrainerWatch(seen, every=2)
    outcome = Trainer(plain).run()
    assert Trainer(seen, callbacks=[callback]).run().values == outcome.values
    for a, b in zip(
        plain.model.state_dict().values(), seen.model.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b)
    view = callback.watch.view
    assert (view.step, view.losses.count, view.num_samples) == (32, 32, 16)
    assert [layer.name for layer in view.last.layers] == ["0", "1", "2", "3", "4", "5", "6"]
    assert [weight.name for weight in view.last.weights] == ["1.weight", "6.weight"]
    assert len(view.evaluations) == 4


def test_the_losses_are_those_of_the_reports() -> None:
    setup = make_setup()
    callback = TrainerWatch(setup)
    reported: list[float] = []

    class Reports(Callback):
        def on_report(self, report: Any) -> None:
            reported.append(report.loss)

    Trainer(setup, callbacks=[callback, Reports()]).run()
    assert callback.watch.view.losses.count == 32
    blocks = torch.tensor(callback.watch.view.losses.blocks).view(-1, 4).mean(dim=1)
    assert blocks.tolist() == pytest.approx(reported, rel=1e-5)


def test_alarms_are_events() -> None:
    events: list[Event] = []
    setup = make_setup(lr=1e-9, epochs=16)
    Trainer(setup, callbacks=[TrainerWatch(setup, every=4, on_event=events.append)]).run()
    (event,) = events
    assert (event.kind, event.fields["alarm"]) == ("alarm", "plateau")
    assert event.fields["cause"] == "lr_low"
    assert not event.fields["is_over"]


def test_a_rollback_begins_the_course_anew() -> None:
    callback = TrainerWatch(make_setup())
    callback.on_start(step=0, total_steps=10)
    for _ in range(5):
        callback.on_step(torch.tensor(torch.nan))
    callback.on_event(Event(kind="rollback", step=2))
    callback.on_step(torch.tensor(1.0))
    callback.on_end()
    assert (callback.watch.view.step, callback.watch.view.losses.count) == (3, 1)


def test_steps_are_counted_on_after_a_resume() -> None:
    callback = TrainerWatch(make_setup())
    callback.on_start(step=100, total_steps=200)
    callback.on_step(torch.tensor(1.0))
    assert callback.watch.view.step == 101


def layer_file(setup: Setup, folder: Path, **settings: Any) -> TrainerWatch:
    return TrainerWatch(setup, layers=LayerFile(folder), **settings)


def test_the_numbers_of_the_layers_are_kept_in_the_order_of_depth(tmp_path: Path) -> None:
    setup = make_setup()
    Trainer(setup, callbacks=[layer_file(setup, tmp_path, every=4)]).run()
    course = read_layers(tmp_path)
    assert course is not None
    assert list(course.kinds.items()) == [
        ("0", "other"),
        ("1", "convolution"),
        ("2", "norm"),
        ("3", "activation"),
        ("4", "other"),
        ("5", "other"),
        ("6", "linear"),
    ]
    assert course.steps == (4, 8, 12, 16, 20, 24, 28, 32)
    known = {
        key: np.isfinite(a).any(axis=1).nonzero()[0] for key, a in course.numbers.items()
    }
    assert known["activation_std"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert known["dead_fraction"].tolist() == [3]
    assert known["saturated_fraction"].tolist() == []
    assert known["grad_norm"].tolist() == known["update_ratio"].tolist() == [1, 6]
    assert np.isfinite(course.numbers["update_ratio"][[1, 6]]).all()


def test_a_resumed_training_writes_over_the_steps_that_it_does_again(
    tmp_path: Path,
) -> None:
    setup = make_setup()
    Trainer(setup, callbacks=[layer_file(setup, tmp_path, every=4)]).run()
    callback = layer_file(make_setup(), tmp_path)
    callback.on_start(step=17, total_steps=32)
    course = read_layers(tmp_path)
    assert course is not None
    assert course.steps == (4, 8, 12, 16)
    callback.on_event(Event(kind="rollback", step=9))
    course = read_layers(tmp_path)
    assert course is not None
    assert course.steps == (4, 8)
    callback.on_end()


def test_a_full_disk_ends_the_record_of_the_layers_and_nothing_else(tmp_path: Path) -> None:
    setup = make_setup()
    callback = layer_file(setup, tmp_path / "absent", every=4)
    with pytest.warns(UserWarning, match="the layers are no longer recorded") as warned:
        Trainer(setup, callbacks=[callback]).run()
    assert len(warned) == 1
    assert callback.watch.view.num_samples == 8


def test_weights_of_one_layer_are_one_row_and_unseen_layers_keep_their_place() -> None:
    sample = Sample(
        step=1,
        layers=(
            LayerSample(name="stem", kind="linear", function="", std=1.0),
            LayerSample(name="head", kind="linear", function="", std=2.0),
        ),
        weights=(
            weight("stem", norm=3.0, grad_norm=6.0, update_ratio=0.1),
            weight("stem", norm=4.0, grad_norm=8.0, update_ratio=0.1),
            weight("hidden", norm=1.0, grad_norm=1.0),
            weight("head", norm=1.0, grad_norm=1.0),
        ),
    )
    stem, hidden, head = layer_rows(sample)
    assert [stem.name, hidden.name, head.name] == ["stem", "hidden", "head"]
    assert stem.numbers["grad_norm"] == pytest.approx(10.0)
    assert stem.numbers["update_ratio"] == pytest.approx(0.1)
    assert dict(hidden.numbers) == {"grad_norm": 1.0}
    assert dict(head.numbers) == {"activation_std": 2.0, "grad_norm": 1.0}


def weight(layer: str, **numbers: float) -> WeightSample:
    return WeightSample(name=f"{layer}.weight", layer=layer, kind="linear", **numbers)
