"""The watch inside the training loops of other libraries: the real ones, no stand-ins."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from headway.doctor.callbacks import (
    huggingface_callback,
    keras_callback,
    lightning_callback,
)
from headway.doctor.watch import Alarm, Watch, watch

pytestmark = [
    pytest.mark.compat,
    # What other libraries warn of is their business.
    pytest.mark.filterwarnings("ignore"),
]

NUM_SAMPLES, BATCH_SIZE, EPOCHS = 160, 16, 3
NUM_STEPS = EPOCHS * NUM_SAMPLES // BATCH_SIZE


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 2))


def samples() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(NUM_SAMPLES, 6, generator=generator)
    return x, (x[:, 0] > 0).long()


def check(watched: Watch, *, layers: list[str], weights: int = 2) -> None:
    assert (watched.view.step, watched.view.losses.count) == (NUM_STEPS, NUM_STEPS)
    assert watched.view.losses.now < watched.view.losses.start
    assert watched.view.num_samples > 5
    assert [layer.name for layer in watched.view.last.layers] == layers
    assert len(watched.view.last.weights) == weights
    assert watched.view.last.update_ratio > 0
    assert "no longer sampled" not in watched.report()
    assert watched.findings == ()


def train_lightning(folder: Path, callbacks: list[Any], lr: float = 0.02) -> nn.Module:
    lightning: Any = pytest.importorskip("lightning")

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = network()

        def training_step(self, batch: Any, _: int) -> Tensor:
            x, y = batch
            return F.cross_entropy(self.network(x), y)

        def validation_step(self, batch: Any, _: int) -> None:
            x, y = batch
            self.log("val_loss", F.cross_entropy(self.network(x), y))

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=lr)

    loader = DataLoader(TensorDataset(*samples()), BATCH_SIZE)
    module = Module()
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    trainer.fit(module, loader, loader)
    return module


def test_lightning_is_watched_and_trains_the_same(tmp_path: Path) -> None:
    plain = train_lightning(tmp_path, [])
    callback = lightning_callback(every=2)
    seen = train_lightning(tmp_path, [callback])
    names = ["network.0", "network.1", "network.2", "network.3"]
    check(callback.watch, layers=names)
    assert len(callback.watch.view.evaluations) == EPOCHS
    same(plain, seen)


def same(plain: nn.Module, seen: nn.Module) -> None:
    for a, b in zip(plain.parameters(), seen.parameters(), strict=True):
        assert torch.equal(a, b)


def test_lightning_tells_alarms(tmp_path: Path) -> None:
    said: list[Alarm] = []
    train_lightning(tmp_path, [lightning_callback(every=2, on_alarm=said.append)], lr=1e30)
    assert "lost" in [alarm.kind for alarm in said]


def train_huggingface(folder: Path, callbacks: list[Any]) -> nn.Module:
    transformers: Any = pytest.importorskip("transformers")
    x, y = samples()

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network()

        def forward(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
            logits = self.network(x)
            return {"loss": F.cross_entropy(logits, labels), "logits": logits}

    rows = [{"x": a, "labels": b} for a, b in zip(x, y, strict=True)]
    model = Classifier()
    trainer = transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(
            output_dir=str(folder),
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=BATCH_SIZE,
            learning_rate=0.02,
            lr_scheduler_type="constant",
            eval_strategy="epoch",
            report_to=[],
            save_strategy="no",
            use_cpu=True,
            disable_tqdm=True,
        ),
        train_dataset=rows,
        eval_dataset=rows,
        callbacks=callbacks,
    )
    trainer.train()
    return model


def test_hugging_face_is_watched_and_trains_the_same(tmp_path: Path) -> None:
    plain = train_huggingface(tmp_path / "a", [])
    callback = huggingface_callback(every=2)
    seen = train_huggingface(tmp_path / "b", [callback])
    names = ["network.0", "network.1", "network.2", "network.3"]
    check(callback.watch, layers=names)
    assert len(callback.watch.view.evaluations) == EPOCHS
    assert not seen._forward_hooks
    same(plain, seen)


def test_a_loop_of_accelerate_is_watched() -> None:
    accelerate: Any = pytest.importorskip("accelerate")
    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=2)
    made = network()
    loader = DataLoader(TensorDataset(*samples()), BATCH_SIZE)
    model, optimizer, loader = accelerator.prepare(
        made, torch.optim.Adam(made.parameters(), lr=0.02), loader
    )
    with watch(model, optimizer, every=2) as watched:
        for _ in range(EPOCHS):
            for x, y in loader:
                with accelerator.accumulate(model):
                    loss = F.cross_entropy(model(x), y)
                    accelerator.backward(loss)
                    optimizer.step()
                    optimizer.zero_grad()
                watched.step(loss)
    check(watched, layers=["0", "1", "2", "3"])


def train_keras(make: Callable[[Any], Any], callbacks: list[Any]) -> Any:
    os.environ["KERAS_BACKEND"] = "torch"
    keras: Any = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    model = make(keras)
    model.compile(
        optimizer=keras.optimizers.Adam(0.02),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    x, y = (tensor.numpy() for tensor in samples())
    model.fit(
        x,
        y,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(x, y),
        callbacks=callbacks,
        verbose=0,
    )
    return model


def sequential(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [layers.Dense(16, activation="relu", name="hidden"), layers.Dense(2, name="head")]
    )


def test_keras_is_watched_and_trains_the_same() -> None:
    plain = train_keras(sequential, [])
    callback = keras_callback(every=2)
    seen = train_keras(sequential, [callback])
    check(callback.watch, layers=["hidden.relu", "hidden", "head"])
    assert len(callback.watch.view.evaluations) == EPOCHS
    for a, b in zip(plain.variables, seen.variables, strict=True):
        assert torch.equal(a.value, b.value)


def test_keras_on_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    os.environ["KERAS_BACKEND"] = "torch"
    keras: Any = pytest.importorskip("keras")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ImportError, match="its backend is jax"):
        keras_callback()
