from dataclasses import replace

import pytest

from headway.data import DataInfo
from headway.engine import Event, Training
from headway.recipe import Augmentation, Model, Optimizer, Preprocessing, Schedule
from headway.terminal.words import event_text, names_words, start_rows

TABLE = DataInfo(
    name="houses.csv",
    kind="tabular",
    input_shape=(13,),
    dtype="float32",
    task="regression",
    target_names=("price", "area"),
    num_train=1280,
    num_val=160,
    num_test=0,
)


def with_recipe(facts, **changes):
    return replace(facts, recipe=replace(facts.recipe, **changes))


def row(facts, label: str) -> str | None:
    return dict(start_rows(facts)).get(label)


def test_every_fact_has_a_row(start_facts):
    assert start_rows(start_facts) == [
        ("run", "runs/digits-resnet-20"),
        ("data", "digits, 8x8x1 uint8, in memory"),
        ("classes", "10: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
        ("samples", "1,280 to train, 143 to validate, 360 held out to test"),
        ("model", "resnet-20, 269 k parameters, 2.53 M multiply-adds"),
        ("input", "each channel standardized, shifted by up to 1 pixel"),
        ("optimizer", OPTIMIZER.format(start_facts.recipe.optimizer.lr)),
        ("schedule", SCHEDULE.format(start_facts.recipe.schedule.warmup_steps)),
        ("training", "60 epochs, 600 steps of 128 samples, seed 0"),
        ("device", "cpu (AMD EPYC), 2 threads, bf16, channels last"),
        ("guessing", "loss ln 10 = 2.303, accuracy 10.1 %"),
    ]


OPTIMIZER = "sgd, lr {:.3g}, Nesterov momentum 0.9, weight decay 0.0005"
SCHEDULE = "cosine after {} warm-up steps"


def test_a_resumed_run_says_where_it_goes_on(start_facts):
    facts = replace(start_facts, resumed_at=1200)

    assert row(facts, "run") == "runs/digits-resnet-20, resumed at step 1,200"


def test_a_run_without_a_folder_says_so(start_facts):
    assert row(replace(start_facts, folder=None), "run") == "not kept on disk"


def test_a_regression_names_its_targets(start_facts):
    facts = replace(start_facts, info=TABLE, chance={"rmse": 115395.6, "r2": 0.0})

    assert row(facts, "targets") == "price, area"
    assert row(facts, "classes") is None
    assert row(facts, "guessing") == "rmse 115,396, r2 0"


def test_no_test_part_is_not_mentioned(start_facts):
    facts = replace(start_facts, info=TABLE)

    assert row(facts, "samples") == "1,280 to train, 160 to validate"


def test_labels_are_not_classes(start_facts):
    info = replace(start_facts.info, task="multilabel", classes=("red", "round"))

    assert row(replace(start_facts, info=info), "labels") == "2: red, round"


def test_skipped_samples_are_named_up_to_three(start_facts):
    skipped = tuple(f"{name}.png: not an image" for name in "abcde")
    facts = replace(start_facts, info=replace(start_facts.info, skipped=skipped))
    rows = start_rows(facts)
    start = rows.index(("left out", "5 samples"))

    assert [text for _, text in rows[start + 1 : start + 5]] == [*skipped[:3], "and 2 more"]


def test_a_chance_loss_far_from_ln_c_gets_both_numbers(start_facts):
    facts = replace(start_facts, chance={"loss": 2.1})

    assert row(facts, "guessing") == "loss 2.100 (ln 10 = 2.303)"


def test_options_of_the_model_are_shown(start_facts):
    model = Model(name="mlp", options={"hidden": [512, 256], "drop_prob": 0.1})
    facts = replace(with_recipe(start_facts, model=model), multiply_adds=None)

    assert row(facts, "model") == "mlp, hidden 512x256, drop_prob 0.1, 269 k parameters"


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        (Optimizer(name="adamw", lr=1e-3, weight_decay=0.0), "adamw, lr 0.001"),
        (
            Optimizer(name="sgd", lr=0.1, weight_decay=1e-4, nesterov=False),
            "sgd, lr 0.1, momentum 0.9, weight decay 0.0001",
        ),
        (
            Optimizer(name="averaged-momentum", lr=1.0, weight_decay=0.0),
            "averaged-momentum, lr 1, momentum 0.9",
        ),
        (
            Optimizer(name="muon", lr=1e-3, weight_decay=0.0),
            "muon, lr 0.001, Nesterov momentum 0.9",
        ),
    ],
    ids=["adamw", "heavy-ball", "averaged", "muon"],
)
def test_the_optimizer_in_words(start_facts, optimizer, text):
    assert row(with_recipe(start_facts, optimizer=optimizer), "optimizer") == text


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (Schedule(name="constant", warmup_steps=0), "constant"),
        (
            Schedule(name="step", milestones=(32_000, 48_000), warmup_steps=400),
            "times 0.1 at steps 32,000, 48,000 after 400 warm-up steps",
        ),
        (
            Schedule(name="plateau", plateau_patience=5, warmup_steps=0),
            "times 0.1 after 5 evaluations without gain",
        ),
        (
            Schedule(name="wsd", warmup_steps=400, warmup_shape="flat"),
            "wsd after 400 flat warm-up steps",
        ),
    ],
    ids=["constant", "step", "plateau", "wsd"],
)
def test_the_schedule_in_words(start_facts, schedule, text):
    assert row(with_recipe(start_facts, schedule=schedule), "schedule") == text


