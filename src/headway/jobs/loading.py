"""Raw samples in batches, for networks that each bring their own preprocessing."""

import torch

from headway.data import ArrayEvaluation, ArraySplit, EvaluationData, FileEvaluation, Split

BATCH = 512


def raw_batches(split: Split, device: torch.device) -> EvaluationData:
    """Return every sample of `split` once, on `device`, as it came from its source."""
    if isinstance(split, ArraySplit):
        return ArrayEvaluation(split, batch_size=BATCH, device=device)
    return FileEvaluation(split, batch_size=BATCH, device=device)
