"""Several networks trained, measured and asked together."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import headway
from headway.data import build_views, predict_views
from headway.errors import InputError, RecipeError, RunError
from headway.jobs import resume_ensemble
from headway.jobs.combining import load_members
from headway.jobs.loading import raw_batches
from headway.jobs.soup import average_weights
from headway.nn import dropout_on
from headway.runs import EnsembleRecord, Run
from headway.terminal import Display

QUICK = ["machine.threads=1", "machine.device=cpu", "precision.mode=off"]
TINY = [*QUICK, "training.epochs=3", "model.options.hidden=[16]", "optimizer.lr=0.02"]


def train(folder: Path, *overrides: str, size: int = 3, **settings):
    return headway.train_ensemble(
        "digits",
        model="mlp",
        size=size,
        overrides=[*TINY, *overrides],
        out=folder,
        display=Display,
        **settings,
    )


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """Three networks that differ in their seed."""
    return train(tmp_path_factory.mktemp("ensembles") / "seeds").folder


@pytest.fixture(scope="session")
def snapshots(tmp_path_factory) -> Path:
    """Three cycles of one training, with batch norm."""
    folder = tmp_path_factory.mktemp("ensembles") / "snapshots"
    chosen = ["model.options.norm=batch", "training.epochs=13"]
    return train(folder, *chosen, kind="snapshots").folder


@pytest.fixture(scope="session")
def dropping(tmp_path_factory) -> Path:
    """Two networks with dropout."""
    folder = tmp_path_factory.mktemp("ensembles") / "dropping"
    return train(folder, "model.options.drop_prob=0.2", size=2).folder


@pytest.fixture
def own_copy(trained, tmp_path) -> Path:
    return shutil.copytree(trained, tmp_path / "ensemble")


def test_members_are_whole_runs_that_differ_in_their_seed(trained):
    runs = [Run(trained / f"member-{i}") for i in (1, 2, 3)]

    assert [run.state for run in runs] == ["done"] * 3
    assert [run.recipe["seed"] for run in runs] == [0, 1, 2]
    assert len({run.environment["initial_weights"] for run in runs}) == 3
    assert len({run.environment["data_fingerprint"] for run in runs}) == 1


def test_members_that_are_done_are_not_trained_again(own_copy):
    before = (own_copy / "member-1/metrics.jsonl").read_bytes()
    shutil.rmtree(own_copy / "member-2")

    result = train(own_copy)

    assert result.trained == (2,)
    assert (own_copy / "member-1/metrics.jsonl").read_bytes() == before


def test_an_interrupted_ensemble_goes_on_to_the_same_networks(own_copy):
    expected = headway.evaluate(own_copy / "member-3").values
    shutil.rmtree(own_copy / "member-3")

    result = resume_ensemble(own_copy, display=Display)

    assert result.trained == (3,)
    assert headway.evaluate(own_copy / "member-3").values == expected


def test_an_ensemble_of_seeds_may_grow(own_copy):
    assert train(own_copy, size=4).trained == (4,)
    assert len(headway.evaluate(own_copy).ensemble.members) == 4


def test_a_folder_with_another_ensemble_is_refused(own_copy):
    with pytest.raises(RunError, match="already holds another ensemble") as refusal:
        train(own_copy, "optimizer.momentum=0.5")
    assert "momentum = 0.5" in str(refusal.value)


def test_an_ensemble_of_one_is_refused(tmp_path):
    with pytest.raises(InputError, match="at least 2 members, got 1"):
        train(tmp_path / "one", size=1)


def test_snapshots_need_a_schedule_that_falls_in_each_cycle(tmp_path):
    with pytest.raises(
        RecipeError, match=r"must be one of cosine, one-cycle, .*, got 'constant'"
    ):
        train(tmp_path / "flat", "schedule.name=constant", kind="snapshots")


def test_an_ensemble_that_is_not_done_is_refused(own_copy):
    shutil.rmtree(own_copy / "member-3")

    with pytest.raises(RunError, match="member-3 is missing or not done"):
        headway.evaluate(own_copy)


def test_together_they_answer_with_the_mean_of_their_probabilities(trained, tmp_path):
    np.save(tmp_path / "x.npy", np.arange(2 * 64, dtype=np.uint8).reshape(2, 1, 8, 8))
    members = [trained / f"member-{i}" for i in (1, 2, 3)]

    def probabilities(runs) -> np.ndarray:
        found = headway.predict(runs, [tmp_path / "x.npy"], top=0)
        return np.array([[p.values[str(d)] for d in range(10)] for p in found])

    alone = [probabilities(member) for member in members]

    np.testing.assert_allclose(probabilities(members), np.mean(alone, axis=0), atol=1e-6)
    np.testing.assert_array_equal(probabilities(trained), probabilities(members))


def test_metrics_come_from_the_mean_of_the_probabilities(own_copy):
    runs, networks = load_members(own_copy)
    split = headway.recipe.read_data(networks[0].recipe).test
    members = [n.task.predict(n.outputs(split.inputs)).double() for n in networks]
    mean = torch.stack(members).mean(dim=0)
    expected = -mean.gather(1, split.targets[:, None]).log().mean()

    found = headway.evaluate(own_copy)

    assert found.values["loss"] == pytest.approx(float(expected), abs=1e-6)
    is_right = mean.argmax(dim=1) == split.targets
    assert found.values["accuracy"] == pytest.approx(float(is_right.double().mean()))
    assert [member.run for member in found.ensemble.members] == [run.name for run in runs]


def test_the_gain_is_over_the_mean_member(own_copy):
    found = headway.evaluate(own_copy)
    alone = [headway.evaluate(own_copy / f"member-{i}").values["loss"] for i in (1, 2, 3)]

    assert [m.values["loss"] for m in found.ensemble.members] == pytest.approx(alone)
    assert found.ensemble.mean_member["loss"] == pytest.approx(sum(alone) / 3)
    # By Jensen's inequality, for any members at all.
    assert found.ensemble.gain["loss"] < 0.0


def test_one_evaluation_is_one_look_for_every_member(own_copy):
    headway.evaluate(own_copy / "member-2")

    found = headway.evaluate(own_copy)

    looks = [
        sum(
            event["event"] == "evaluated"
            for event in Run(own_copy / f"member-{i}").events()
        )
        for i in (1, 2, 3)
    ]
    assert looks == [1, 2, 1]
    assert found.test_accesses == 2


def test_copies_of_one_network_gain_nothing(own_copy):
    copy = shutil.copytree(own_copy / "member-1", own_copy.parent / "copy")

    found = headway.evaluate([own_copy / "member-1", copy])

    assert found.ensemble.gain == pytest.approx(dict.fromkeys(found.values, 0.0), abs=1e-6)


def test_a_run_that_is_named_twice_is_refused(trained):
    with pytest.raises(RunError, match="member-1 is named twice"):
        headway.evaluate([trained, trained / "member-1"])


def test_runs_of_different_parts_are_not_tested_together(trained, tmp_path):
    other = headway.train(
        "digits",
        model="mlp",
        overrides=[*QUICK, "training.max_steps=2", "data.split_seed=1"],
        out=tmp_path / "other",
        display=Display(),
    )

    with pytest.raises(RunError, match="may have learned what the other is tested with"):
        headway.evaluate([trained / "member-1", other.folder])


def test_what_one_run_was_trained_on_is_no_test_for_another(trained, tmp_path):
    digits = load_digits()
    images = np.round(digits.images * 255 / 16).astype(np.uint8)
    data = tmp_path / "other.npz"
    np.savez(data, x=images[:300], y=digits.target[:300])
    other = headway.train(
        str(data),
        model="mlp",
        overrides=[*QUICK, "training.max_steps=2"],
        out=tmp_path / "other",
        display=Display(),
    )

    with pytest.raises(RunError, match="may have learned what the other is tested with"):
        headway.evaluate([trained / "member-1", other.folder], str(data))


def test_networks_of_other_questions_are_refused(trained, houses_run):
    with pytest.raises(RunError, match="they differ in their kind of data"):
        headway.evaluate([trained, houses_run])


def test_a_regression_answers_with_the_mean_value(houses, tmp_path):
    result = headway.train_ensemble(
        str(houses),
        size=2,
        overrides=[*QUICK, "data.target=price", "training.epochs=2"],
        out=tmp_path / "houses",
        display=Display,
    )
    (tmp_path / "new.csv").write_text("town,rooms\nsouth,4\n")

    alone = [headway.predict(m, [tmp_path / "new.csv"])[0] for m in result.members]
    [both] = headway.predict(result.folder, [tmp_path / "new.csv"])

    mean = sum(prediction.values["price"] for prediction in alone) / 2
    assert both.values["price"] == pytest.approx(mean, rel=1e-6)
    found = headway.evaluate(result.folder)
    # Squared error is convex too.
    assert found.ensemble.gain["loss"] < 0.0


def test_snapshots_share_one_training(snapshots):
    runs = [Run(snapshots / f"member-{i}") for i in (1, 2, 3)]
    starts = [run.recipe["model"].get("init_from") for run in runs]

    assert [run.recipe["training"]["epochs"] for run in runs] == [5, 5, 5]
    assert starts == [None, str(runs[0].folder), str(runs[1].folder)]
    assert EnsembleRecord.read(snapshots).kind == "snapshots"
    first = next(row for row in runs[0].metrics() if "train/loss" in row)
    second = next(row for row in runs[1].metrics() if "train/loss" in row)
    assert second["train/loss"] < 0.7 * first["train/loss"]


def test_the_mean_of_equal_weights_is_those_weights(snapshots, tmp_path):
    first = snapshots / "member-1"
    copy = shutil.copytree(first, tmp_path / "copy")
    runs, networks = load_members([first, copy])

    soup = average_weights(runs, networks)

    own = dict(networks[0].model.named_parameters())
    assert all(torch.equal(own[n], p) for n, p in soup.model.named_parameters())


def test_the_mean_of_weights_is_one_network_with_its_own_statistics(snapshots):
    runs, networks = load_members(snapshots)
    soup = average_weights(runs, networks)
    states = [network.model.state_dict() for network in networks]
    data = headway.recipe.read_data(soup.recipe).train
    norm = soup.model.layers[1]
    entering = soup.model.layers[0](soup.preprocessing(data.inputs).flatten(1)).detach()

    mean = sum(state["layers.0.weight"] for state in states) / 3
    torch.testing.assert_close(soup.model.layers[0].weight, mean)
    torch.testing.assert_close(norm.running_mean, entering.mean(dim=0))
    assert not soup.model.training


def test_the_mean_of_the_weights_of_snapshots_is_as_good_as_they_are(snapshots):
    found = headway.evaluate(snapshots, combine="weights")

    assert found.ensemble.combine == "weights"
    assert found.ensemble.gain["loss"] < 0.05


def test_trainings_with_other_settings_from_one_start_have_a_mean(tmp_path):
    runs = [
        headway.train(
            "digits",
            model="mlp",
            overrides=[*TINY, f"optimizer.lr={lr}"],
            out=tmp_path / f"lr-{lr}",
            display=Display(),
        ).folder
        for lr in (0.01, 0.02)
    ]

    found = headway.evaluate(runs, combine="weights")

    assert found.ensemble.gain["loss"] < 0.05


def test_an_ensemble_whose_data_changed_is_refused(houses, tmp_path):
    data = tmp_path / "houses.csv"
    data.write_text(houses.read_text())
    words = {"size": 2, "out": tmp_path / "two", "display": Display}
    chosen = [*QUICK, "data.target=price", "training.max_steps=2"]
    headway.train_ensemble(str(data), overrides=chosen, **words)
    data.write_text(houses.read_text() + "\n3,north,12.5")

    with pytest.raises(RunError, match=r"has changed since .*member-1 was trained on it"):
        headway.train_ensemble(str(data), overrides=chosen, **(words | {"size": 3}))


def test_views_of_an_image_are_averaged_with_their_weights(own_copy):
    _, [network, *_] = load_members(own_copy)
    split = headway.recipe.read_data(network.recipe).test
    views = build_views("ten-crop", network.info.input_shape)
    mean = predict_views(
        lambda x: network.task.predict(network.outputs(x)).double(), split.inputs, views
    )

    found = headway.evaluate(own_copy / "member-1", views="ten-crop")

    expected = -mean.gather(1, split.targets[:, None]).log().mean()
    assert found.values["loss"] == pytest.approx(float(expected), abs=1e-6)
    assert found.values != headway.evaluate(own_copy / "member-1").values


def test_draws_of_dropout_are_averaged_as_probabilities(dropping):
    _, [network] = load_members(dropping / "member-1")
    split = headway.recipe.read_data(network.recipe).test
    losses = []
    with dropout_on(network.model):
        for batch in raw_batches(split, network.device).batches():
            draws = [network.task.predict(network.outputs(batch.inputs)) for _ in range(5)]
            mean = torch.stack(draws).double().mean(dim=0)
            losses.append(-mean.gather(1, batch.targets[:, None]).log())

    found = headway.evaluate(dropping / "member-1", mc_dropout=5)

    expected = float(torch.cat(losses).mean())
    assert found.values["loss"] == pytest.approx(expected, abs=1e-6)


def test_a_measurement_with_dropout_is_repeatable_and_another_than_without(dropping):
    first, second = (headway.evaluate(dropping, mc_dropout=3).values for _ in range(2))
    assert first == second
    assert first != headway.evaluate(dropping).values


def test_views_and_draws_are_averaged_together(dropping):
    both = headway.evaluate(dropping, views="flip", mc_dropout=2).values
    assert both != headway.evaluate(dropping, mc_dropout=2).values
    assert both != headway.evaluate(dropping, views="flip").values


def test_more_draws_lower_the_loss(dropping):
    few, many = (headway.evaluate(dropping, mc_dropout=n).values for n in (2, 30))
    assert many["loss"] < few["loss"]


def test_draws_of_a_network_without_dropout_are_refused(trained):
    with pytest.raises(
        RunError, match=r"member-1 has no dropout .* train mlp with dropout"
    ):
        headway.evaluate(trained, mc_dropout=5)


@pytest.mark.parametrize("draws", [1, -2])
def test_fewer_than_two_draws_are_refused(dropping, draws):
    with pytest.raises(InputError, match=f"at least 2 draws, .* got {draws}"):
        headway.evaluate(dropping, mc_dropout=draws)


def test_the_mean_of_weights_from_different_starts_is_refused(trained):
    with pytest.raises(RunError, match="started from different weights"):
        headway.evaluate(trained, combine="weights")


def test_the_mean_of_weights_of_different_networks_is_refused(trained, digits_run):
    with pytest.raises(RunError, match=r"model\.options is"):
        headway.evaluate([trained / "member-1", digits_run], combine="weights")
