"""What headway says of commands, networks and settings that are not as they should be."""

import pytest
import torch

NETWORKS = """
from torch import nn

def build(num_outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, num_outputs))

def too_wide(num_outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, num_outputs + 1))

def too_narrow(num_outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(63, num_outputs))

def broken():
    return 1 / 0

def number():
    return 3
"""
DEVICES = "machine.device must be auto, cpu, cuda or cuda:INDEX"


def test_an_unknown_command_is_refused(refused):
    refused(
        "there is no command 'trian'. Did you mean 'train'? Commands: train, check, fix, "
        "evaluate, predict, export, resume, tune, lab, board, report, runs, models",
        "trian",
        "digits",
    )


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (
            "resnett-20",
            "unknown model 'resnett-20'. Did you mean 'resnet-20'? Known: mlp, plain-N, "
            "resnet-N, ..., FILE.py:FUNCTION, timm:NAME, torchvision:NAME",
        ),
        (
            "resnet-21",
            "model 'resnet-21' does not exist: the depth must be 6n + 2 between 8 and 1202. "
            "Nearest: resnet-20 or resnet-26",
        ),
        (
            "nett.py:build",
            "model 'nett.py:build': there is no file nett.py. Did you mean 'net.py'?",
        ),
        (
            "net.py",
            "model 'net.py' names a file but no function; write net.py:build_model, where "
            "build_model is the function that returns the model",
        ),
        (
            "net.py:biuld",
            "net.py has no function 'biuld'. Did you mean 'build'? It has: build, too_wide, "
            "too_narrow, broken, number.",
        ),
        (
            "net.py:broken",
            "net.py, line 14: function 'broken' failed: ZeroDivisionError: division by zero",
        ),
        (
            "net.py:number",
            "function 'number' of net.py returned an object of type int; expected a "
            "torch.nn.Module",
        ),
        (
            "net.py:too_wide",
            "model 'net.py:too_wide' returns a tensor of shape (2, 11) for an input of "
            "shape (2, 1, 8, 8); expected a tensor of shape (2, 10): one row per sample, "
            "one column per class or target",
        ),
        (
            "net.py:too_narrow",
            "model 'net.py:too_narrow' fails on an input of shape (2, 1, 8, 8): "
            "RuntimeError: ...(2x64 and 63x10)",
        ),
        (
            "torchvision:resnet18",
            "model 'torchvision:resnet18' takes images with 3 channels, but the data has 1; "
            "read image files with --set data.channels=3, or use a model that adapts to any "
            "number, such as resnet-20 or those of timm",
        ),
    ],
)
def test_a_bad_model_is_refused(refused_training, in_tmp_path, model, expected):
    (in_tmp_path / "net.py").write_text(NETWORKS)

    refused_training(expected, "digits", model=model)


def test_a_file_that_cannot_be_imported_is_refused(refused_training, in_tmp_path):
    (in_tmp_path / "net.py").write_text("import torch\nraise OSError('no weights here')\n")

    refused_training(
        "net.py, line 2: the file cannot be imported: OSError: no weights here",
        "digits",
        model="net.py:build",
    )


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (
            "optimizer.lr",
            "--set takes path=value, such as optimizer.lr=0.05, got 'optimizer.lr'; DATA "
            "comes before --set",
        ),
        ("optimizer.lr=-1", "optimizer.lr: expected a number > 0.0, got -1"),
        (
            "training.batch_size=0",
            "training.batch_size: expected a whole number >= 1, got 0",
        ),
        ("data.val_fraction=1.5", "data.val_fraction: expected a number < 1.0, got 1.5"),
        (
            "optimizer.name=adamm",
            "optimizer.name: expected auto or sgd or averaged-momentum or adam or "
            "adamw or muon, got 'adamm'. Did you "
            "mean 'adam'?",
        ),
        (
            "task.kind=multilabel",
            "digits: its targets are for classification, not for task.kind=multilabel; "
            "leave task.kind out",
        ),
        (
            "model.options.hiden=[8]",
            "unknown option 'hiden' of model 'mlp': its options are hidden, activation, "
            "norm, drop_prob, input_drop_prob. Did you mean 'hidden'?",
        ),
        (
            "model.options.hidden=8",
            "option 'hidden' of model 'mlp': expected a list [...], got 8.",
        ),
        (
            "augmentation.cutout=8",
            "augmentation.cutout=8 can leave nothing of images of 8x8 pixels; choose less "
            "than 8",
        ),
        ("machine.device=gpu", f"{DEVICES}, got 'gpu'"),
        ("machine.device=mps", f"{DEVICES}, got 'mps'"),
        (
            'logging.trackers=["tensorbord"]',
            "logging.trackers[0]: expected tensorboard or wandb or mlflow, got "
            "'tensorbord'. Did you mean 'tensorboard'?",
        ),
        (
            "logging.trackers=mlflow",
            "logging.trackers: expected a list [...], got 'mlflow'",
        ),
        # What a shell makes of ["mlflow"] without quotes around it.
        (
            "logging.trackers=[mlflow]",
            "logging.trackers: [mlflow] is not a list as TOML has it; write [1, 2], or "
            """for words --set 'logging.trackers=["a", "b"]' with both kinds of quotes""",
        ),
    ],
)
def test_a_bad_setting_is_refused(refused_training, setting, expected):
    refused_training(expected, "digits", setting)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_an_absent_gpu_is_refused(refused_training):
    refused_training(
        "machine.device is 'cuda' but torch sees no GPU here; use --set machine.device=cpu",
        "digits",
        "machine.device=cuda",
    )


def test_a_set_without_settings_is_refused(refused):
    refused(
        "--set needs at least one setting, such as optimizer.lr=0.05",
        "train",
        "digits",
        "--set",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[optimizer]\nlrr = 1",
            "unknown setting optimizer.lrr. Did you mean 'lr'? Known here: betas, "
            "decay_norm_and_bias, eps, lr, momentum, name, nesterov, weight_decay",
        ),
        ("[optimiser]\nlr = 1", "unknown setting optimiser. Did you mean 'optimizer'? ..."),
        (
            '[training]\nepochs = "ten"',
            "training.epochs: expected a whole number or auto, got 'ten'",
        ),
        ("[training\nepochs = 1", "my.toml is not a TOML file: ...(at line 1, column 10)"),
        (
            'name = "fats"',
            "my.toml starts from an unknown recipe 'fats'. Did you mean 'fast'? Known: "
            "default, fast, he2015-cifar, very-deep",
        ),
    ],
    ids=["key", "section", "type", "syntax", "base"],
)
def test_a_bad_recipe_file_is_refused(refused_training, in_tmp_path, text, expected):
    (in_tmp_path / "my.toml").write_text(text)

    refused_training(expected, "digits", recipe="my.toml")


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (
            "fats",
            "unknown recipe 'fats'. Did you mean 'fast'? Known: default, fast, "
            "he2015-cifar, very-deep, or a TOML file",
        ),
        (
            "mein.toml",
            "there is no recipe file mein.toml. Did you mean 'mine.toml'? Recipes known by "
            "name are given without .toml",
        ),
        ("./", "the recipe . cannot be read: Is a directory"),
    ],
)
def test_an_unknown_recipe_is_refused(refused_training, in_tmp_path, recipe, expected):
    (in_tmp_path / "mine.toml").touch()

    refused_training(expected, "digits", recipe=recipe)
