"""Other training libraries on the same job, with all switched off that can be."""

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.optim import SGD

from workload import SGD_SETTINGS, Job


class _Loader:
    """The batches of a job for libraries that want an object with a length."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self._job.batches()

    def __len__(self) -> int:
        return self._job.num_batches


def lightning(job: Job) -> None:
    """PyTorch Lightning in its own mode for measuring raw speed."""
    import lightning.pytorch as pl

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = job.model
            self.loss = nn.CrossEntropyLoss()

        def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
            return self.loss(self.model(batch[0]), batch[1])

        def configure_optimizers(self) -> SGD:
            return SGD(self.parameters(), **SGD_SETTINGS)

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    trainer = pl.Trainer(max_epochs=1, accelerator="cpu", devices=1, barebones=True)
    trainer.fit(Module(), _Loader(job))


def fabric(job: Job) -> None:
    """Lightning Fabric in a loop of one's own."""
    from lightning.fabric import Fabric

    runner = Fabric(accelerator="cpu", devices=1)
    optimizer = SGD(job.model.parameters(), **SGD_SETTINGS)
    _own_loop(job, *runner.setup(job.model, optimizer), runner.backward)


def accelerate(job: Job) -> None:
    """Hugging Face Accelerate in a loop of one's own."""
    from accelerate import Accelerator

    runner = Accelerator(cpu=True)
    optimizer = SGD(job.model.parameters(), **SGD_SETTINGS)
    _own_loop(job, *runner.prepare(job.model, optimizer), runner.backward)


def _own_loop(
    job: Job, model: nn.Module, optimizer: Any, backward: Callable[[Tensor], None]
) -> None:
    criterion = nn.CrossEntropyLoss()
    for inputs, targets in job.batches():
        backward(criterion(model(inputs), targets))
        optimizer.step()
        optimizer.zero_grad()


def ignite(job: Job) -> None:
    """PyTorch Ignite's supervised trainer without handlers."""
    from ignite.engine import create_supervised_trainer

    trainer = create_supervised_trainer(
        job.model,
        SGD(job.model.parameters(), **SGD_SETTINGS),
        nn.CrossEntropyLoss(),
        output_transform=lambda x, y, y_pred, loss: loss.detach(),
    )
    trainer.run(job.batches(), max_epochs=1, epoch_length=job.num_batches)


def skorch(job: Job) -> None:
    """One epoch of skorch without callbacks."""
    from skorch import NeuralNet

    class Net(NeuralNet):
        def get_iterator(self, dataset: Any, training: bool = False) -> Any:
            return _Loader(job)

    net = Net(
        job.model,
        criterion=nn.CrossEntropyLoss,
        optimizer=SGD,
        train_split=None,
        callbacks="disable",
        verbose=0,
        **{f"optimizer__{name}": value for name, value in SGD_SETTINGS.items()},
    )
    net.initialize()
    net.fit_loop([0], epochs=1)  # its data is not looked at


def fastai(job: Job) -> None:
    """One epoch of fastai without log, progress bar and validation."""
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.optimizer import OptimWrapper

    settings = dict(SGD_SETTINGS)
    learner = Learner(
        DataLoaders(_Loader(job), []),
        job.model,
        loss_func=nn.CrossEntropyLoss(),
        lr=settings.pop("lr"),
        opt_func=partial(OptimWrapper, opt=SGD, **settings),
    )
    with learner.no_logging():
        learner.fit(1)


def keras(job: Job) -> None:
    """Keras on torch with the same module, but its own optimizer and loss."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    model = keras.Sequential([keras.layers.TorchModuleWrapper(job.model)])
    model.compile(
        optimizer=keras.optimizers.SGD(
            SGD_SETTINGS["lr"],
            momentum=SGD_SETTINGS["momentum"],
            weight_decay=SGD_SETTINGS["weight_decay"],
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    model.fit(job.batches(), steps_per_epoch=job.num_batches, epochs=1, verbose=0)


RIVALS: dict[str, Callable[[Job], None]] = {
    "Ignite": ignite,
    "Fabric": fabric,
    "skorch": skorch,
    "Accelerate": accelerate,
    "Lightning": lightning,
    "fastai": fastai,
    "Keras": keras,
}


def run(name: str, job: Job) -> None:
    """Train `job` with a rival, whose warnings are not ours to show."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        RIVALS[name](job)
