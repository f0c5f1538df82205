"""Bring your own model, DataLoader and optimizer; the engine trains them.

A `Setup` holds all that is being trained and the `Trainer` advances it. There is no recipe,
and without a record nothing is written. Run it with: python examples/own_loop.py
"""

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from headway import Callback, Setup, Trainer
from headway.data import LoaderData, LoaderEvaluation
from headway.engine import EvaluationReport, Options, Training
from headway.optim import Cosine
from headway.tasks import Classification

EPOCHS = 15


class PrintAccuracy(Callback):
    """Prints each evaluation; `Callback` lists what else there is to hear of."""

    def on_evaluation(self, report: EvaluationReport) -> None:
        """Print the accuracy after an epoch."""
        accuracy = report.values["val/accuracy"]
        star = "  best so far" if report.is_best else ""
        print(f"epoch {report.epoch:4.1f}  accuracy {accuracy:.3f}{star}")


def load_pairs() -> tuple[TensorDataset, TensorDataset]:
    """Return handwritten digits as features in 0..1, every fifth one to validate."""
    features, classes = load_digits(return_X_y=True)
    x: Tensor = torch.from_numpy(features).float() / 16
    y: Tensor = torch.from_numpy(classes).long()
    is_val = torch.arange(len(y)) % 5 == 0
    return TensorDataset(x[~is_val], y[~is_val]), TensorDataset(x[is_val], y[is_val])


def make_setup() -> Setup:
    """Put together what is being trained."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10)
    ).to(device)
    train, val = load_pairs()
    loader = DataLoader(train, batch_size=64, shuffle=True, drop_last=True)
    train_data = LoaderData(loader, seed=0, device=device)
    total_steps = EPOCHS * train_data.num_batches
    return Setup(
        model=model,
        task=Classification(10),
        train_data=train_data,
        val_data=LoaderEvaluation(DataLoader(val, batch_size=256), device=device),
        optimizer=torch.optim.AdamW(model.parameters(), lr=3e-3, fused=True),
        schedule=Cosine(total_steps),
        total_steps=total_steps,
        options=Options(training=Training(clip_norm=1.0)),
    )


def main() -> None:
    """Train, and print how it ended."""
    outcome = Trainer(make_setup(), callbacks=[PrintAccuracy()]).run()
    best = outcome.best_values["val/accuracy"]
    print(f"{outcome.step} steps in {outcome.seconds:.1f} s, best accuracy {best:.3f}")


if __name__ == "__main__":
    main()
