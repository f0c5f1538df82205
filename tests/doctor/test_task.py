"""What programs are trained for, told from outputs, targets and the loss."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from headway.doctor.inference import infer_task
from headway.doctor.task import class_ids, predicted_ids

ROWS = torch.Generator().manual_seed(0)


def randn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=ROWS)


def ids(*shape: int, high: int, low: int = 0) -> torch.Tensor:
    return torch.randint(low, high, shape, generator=ROWS)


def bits(*shape: int) -> torch.Tensor:
    return ids(*shape, high=2).float()


def one_hot(labels: torch.Tensor, count: int) -> torch.Tensor:
    return functional.one_hot(labels, count)


def flat_ce(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(outputs.flatten(0, 1), targets.flatten())


CE, MSE = nn.CrossEntropyLoss(), nn.MSELoss()
BCE, BCE_LOGITS = nn.BCELoss(), nn.BCEWithLogitsLoss()

CASES = {
    "ids": (randn(64, 5), ids(64, high=5), CE, "classes", 5, "ids"),
    "int32 ids": (randn(64, 5), ids(64, high=5).int(), CE, "classes", 5, "ids"),
    "column of ids": (randn(64, 5), ids(64, 1, high=5), CE, "classes", 5, "column"),
    "float ids": (randn(64, 5), ids(64, high=5).float(), CE, "classes", 5, "flat"),
    "ids from 1": (randn(64, 5), ids(64, low=1, high=6), CE, "classes", 5, "ids"),
    "ids beyond": (randn(64, 5), ids(64, high=40), CE, "classes", 5, "ids"),
    "one-hot": (
        randn(64, 5),
        one_hot(ids(64, high=5), 5).float(),
        MSE,
        "classes",
        5,
        "one_hot",
    ),
    "one-hot with BCE": (
        randn(64, 5),
        one_hot(ids(64, high=5), 5).float(),
        BCE_LOGITS,
        "classes",
        5,
        "one_hot",
    ),
    "int one-hot": (randn(64, 5), one_hot(ids(64, high=5), 5), CE, "classes", 5, "one_hot"),
    "soft labels": (randn(64, 5), randn(64, 5).softmax(-1), CE, "classes", 5, "soft"),
    "rows of shares": (randn(64, 5), randn(64, 5).softmax(-1), MSE, "values", 0, "rows"),
    "two logits": (randn(64, 2), ids(64, high=2), CE, "classes", 2, "ids"),
    "one logit": (randn(64, 1), bits(64, 1), BCE_LOGITS, "binary", 2, "column"),
    "one logit, flat": (randn(64), bits(64), BCE_LOGITS, "binary", 2, "flat"),
    "one logit, mixed": (randn(64, 1), bits(64), BCE_LOGITS, "binary", 2, "flat"),
    "one logit, CE": (randn(64, 1), ids(64, high=2), CE, "binary", 2, "ids"),
    "signs": (
        randn(64),
        bits(64) * 2 - 1,
        lambda o, t: (1 - o * t).clamp(min=0).mean(),
        "binary",
        2,
        "flat",
    ),
    "multilabel": (randn(64, 6), bits(64, 6), BCE_LOGITS, "multilabel", 6, "rows"),
    "signs of labels": (randn(64, 6), bits(64, 6) * 2 - 1, MSE, "multilabel", 6, "rows"),
    "positions, classes second": (
        randn(8, 5, 12),
        ids(8, 12, high=5),
        CE,
        "classes",
        5,
        "ids",
    ),
    "positions, classes last": (
        randn(8, 12, 5),
        ids(8, 12, high=5),
        flat_ce,
        "classes",
        5,
        "ids",
    ),
    "as many positions as classes": (
        randn(8, 5, 5),
        ids(8, 5, high=5),
        flat_ce,
        "classes",
        5,
        "ids",
    ),
    "flattened positions": (
        randn(96, 5),
        ids(8, 12, high=5),
        lambda o, t: functional.cross_entropy(o, t.flatten()),
        "classes",
        5,
        "ids",
    ),
    "pictures of ids": (
        randn(4, 3, 6, 6),
        ids(4, 1, 6, 6, high=3),
        lambda o, t: functional.cross_entropy(o, t[:, 0]),
        "classes",
        3,
        "ids",
    ),
    "masks": (randn(4, 1, 6, 6), bits(4, 1, 6, 6), BCE_LOGITS, "binary", 2, "rows"),
    "values": (randn(64, 1), randn(64, 1), MSE, "values", 0, "column"),
    "values, flat": (randn(64), randn(64), MSE, "values", 0, "flat"),
    "several values": (randn(64, 3), randn(64, 3), MSE, "values", 0, "rows"),
    "counts": (randn(64, 1), ids(64, 1, high=90).float(), MSE, "values", 0, "column"),
    "int counts": (randn(64, 1), ids(64, 1, high=90), MSE, "values", 0, "column"),
    "mean and variance": (
        randn(64, 2),
        randn(64),
        lambda o, t: functional.gaussian_nll_loss(o[:, 0], t, o[:, 1].exp()),
        "values",
        0,
        "flat",
    ),
    "no tensor": (None, randn(4), MSE, "unknown", 0, "rows"),
    "no targets": (randn(4), None, MSE, "unknown", 0, "rows"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_task_is_told_from(case):
    outputs, targets, loss_fn, kind, num_classes, encoding = case

    task = infer_task(None, outputs, targets, loss_fn)

    assert (task.kind, task.num_classes) == (kind, num_classes)
    if kind not in ("unknown", "binary"):
        assert task.encoding == encoding


CLASSES = [name for name, case in CASES.items() if case[3] in ("classes", "binary")]


@pytest.mark.parametrize("name", CLASSES)
def test_predictions_and_truth_have_one_order(name):
    outputs, targets, loss_fn, *_ = CASES[name]

    task = infer_task(None, outputs, targets, loss_fn)

    assert predicted_ids(task, outputs).shape == class_ids(task, targets).shape


@pytest.mark.parametrize(
    "name",
    [name for name, case in CASES.items() if case[0] is not None and case[1] is not None],
)
def test_outputs_of_a_part_of_the_samples_are_enough(name):
    outputs, targets, loss_fn, kind, num_classes, _ = CASES[name]
    doubled = torch.cat([targets, targets])

    task = infer_task(None, outputs, doubled, loss_fn)

    assert (task.kind, task.num_classes) == (kind, num_classes)


def test_targets_that_are_the_inputs_are_told():
    images = randn(8, 1, 4, 4)

    task = infer_task(images, randn(8, 16), images.flatten(1), MSE)

    assert (task.kind, task.targets_equal_inputs) == ("values", True)


def test_classes_second_and_last_are_told_apart_by_the_loss():
    outputs, targets = randn(8, 5, 5), ids(8, 5, high=5)

    assert infer_task(None, outputs, targets, CE).axis == 1
    assert infer_task(None, outputs, targets, flat_ce).axis == -1


def test_the_id_that_is_not_to_be_learned_is_that_of_the_loss():
    targets = torch.tensor([[0, 1, 2], [2, 0, 0]])
    loss_fn = nn.CrossEntropyLoss(ignore_index=0)

    task = infer_task(None, randn(2, 3, 3), targets, loss_fn)

    assert class_ids(task, targets).tolist() == [-1, 1, 2, 2, -1, -1]


def test_a_metric_of_r2_makes_values_of_whole_numbers():
    assert infer_task(None, randn(64, 1), bits(64, 1), MSE, "r2").kind == "values"


def test_a_metric_of_accuracy_makes_classes_of_whole_numbers():
    outputs, targets = torch.tensor([[0.9], [2.2], [3.6]]), torch.tensor([1.0, 2.0, 3.0])

    task = infer_task(None, outputs, targets, lambda o, t: MSE(o[:, 0], t), "accuracy")

    assert predicted_ids(task, outputs).tolist() == [1, 2, 4]
    assert class_ids(task, targets).tolist() == [1, 2, 3]


def contrastive(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    near = functional.normalize(outputs) @ functional.normalize(outputs).T
    same = (targets[:, None] == targets[None, :]).float()
    return (same * (1 - near) + (1 - same) * near.clamp(min=0)).mean()


def test_ids_that_only_say_who_belongs_together_are_no_classes():
    assert infer_task(None, randn(64, 16), ids(64, high=5), contrastive).kind == "unknown"


def test_exponentials_that_overflow_are_no_sign_of_a_loss_of_pairs():
    def own(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        powers = (outputs * 60).exp()
        return -(powers / powers.sum(1, keepdim=True)).log()[range(64), targets].mean()

    assert infer_task(None, randn(64, 10), ids(64, high=10), own).kind == "classes"


def test_ids_in_a_loss_of_pairs_are_no_classes():
    def pairs(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        same = (targets[:32] == targets[32:]).float() * 2 - 1
        return functional.cosine_embedding_loss(outputs[:32], outputs[32:], same)

    assert infer_task(None, randn(64, 16), ids(64, high=5), pairs).kind == "unknown"


def test_a_hand_written_loss_of_classes_is_one_of_classes():
    def own(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return -outputs.log_softmax(1).gather(1, targets[:, None]).mean()

    assert infer_task(None, randn(64, 16), ids(64, high=5), own).kind == "classes"


@pytest.mark.parametrize(
    ("loss_fn", "said"),
    [
        (BCE_LOGITS, [False, True, True]),
        (MSE, [False, False, True]),
        (lambda o, t: ((o - t) ** 2).mean(), [False, False, True]),
        (lambda o, t: (functional.softplus(o) - o * t).mean(), [False, True, True]),
    ],
    ids=["logits", "distance", "hand-written distance", "hand-written logits"],
)
def test_yes_begins_where_the_loss_has_it(loss_fn, said):
    outputs, targets = torch.tensor([-0.5, 0.3, 1.4]), torch.tensor([0.0, 1.0, 1.0])

    task = infer_task(None, outputs, targets, loss_fn)

    assert predicted_ids(task, outputs).bool().tolist() == said


def pulled(outputs: torch.Tensor, is_same: torch.Tensor) -> torch.Tensor:
    near = is_same * outputs**2
    return (near + (1 - is_same) * torch.relu(2 - outputs) ** 2).mean()


def test_a_distance_that_is_small_for_yes_is_no_yes_or_no():
    assert infer_task(None, randn(64).abs(), bits(64), pulled).kind == "unknown"


def test_a_loss_with_the_wrong_sign_is_still_one_of_yes_or_no():
    def reversed_(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        p = outputs.sigmoid()
        return (targets * p.log() + (1 - targets) * (1 - p).log()).mean()

    assert infer_task(None, randn(64), bits(64), reversed_).kind == "binary"


def test_a_small_answer_is_no_yes_where_accuracy_is_asked_for():
    assert infer_task(None, randn(64).abs(), bits(64), pulled, "accuracy").kind == "binary"


def squared(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return (outputs - targets).square().mean()


PRICES = 10 ** randn(64)
OTHER_SCALES = {
    "logarithm": (PRICES, lambda o, t: functional.huber_loss(o, t.log10())),
    "standardized": (40 + 15 * randn(64), lambda o, t: squared(o, (t - 40) / 15)),
    "in other units": (1e-4 * randn(64), lambda o, t: squared(o, 1e4 * t)),
    "rate of counts": (
        torch.poisson(PRICES, generator=ROWS) + 1,
        lambda o, t: (o.exp() - t * o).mean(),
    ),
}


@pytest.mark.parametrize("case", OTHER_SCALES.values(), ids=OTHER_SCALES)
def test_values_that_a_loss_wants_on_another_scale_are_not_judged_by_r2(case):
    targets, loss_fn = case

    assert infer_task(None, randn(64), targets, loss_fn).kind == "unknown"
    assert infer_task(None, randn(32), targets, loss_fn).kind == "unknown"


def test_another_scale_is_told_of_the_first_of_several_outputs():
    def loss_fn(outputs, targets):
        mean, log_std = outputs
        return (((mean - targets.log()) / log_std.exp()).square() + log_std).mean()

    outputs = randn(64), 0.1 * randn(64)

    assert infer_task(None, outputs, PRICES, loss_fn).kind == "unknown"


SAME_SCALE = {
    "by hand": squared,
    "with a penalty": lambda o, t: squared(o, t) + 3 * o.square().mean(),
    "wrong sign": lambda o, t: -squared(o, t),
    "every one with every other": lambda o, t: squared(o, t.unsqueeze(-1)),
    "another sample": lambda o, t: squared(o, t.roll(1)),
    "the mean alone": lambda o, t: (o.mean() - t.mean()).square(),
    "median": lambda o, t: (o - t).abs().mean(),
    "higher quantile": lambda o, t: torch.maximum(0.9 * (t - o), 0.1 * (o - t)).mean(),
    "likelihood": lambda o, t: ((o - t).square() + 1).log().mean(),
}


@pytest.mark.parametrize("loss_fn", SAME_SCALE.values(), ids=SAME_SCALE)
def test_values_stay_values_where_the_loss_is_about_them(loss_fn):
    assert infer_task(None, randn(64), 3 + 2 * randn(64), loss_fn).kind == "values"


def of_angle(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    cos, sin = functional.normalize(outputs, dim=1).unbind(dim=1)
    return 1 - (cos * targets.cos() + sin * targets.sin()).mean()


def of_mixture(outputs: tuple[torch.Tensor, ...], targets: torch.Tensor) -> torch.Tensor:
    log_share, mean = outputs
    near = -(targets - mean).square()
    return -torch.logsumexp(log_share + near, dim=1).mean()


def test_none_of_several_outputs_for_a_value_may_be_near_to_it():
    angle = infer_task(None, randn(64, 2), 3 * randn(64).tanh(), of_angle)
    mixture = infer_task(None, (randn(64, 3), randn(64, 3)), randn(64, 1), of_mixture)

    assert (angle.kind, mixture.kind) == ("unknown", "unknown")


def of_spread(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    mean, log_std = outputs.unbind(dim=1)
    return (((mean - targets) / log_std.exp()).square() / 2 + log_std).mean()


def of_quantiles(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    rest, levels = targets.unsqueeze(1) - outputs, torch.tensor([0.1, 0.5, 0.9])
    return torch.maximum(levels * rest, (levels - 1) * rest).mean()


def test_a_mean_or_a_quantile_is_near_to_the_value():
    for width, loss_fn in ((2, of_spread), (3, of_quantiles)):
        assert infer_task(None, randn(64, width), randn(64), loss_fn).kind == "values"
