"""A model that is trained in evaluation mode, or still random when it is evaluated."""

from collections.abc import Iterator
from dataclasses import replace

from headway.doctor.checks.certain import certain
from headway.doctor.checks.naming import listed
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding
from headway.doctor.probes.updates import Updates
from headway.doctor.progress import progress

# Half of the loss is learned in one mode and missing in the other.
_LEARNED = 0.5
# Fewer updates at the end than this share may be meant, such as a last fine-tuning.
_LONG = 0.4
# The mean of several evaluations is right clearly more often: by so many standard errors, by
# so much, and by this share of what one evaluation gets wrong.
_ERRORS = 3.0
_CLEARLY = 0.02
_RECOVERED = 0.15


def check_train_eval_mode(evidence: Evidence) -> Iterator[Finding]:
    """Compare the training flags during updates with what they change."""
    yield from _other_answers(evidence)
    yield from _noisy_answers(evidence)
    updates: Updates | None = evidence.updates
    if updates is None:
        return
    yield from _trained_in_evaluation(updates)
    yield from _left_in_evaluation(evidence, updates)
    yield from _random_in_evaluation(updates, progress(evidence).is_fine)


def _trained_in_evaluation(updates: Updates) -> Iterator[Finding]:
    # The root module is called "" among the layers.
    is_eval = ["" in u.eval_layers and "" not in u.train_layers for u in updates.updates]
    if not is_eval or not is_eval[-1] or updates.modes is None:
        return
    last = updates.updates[-1]
    still = [name for name in updates.modes.sensitive if name in last.eval_layers]
    when = "from the first update on" if is_eval[0] else "after the first update"
    if still or (updates.modes.matters and not updates.learned):
        what = f"{listed(still)} work" if still else "it works"
        yield certain(
            "train_eval_mode",
            f"the model is in evaluation mode {when}: {what} as in evaluation; in training "
            f"mode outputs differ by {updates.modes.train_gap:.2g} of their spread.",
            "Call model.train() before the updates, and again after each evaluation.",
            layer=still[0] if still else None,
            code="model.train()",
        )
    else:
        yield Finding(
            cause="train_eval_mode",
            severity="info",
            confidence=0.2,
            evidence=f"the model is in evaluation mode {when}; no trained layer minds.",
            remedy="Call model.train() before the updates.",
            code="model.train()",
            check="train_eval_mode",
        )


def _left_in_evaluation(evidence: Evidence, updates: Updates) -> Iterator[Finding]:
    """Find a model that an evaluation in between puts in evaluation mode for good."""
    course, modes = evidence.course, updates.modes
    if course is None or course.eval_from is None or modes is None:
        return
    first, last = course.eval_from, course.steps
    # Updates that were watched one by one are told of already.
    if first <= len(updates.updates) or last - first < _LONG * last or not modes.sensitive:
        return
    yield certain(
        "train_eval_mode",
        f"from update {first} to the last, {last}, the model is in evaluation mode, and before "
        f"that in training mode: {listed(list(modes.sensitive))} work as in evaluation.",
        "Call model.train() again after each evaluation, at the beginning of each epoch.",
        layer=modes.sensitive[0],
        code="model.train()",
    )


def _other_answers(evidence: Evidence) -> Iterator[Finding]:
    """A trained network whose answers in evaluation mode are not those that it learned.

    Dropout and noise are off then, so that its loss can only be lower; the statistics of
    batch norm have a check of their own.
    """
    late = evidence.late_modes
    if late is None or late.has_statistics or not progress(evidence).is_poor:
        return
    if not 0 <= late.train_loss < _LEARNED * late.eval_loss:
        return
    yield certain(
        "train_eval_mode",
        f"After training, the loss of the same training samples is {late.train_loss:.3g} in "
        f"training mode and {late.eval_loss:.3g} in evaluation mode, and no layer has "
        "statistics: it is another network that answers then.",
        "Evaluate the weights that were trained; an average of them needs a decay that fits "
        "the number of updates.",
        code="decay = min(0.999, (1 + n_updates) / (10 + n_updates))",
    )


def _noisy_answers(evidence: Evidence) -> Iterator[Finding]:
    """A trained network that is random in evaluation mode, and pays for it."""
    noise = evidence.eval_noise
    if noise is None:
        return
    gain = noise.together - noise.single
    least = max(_ERRORS * noise.error, _CLEARLY, _RECOVERED * (1 - noise.single))
    if not gain > least:
        return
    yield Finding(
        cause="train_eval_mode",
        severity="warning",
        confidence=0.8,
        evidence=(
            f"Something stays random in evaluation mode: an evaluation of {noise.samples} "
            f"samples reaches {noise.single:.3g}, another one answers otherwise, and the mean "
            f"of {noise.evaluations} of them reaches {noise.together:.3g}."
        ),
        remedy="Draw random numbers only where self.training is set.",
        code="if self.training:\n    x = x * mask",
        check="train_eval_mode",
        # It was measured on the trained network itself.
        is_certain=True,
    )


def _random_in_evaluation(updates: Updates, is_fine: bool) -> Iterator[Finding]:
    """Dropout that is on in evaluation; where all is well it may be meant (Gal, 2016)."""
    modes = updates.modes
    drops = [call for call in updates.eval_dropouts if call.is_on and call.p > 0]
    if modes is None or not drops or not modes.is_random_in_eval:
        return
    found = certain(
        "train_eval_mode",
        f"dropout stays on in evaluation mode ({drops[0].line or drops[0].layer}): two "
        f"outputs for the same batch differ by {modes.eval_noise:.2g} of their spread.",
        "Pass training=self.training to functional dropout, or use nn.Dropout.",
        layer=drops[0].layer or None,
        code=f"F.dropout(x, p={drops[0].p:g}, training=self.training)",
    )
    yield replace(found, severity="warning", is_certain=False) if is_fine else found
