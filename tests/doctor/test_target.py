from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from headway.doctor.target import as_program, load_target, maker
from headway.errors import TargetError

GOOD = """
import torch
from torch import nn

def make(seed=0):
    x = torch.randn(64, 5)
    model = nn.Linear(5, 2)
    return dict(
        model=model,
        loss_fn=nn.CrossEntropyLoss(),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        train=(x, (x[:, 0] > 0).long()),
    )
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "program.py"
    file.write_text(text)
    return file


def parts(**changes: object) -> dict[str, object]:
    model = nn.Linear(3, 2)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
        "train": (torch.randn(10, 3), torch.zeros(10, dtype=torch.int64)),
        **changes,
    }


def test_a_file_makes_equal_programs_from_equal_seeds(tmp_path: Path) -> None:
    make = load_target(f"{write(tmp_path, GOOD)}:make")

    first, again, other = make(1), make(1), make(2)

    assert torch.equal(first.model.weight, again.model.weight)  # type: ignore[arg-type]
    assert not torch.equal(first.model.weight, other.model.weight)  # type: ignore[arg-type]


def test_a_function_without_a_seed_is_seeded_from_outside(tmp_path: Path) -> None:
    text = GOOD.replace("make(seed=0)", "make()")
    make = load_target(f"{write(tmp_path, text)}:make")

    assert torch.equal(make(3).model.weight, make(3).model.weight)  # type: ignore[arg-type]
    assert make(3).seed == 3


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("nofile.py:make", "", "there is no file"),
        ("program.py", GOOD, "names a file but no function; write"),
        ("program.py:mak", GOOD, "has no function 'mak'. Did you mean 'make'?"),
        ("program.py:make", "def make(:", "the file cannot be imported: SyntaxError"),
        (
            "program.py:make",
            "def make(): return 1 / 0",
            "line 1: function 'make' failed: Zero",
        ),
        ("program.py:make", "def make(): return 3", "returned an object of type int"),
        (
            "program.py:make",
            "def make(): return {}",
            "returned a dict without model, loss_fn",
        ),
    ],
    ids=["no-file", "no-function", "misspelled", "syntax", "raises", "number", "empty"],
)
def test_a_bad_target_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    write(tmp_path, text)

    with pytest.raises(TargetError) as raised:
        load_target(str(tmp_path / name))(0)

    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "mlp"}, "model is an object of type str; expected a torch.nn.Module"),
        ({"optimizer": 0.1}, "optimizer is an object of type float"),
        ({"loss_fn": nn.CrossEntropyLoss}, "loss_fn is the class CrossEntropyLoss"),
        ({"loss_fn": 3}, "loss_fn is an object of type int; expected a function"),
        ({"metric": "acuracy"}, "metric is 'acuracy'"),
        ({"epochs": 0}, "epochs is 0; expected a whole number from 1 on"),
        ({"lr": 0.1}, "an unknown key 'lr'"),
        ({"train": 5}, "train is an object of type int; expected a pair of tensors"),
        (
            {"train": (torch.randn(10, 3), torch.zeros(9))},
            "train has 10 inputs and 9 targets",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_part_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(TargetError) as raised:
        as_program(parts(**changes))

    assert message in str(raised.value)


def test_a_misspelt_key_is_suggested() -> None:
    given = parts()
    given["optimiser"] = given.pop("optimizer")

    with pytest.raises(TargetError, match=r"without optimizer\. Did you mean 'optimiser'"):
        as_program(given)


def test_numpy_arrays_and_several_inputs_are_taken() -> None:
    x = torch.randn(8, 3)
    program = as_program(parts(train=(x.numpy(), x, torch.zeros(8).numpy())))

    inputs, targets = program.train.first(4)

    assert torch.equal(inputs[0], x[:4])
    assert torch.equal(inputs[1], x[:4])
    assert targets.shape == (4,)


def test_a_loader_keeps_its_batches_and_has_samples_by_number() -> None:
    data = TensorDataset(torch.arange(10.0)[:, None], torch.arange(10))
    program = as_program(parts(train=DataLoader(data, batch_size=4)))

    assert [len(y) for _, y in program.train.batches()] == [4, 4, 2]
    assert program.train.pick(torch.tensor([7, 2]))[1].tolist() == [7, 2]


def test_a_plain_iterable_of_batches_has_samples_by_number() -> None:
    batches = [(torch.full((2, 1), float(n)), torch.full((2,), n)) for n in range(3)]
    program = as_program(parts(train=iter_anew(batches)))

    assert program.train.num_samples == 6
    assert program.train.num_batches == 3
    assert program.train.pick(torch.tensor([0, 3]))[1].tolist() == [0, 1]


class iter_anew:  # noqa: N801 - reads as a function
    def __init__(self, batches: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def test_a_function_of_the_program_is_made_from_a_dict() -> None:
    assert maker(lambda: parts())(5).seed == 5
