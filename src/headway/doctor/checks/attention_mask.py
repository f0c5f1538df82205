"""Attention that leaves out the tokens and sees the padding."""

from collections.abc import Iterator

from headway.doctor.checks.certain import absurd
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.attention_masks import MaskFacts
from headway.doctor.probes.updates import Updates

# A mask that means the opposite hides all tokens and no padding, but for some at the edges.
_HIDDEN, _SEEN = 0.9, 0.1
# So many samples of which nothing is seen are no rare empty sequence.
_BLIND = 0.5
_CONFIDENCE = 0.97
_MEANING = {
    "multi_head_attention_forward": ("True means to leave out", "mask=~mask"),
    "scaled_dot_product_attention": ("True means to see", "attn_mask=~mask"),
    "softmax": (
        "what is filled with minus infinity is left out",
        'scores = scores.masked_fill(~is_token, float("-inf"))',
    ),
}


def check_attention_mask(evidence: Evidence) -> Iterator[Finding]:
    """Find a mask that means the opposite, or one that hides everything.

    No gradient reaches what attention is told not to see: weights of zero pass none.
    """
    updates: Updates | None = evidence.updates
    if updates is None:
        return
    for mask in updates.sequences.masks:
        if told := _told(mask):
            meaning, code = _MEANING[mask.op]
            told = f"{told}: in {mask.op} {meaning}."
            yield _inverted(evidence, told, mask.layer or None, code)
            return
    for layer, tokens, padding in updates.sequences.unreached:
        if tokens >= _HIDDEN and padding <= _SEEN:
            told = (
                f"No gradient reaches {tokens:.0%} of the tokens behind {layer}, and "
                f"{1 - padding:.0%} of the padding has one: a mask means the opposite."
            )
            yield _inverted(evidence, told, layer, "is_token = x != PADDING")
            return


def _inverted(evidence: Evidence, told: str, layer: str | None, code: str) -> Finding:
    return absurd(
        evidence,
        "gradient_wiring",
        _CONFIDENCE,
        told,
        "Invert the mask.",
        layer=layer,
        code=code,
        is_mistake=True,
    )


def _told(mask: MaskFacts) -> str:
    if mask.tokens_hidden >= _HIDDEN and mask.padding_hidden <= _SEEN:
        return (
            f"Attention leaves out {mask.tokens_hidden:.0%} of the tokens and sees "
            f"{1 - mask.padding_hidden:.0%} of the padding"
        )
    if mask.blind >= _BLIND:
        return f"Attention sees no position at all in {mask.blind:.0%} of the samples"
    return ""