def test_part_of_an_epoch_is_shown(start_facts):
    facts = replace(start_facts, total_steps=15)

    assert row(facts, "training") == "1.5 epochs, 15 steps of 128 samples, seed 0"


def test_unusual_settings_of_the_training_share_a_row(start_facts):
    training = replace(
        start_facts.recipe.training,
        accumulate=4,
        clip_norm=1.0,
        ema_decay=0.999,
        patience=10,
        memory="sqrt",
    )

    assert row(with_recipe(start_facts, training=training), "with") == (
        "4 micro-batches a step, gradient norm up to 1.0, averaged weights (decay 0.999), "
        "stops after 10 evaluations without gain, segments of blocks are recomputed"
    )


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"clip_mode": "per-tensor", "clip_norm": 1.0},
            "gradient norm of each tensor up to 1.0",
        ),
        ({"clip_mode": "normalize", "clip_norm": 1.0}, "gradient norm set to 1.0"),
        (
            {"clip_mode": "percentile"},
            "gradient norm up to percentile 10 of the last 1,000",
        ),
        ({"l1": 0.1, "l2": 0.2}, "penalty 0.1 |w|, penalty 0.2 w^2"),
        ({"sam_rho": 0.05}, "sharpness-aware (rho 0.05)"),
        ({"average": "swa"}, "weights averaged from 75 % on"),
    ],
)
def test_techniques_in_words(start_facts, settings, text):
    training = replace(start_facts.recipe.training, **settings)

    assert row(with_recipe(start_facts, training=training), "with") == text


def test_usual_settings_of_the_training_have_no_row(start_facts):
    assert row(start_facts, "with") is None
    assert start_facts.recipe.training.memory == Training().memory


def test_raw_inputs_have_no_row(start_facts):
    facts = with_recipe(
        start_facts,
        preprocessing=Preprocessing(kind="none"),
        augmentation=Augmentation(flip=False, crop_padding=0),
    )

    assert row(facts, "input") is None


def test_augmentation_in_words(start_facts):
    facts = with_recipe(
        start_facts, augmentation=Augmentation(flip=True, crop_padding=4, cutout=8)
    )

    assert row(facts, "input") == (
        "each channel standardized, shifted by up to 4 pixels, mirrored, 8x8 cut out"
    )


def test_every_kind_of_augmentation_has_words(start_facts):
    augmentation = Augmentation(
        flip=False,
        crop_padding=0,
        vertical_flip=True,
        rotation=10.0,
        scale_crop=(1.0, 1.5),
        contrast=0.4,
        pca_color=0.1,
        policy="trivialaugment",
        mixup=0.2,
        cutmix=1.0,
    )

    assert row(with_recipe(start_facts, augmentation=augmentation), "input") == (
        "each channel standardized, turned upside down, turned by up to 10°, crops of 1 to "
        "1.5 times the size, contrast 40 %, principal colors 0.1, trivialaugment, mixup "
        "(0.2), cutmix (1)"
    )


def test_several_processes_are_counted(start_facts):
    facts = replace(start_facts, processes=2, device="cuda:0 (NVIDIA H100)")

    assert row(facts, "device") == (
        "cuda:0 (NVIDIA H100), 2 processes (ddp), bf16, channels last"
    )


def test_long_lists_of_names_are_cut_between_names():
    text = names_words(tuple(f"class{i}" for i in range(1000)))

    assert text.endswith("class6, ...")


def test_a_very_long_name_is_cut():
    assert names_words(("x" * 500,)) == "x" * 54 + "..."


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        (
            "rollback",
            {"step_of_divergence": 1312, "lr_scale": 0.5, "cause": "Too high."},
            "diverged at step 1,312; going on from step 1,300 with 0.5 times the learning "
            "rate. Too high.",
        ),
        (
            "out_of_memory",
            {"micro_batches": 4},
            "out of memory at step 1,300: each batch is now cut into 4 parts; the result "
            "stays the same",
        ),
        (
            "damaged_checkpoint",
            {"problem": "step-2 is torn", "used": "step-1"},
            "step-2 is torn; step-1 is used instead",
        ),
        (
            "early_stop",
            {"evaluations_without_gain": 10},
            "stopped early at step 1,300: nothing better in 10 evaluations",
        ),
        (
            "diverged",
            {"step_of_divergence": 1312, "lr": 0.1, "cause": "Too high."},
            "diverged at step 1,312",
        ),
        (
            "alarm",
            {
                "alarm": "dead",
                "severity": "warning",
                "is_over": False,
                "layer": "1",
                "evidence": "All units are off.",
                "remedy": "Lower the rate.",
            },
            "step 1,300: dead in 1. All units are off. Lower the rate.",
        ),
        (
            "alarm",
            {"alarm": "train_eval_gap", "severity": "warning", "is_over": True},
            "step 1,300: train eval gap is over",
        ),
        ("alarm", {"alarm": "overfitting", "severity": "info", "is_over": False}, ""),
    ],
)
def test_events_in_words(kind, fields, text):
    assert event_text(Event(kind=kind, step=1300, fields=fields)) == text


@pytest.mark.parametrize(
    "kind", ["started", "checkpoint", "best", "finished", "interrupted"]
)
def test_everyday_events_need_no_words(kind):
    assert event_text(Event(kind=kind, step=3, fields={"file": "x"})) == ""
