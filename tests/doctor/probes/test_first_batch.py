"""What is seen of one update before training."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from headway.doctor.evidence import Budget, Evidence
from headway.doctor.examples import Examples
from headway.doctor.inference import infer_task
from headway.doctor.probes.first_batch import FirstBatch, output_facts, probe_first_batch
from headway.doctor.program import Program, call_model, seed_all
from headway.measure.probe import evaluating

X = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
IDS = torch.randint(0, 3, (40,), generator=torch.Generator().manual_seed(1))


class Model(nn.Module):
    """Two layers and any function of them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.last = nn.Linear(8, 3)
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(self, x)


def seen(
    function: Callable[..., Any],
    loss_fn: Any = None,
    data: tuple[Any, Any] = (X, IDS),
    **others: Any,
) -> FirstBatch:
    def make(seed: int) -> Program:
        seed_all(seed)
        model = Model(function)
        return Program(
            model=model,
            loss_fn=loss_fn or nn.CrossEntropyLoss(),
            optimizer=torch.optim.Adam(model.parameters()),
            train=Examples(source=data),
            **others,
        )

    program = make(0)
    with evaluating(program.model):
        outputs = call_model(program.model, data[0])
    task = infer_task(data[0], outputs, data[1], program.loss_fn)
    evidence = Evidence(make=make, program=program, task=task)
    before = copy.deepcopy(program.model.state_dict())
    first = probe_first_batch(evidence, Budget())
    after = program.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    return first


def plain(m: Model, x: Tensor) -> Tensor:
    return m.last(F.relu(m.first(x)))


def test_loss_and_outputs_are_measured():
    first = seen(plain)

    assert first.samples == 40
    assert first.loss == pytest.approx(first.facts.own)
    assert 0.8 < first.loss < 1.6
    assert first.error == ""


@pytest.mark.parametrize(
    ("function", "op", "layer"),
    [
        (plain, "linear", "last"),
        (lambda m, x: F.softmax(plain(m, x), dim=1), "softmax", ""),
        (lambda m, x: torch.sigmoid(plain(m, x)).unsqueeze(2).squeeze(2), "sigmoid", ""),
        (lambda m, x: plain(m, x).tanh_(), "tanh", ""),
        (lambda m, x: 1 / (1 + torch.exp(-plain(m, x))), "div", ""),
        (lambda m, x: {"hidden": m.first(x), "logits": plain(m, x)}, "linear", "last"),
    ],
    ids=["layer", "function", "reshaped", "in place", "operators", "dict"],
)
def test_the_function_that_made_the_output_is_seen(function, op, layer):
    def loss_fn(outputs, targets):
        logits = outputs["logits"] if isinstance(outputs, dict) else outputs
        return F.cross_entropy(logits, targets)

    head = seen(function, loss_fn).head

    assert (head.op, head.layer) == (op, layer)


def test_the_input_is_seen_where_it_meets_the_first_weights():
    (entry,) = seen(lambda m, x: plain(m, (x - 3) / 7)).entries

    assert (entry.op, entry.layer, entry.is_normalized) == ("linear", "first", False)
    assert torch.allclose(entry.values, (X - 3) / 7)


def test_a_norm_layer_right_after_the_first_weights_is_seen():
    (entry,) = seen(lambda m, x: m.last(F.layer_norm(m.first(x), (8,)))).entries

    assert entry.is_normalized


def test_an_input_that_is_normalized_first_is_no_input_any_more():
    assert seen(lambda m, x: plain(m, F.layer_norm(x, (6,)))).entries == ()


def test_what_broadcasts_in_a_loss_is_seen():
    first = seen(
        lambda m, x: plain(m, x)[:, :1],
        lambda o, t: (o - t).square().mean(),
        (X, X[:, 0]),
    )

    (meeting,) = first.meetings
    assert (meeting.output_shape, meeting.target_shape) == ((40, 1), (40,))
    assert meeting.is_outer


def test_outputs_of_the_same_shape_as_targets_do_not_broadcast():
    first = seen(
        lambda m, x: plain(m, x)[:, 0], lambda o, t: (o - t).square().mean(), (X, X[:, 0])
    )

    assert first.meetings == ()


def test_an_error_of_the_loss_is_kept():
    first = seen(plain, nn.BCELoss(), (X, F.one_hot(IDS).float()))

    assert first.error.startswith("RuntimeError: all elements of input should be between")
    assert first.loss_named("binary_cross_entropy").error


