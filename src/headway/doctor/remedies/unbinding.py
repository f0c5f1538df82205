"""A remedy for embeddings whose vectors are held at a largest norm."""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from headway.doctor.finding import Cause
from headway.doctor.program import Program
from headway.errors import RemedyDoesNotFit


@dataclass(frozen=True)
class FreeNorms:
    """Let the vectors of embeddings have any norm."""

    cause: ClassVar[Cause] = "regularization"

    def apply(self, program: Program) -> Program:
        """Return the program without bounds on the norms of embedded vectors."""
        bound = [m for m in embeddings_of(program.model) if m.max_norm is not None]
        if not bound:
            raise RemedyDoesNotFit("no embedding has a largest norm")
        for module in bound:
            module.max_norm = None
        return program

    def describe(self) -> str:
        """Return what changes."""
        return "Let embedded vectors have any norm, without max_norm."

    def snippet(self) -> str:
        """Return the change in plain PyTorch."""
        return "nn.Embedding(num_embeddings, embedding_dim)  # without max_norm"


def embeddings_of(model: nn.Module) -> list[nn.Embedding | nn.EmbeddingBag]:
    """Return the embeddings of a model."""
    return [m for m in model.modules() if isinstance(m, (nn.Embedding, nn.EmbeddingBag))]
