"""Train a network of your own under the name FILE.py:FUNCTION.

headway calls the function with those of `input_shape`, `num_outputs` and the options of the
model that it has parameters for; the recipe brings data, preprocessing, optimizer and all
the rest. Run it with: python examples/own_model.py

The same from the command line:

    headway train digits --model examples/own_model.py:build_model
        --set model.options.hidden_size=64 optimizer.name=adamw optimizer.lr=0.01
"""

import math

from torch import Tensor, nn

import headway


class RowReader(nn.Module):
    """Reads an image row by row with a recurrent layer.

    Args:
        channels: Channels of the images.
        width: Width of the images.
        num_outputs: Width of the output.
        hidden_size: Width of the recurrent state.
    """

    def __init__(
        self, channels: int, width: int, *, num_outputs: int, hidden_size: int
    ) -> None:
        super().__init__()
        self.rows = nn.GRU(channels * width, hidden_size, batch_first=True)
        self.classifier = nn.Linear(hidden_size, num_outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Return one row of logits per image (shape: batch, num_outputs)."""
        rows = images.transpose(1, 2).flatten(start_dim=2)
        states, _ = self.rows(rows)
        return self.classifier(states[:, -1])


def build_model(
    input_shape: tuple[int, int, int], num_outputs: int, hidden_size: int = 128
) -> nn.Module:
    """Return the network with fresh weights."""
    channels, _, width = input_shape
    return RowReader(channels, width, num_outputs=num_outputs, hidden_size=hidden_size)


def main() -> None:
    """Train on handwritten digits and measure on the part that was held out."""
    result = headway.train(
        "digits",
        model=f"{__file__}:build_model",
        overrides=[
            "model.options.hidden_size=64",
            "optimizer.name=adamw",
            "optimizer.lr=0.01",
            "training.epochs=8",
        ],
    )
    test = headway.evaluate(result.folder)
    chance = math.log(len(test.classes))
    print(f"test accuracy {test.values['accuracy']:.3f} on {test.num_samples} digits")
    print(f"test loss {test.values['loss']:.3f} nats; guessing costs {chance:.3f}")
    print(f"everything about this run lies in {result.folder}")


if __name__ == "__main__":
    main()