def test_the_losses_of_an_own_step_are_seen():
    def step(model, optimizer, loss_fn, inputs, targets):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
        return loss

    first = seen(plain, lambda o, t: None, step=step)

    assert [loss.name for loss in first.losses] == ["cross_entropy"]
    assert first.facts is None


def test_what_the_optimizer_does_is_no_danger():
    assert seen(plain).dangers == ()


def test_a_logarithm_of_probabilities_is_a_danger():
    first = seen(
        lambda m, x: plain(m, x).softmax(1),
        lambda o, t: -o.log().gather(1, t[:, None]).mean(),
    )

    assert [(d.op, d.source) for d in first.dangers] == [("log", "softmax")]


def test_answers_that_are_right_have_a_smaller_loss():
    facts = seen(plain).facts

    assert all(facts.right[form] < facts.wrong[form] for form in facts.right)
    assert not facts.prefers_wrong
    assert facts.fit == 1.0


def test_a_loss_of_the_wrong_sign_prefers_wrong_answers():
    facts = seen(plain, lambda o, t: -F.cross_entropy(o, t)).facts

    assert facts.prefers_wrong
    assert facts.fit < 0.1


def test_a_loss_that_does_not_look_at_targets_prefers_none():
    facts = seen(plain, lambda o, t: o.square().mean()).facts

    assert facts.right == facts.wrong
    assert not facts.prefers_wrong


def test_the_best_constant_answer_of_cross_entropy_is_the_share_of_the_classes():
    facts = seen(plain).facts
    shares = IDS.bincount() / len(IDS)

    assert facts.constant == pytest.approx(float(-(shares * shares.log()).sum()), rel=1e-4)


def test_the_best_constant_answer_of_a_squared_error_is_the_mean():
    facts = seen(lambda m, x: plain(m, x)[:, 0], nn.MSELoss(), (X, X[:, 0])).facts

    assert facts.constant == pytest.approx(float(X[:, 0].var(correction=0)))


def test_labels_of_zero_have_no_gradient_in_a_hinge_loss():
    facts = seen(
        lambda m, x: plain(m, x)[:, 0],
        lambda o, t: (1 - o * t).clamp(min=0).mean(),
        (X, (X[:, 0] > 0).float()),
    ).facts

    assert facts.silent_levels == (0.0,)


def ranks(output: Tensor, target: Tensor) -> Tensor:
    return F.kl_div(output.log_softmax(-1), target.softmax(-1), reduction="batchmean")


def test_a_loss_that_shifted_answers_leave_the_same_prefers_none():
    targets = torch.randn(40, 3, generator=torch.Generator().manual_seed(2))
    facts = seen(plain, ranks, (X, targets)).facts

    assert facts.is_same_for_all
    assert not facts.prefers_wrong
    assert not seen(plain, nn.MSELoss(), (X, targets)).facts.is_same_for_all


def test_a_loss_with_the_wrong_sign_prefers_wrong_answers():
    targets = torch.randn(40, 3, generator=torch.Generator().manual_seed(2))

    assert seen(plain, lambda o, t: -F.mse_loss(o, t), (X, targets)).facts.prefers_wrong


def test_no_hook_is_left():
    before = len(nn.modules.module._global_forward_hooks)

    seen(plain)

    assert len(nn.modules.module._global_forward_hooks) == before


def test_rows_of_probabilities_are_told_from_others():
    rows = torch.rand(5, 3)

    assert output_facts(rows.softmax(1)).is_distribution
    assert output_facts(rows.log_softmax(1)).is_log_distribution
    assert not output_facts(rows + 1).is_distribution


@pytest.mark.filterwarnings("ignore:Using `torch.compile:UserWarning")
def test_a_compiled_model_is_seen():
    model = torch.compile(nn.Linear(6, 3), backend="eager")
    program = Program(
        model=model,
        loss_fn=nn.CrossEntropyLoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        train=Examples(source=(X, IDS)),
    )
    task = infer_task(X, torch.zeros(40, 3), IDS)
    evidence = Evidence(make=lambda seed: program, program=program, task=task)

    first = probe_first_batch(evidence, Budget())

    assert first.error == ""
    assert [loss.name for loss in first.losses] == ["cross_entropy"]
