"""Go on with a text as trained networks would."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from headway.data import code_points, encode_characters, read_text_file
from headway.errors import DataError
from headway.jobs.combining import combined
from headway.jobs.network import Network

_NUM_CHARACTERS = 300
_SEED = 0


def continue_file(networks: Sequence[Network], file: Path) -> str:
    """Return how the text of a file may go on, always the same for the same networks.

    Each character is drawn with the probability that the networks give it after those
    before it, as far back as a window of the training. Characters that they do not know are
    read as unknown and never written.

    Args:
        networks: Language models that know the same characters.
        file: Text in UTF-8.

    Raises:
        DataError: If the networks are no language models, or the file is no text.
    """
    first = networks[0]
    if first.info.task != "language-model":
        raise DataError(
            f"{file}: predict is for classes, values and texts, and the network was trained "
            f"on {first.info.name}, to answer at each step of made sequences; "
            "use headway evaluate"
        )
    tokens = encode_characters(code_points(read_text_file(file)), first.info.classes)[None]
    generator = torch.Generator().manual_seed(_SEED)
    written: list[str] = []
    for _ in range(_NUM_CHARACTERS):
        tokens = tokens[:, -first.info.input_shape[0] :]
        drawn = torch.multinomial(_next(networks, tokens), 1, generator=generator)
        written.append(first.info.classes[int(drawn)])
        tokens = torch.cat([tokens, drawn[None]], dim=1)
    return "".join(written)


def _next(networks: Sequence[Network], tokens: Tensor) -> Tensor:
    """Return the probability of each known character after the last of `tokens`."""
    first = networks[0]
    outputs = combined(first, [network.outputs(tokens) for network in networks])
    shares = first.task.predict(outputs)[0, -1].cpu()
    shares[0] = 0.0  # the unknown character
    return shares
