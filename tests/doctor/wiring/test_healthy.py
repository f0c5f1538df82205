"""Programs that look odd and are as their authors mean them."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

from headway.doctor.program import usual_step


class Backbone(nn.Module):
    """Weights that are the same for each seed, as if loaded, under a new head."""

    def __init__(self, *, without_grad: bool = False, freezes: bool = True) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU())
        generator = torch.Generator().manual_seed(5)
        nn.init.normal_(self.body[0].weight, std=0.3, generator=generator)
        self.body[1].running_mean.normal_(generator=generator)
        self.body.requires_grad_(not freezes)
        self.head = nn.Linear(32, 4)
        self.without_grad = without_grad
        self.train()

    def train(self, mode: bool = True) -> "Backbone":
        super().train(mode)
        self.body.eval()
        return self

    def forward(self, x):
        with torch.set_grad_enabled(not self.without_grad and torch.is_grad_enabled()):
            h = self.body(x)
        return self.head(h)


class TiedLanguageModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 8, batch_first=True)
        self.output = nn.Linear(8, 20)
        self.output.weight = self.embedding.weight

    def forward(self, x):
        return self.output(self.lstm(self.embedding(x))[0]).transpose(1, 2)


class Gated(nn.Module):
    """A branch whose gate begins at zero: its weights get no gradient at first."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.branch = nn.Linear(16, 32), nn.Linear(32, 32)
        self.gate = nn.Parameter(torch.zeros(1))
        self.head = nn.Linear(32, 4)

    def forward(self, x):
        h = torch.relu(self.first(x))
        return self.head(h + self.gate * torch.relu(self.branch(h)))


class TwoOutputs(nn.Module):
    """A second head that the loss does not look at."""

    def __init__(self) -> None:
        super().__init__()
        self.main, self.other = nn.Linear(16, 4), nn.Linear(16, 2)

    def forward(self, x):
        return {"logits": self.main(x), "other": self.other(x)}


class StraightThrough(nn.Module):
    """Rounds forward and passes the gradient on as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Linear(16, 32), nn.Linear(32, 4)

    def forward(self, x):
        h = torch.sigmoid(self.first(x))
        return self.head(h + (h.round() - h).detach())


class Experts(nn.Module):
    """Each sample goes to one expert, so that some experts see nothing for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(16, 4) for _ in range(6))

    def forward(self, x):
        chosen = (x[:, 0] * 3).long().clamp(0, 5)
        outputs = torch.stack([expert(x) for expert in self.experts], dim=1)
        return outputs[torch.arange(len(x)), chosen]


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.generator, self.critic = nn.Linear(16, 16), nn.Linear(16, 1)

    def forward(self, x):
        return self.critic(self.generator(x))


def accumulating(period):
    def make_step(model):
        count = 0

        def step(model, optimizer, loss_fn, x, y):
            nonlocal count
            loss = loss_fn(model(x), y)
            (loss / period).backward()
            count += 1
            if count % period == 0:
                optimizer.step()
                optimizer.zero_grad()
            return loss.detach()

        return step

    return make_step


def adversarial(pair):
    second = torch.optim.Adam(pair.generator.parameters())

    def step(model, optimizer, loss_fn, x, y):
        fake = model.generator(torch.randn_like(x))
        optimizer.zero_grad()
        loss = F.softplus(-model.critic(x)).mean()
        loss = loss + F.softplus(model.critic(fake.detach())).mean()
        loss.backward()
        optimizer.step()
        second.zero_grad()
        F.softplus(-model.critic(fake)).mean().backward()
        second.step()
        return loss.detach()

    return step


def with_teacher(model):
    teacher = copy.deepcopy(model)

    def step(model, optimizer, loss_fn, x, y):
        optimizer.zero_grad()
        output = model(x)
        with torch.no_grad():
            soft = teacher(x).softmax(1)
        loss = loss_fn(output, y) + F.mse_loss(output.softmax(1), soft)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for old, new in zip(teacher.parameters(), model.parameters(), strict=True):
                old.lerp_(new, 0.1)
        return loss.detach()

    return step


def by_closure(_):
    def step(model, optimizer, loss_fn, x, y):
        def closure():
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            return loss

        return optimizer.step(closure).detach()

    return step


def by_hand(_):
    def step(model, optimizer, loss_fn, x, y):
        loss = loss_fn(model(x), y)
        grads = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for parameter, grad in zip(model.parameters(), grads, strict=True):
                parameter -= 0.1 * grad
        return loss.detach()

    return step


def evaluating_afterwards(_):
    def step(model, optimizer, loss_fn, x, y):
        model.train()
        loss = usual_step(model, optimizer, loss_fn, x, y)
        model.eval()
        with torch.no_grad():
            model(x)
        return loss

    return step


def scaled(_):
    scaler = torch.amp.GradScaler("cpu")

    def step(model, optimizer, loss_fn, x, y):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.detach()

    return step


def normed():
    return nn.Sequential(
        nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 4)
    )


def with_zero_head():
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))
    nn.init.zeros_(model[2].weight)
    return model


def tokens():
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(0, 20, (128, 7), generator=generator)
    return drawn[:, :-1], drawn[:, 1:]


def only_head(model):
    return torch.optim.Adam(model.head.parameters())


def weighted_loader():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(256, 16, generator=generator)
    targets = torch.randint(4, (256,), generator=generator)
    sampler = WeightedRandomSampler(torch.ones(256).tolist(), 256)
    return DataLoader(TensorDataset(inputs, targets), 32, sampler=sampler)


def rare_class():
    generator = torch.Generator().manual_seed(0)
    targets = (torch.rand(512, generator=generator) < 0.04).long()
    return torch.randn(512, 16, generator=generator), targets


HEALTHY = {
    "plain": {},
    "batch norm and dropout": {"model": normed},
    "accumulation over 2": {"step": accumulating(2)},
    "accumulation over 4": {"step": accumulating(4)},
    "accumulation over 16": {"step": accumulating(16)},
    "frozen backbone": {"model": Backbone},
    "backbone without gradients": {
        "model": lambda: Backbone(without_grad=True, freezes=False)
    },
    "only the head is trained": {
        "model": lambda: Backbone(freezes=False),
        "optimizer": only_head,
    },
    "tied weights": {"model": TiedLanguageModel, "train": tokens},
    "zero gate": {"model": Gated},
    "zero head": {"model": with_zero_head},
    "unused output": {
        "model": TwoOutputs,
        "loss_fn": lambda: lambda o, y: F.cross_entropy(o["logits"], y),
    },
    "straight-through": {"model": StraightThrough},
    "experts": {"model": Experts},
    "two optimizers": {
        "model": Pair,
        "optimizer": lambda m: torch.optim.Adam(m.critic.parameters()),
        "loss_fn": lambda: lambda output, _: output.mean(),
        "step": adversarial,
    },
    "teacher": {"step": with_teacher},
    "closure": {
        "optimizer": lambda m: torch.optim.LBFGS(m.parameters(), lr=0.5, max_iter=4),
        "step": by_closure,
    },
    "update by hand": {"step": by_hand},
    "evaluates after each update": {"model": normed, "step": evaluating_afterwards},
    "gradient scaler": {"step": scaled},
    "own sampler": {"train": weighted_loader},
    "order of its own, mixed labels": {"shuffle": False},
    "rare class": {"train": rare_class, "shuffle": False},
    "usual decay": {
        "optimizer": lambda m: torch.optim.SGD(
            m.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4
        ),
        "epochs": 200,
    },
    "usual decoupled decay": {
        "optimizer": lambda m: torch.optim.AdamW(m.parameters(), weight_decay=0.1),
        "epochs": 200,
    },
}


@pytest.mark.parametrize("parts", HEALTHY.values(), ids=HEALTHY.keys())
def test_a_healthy_program_is_left_alone(program_of, findings, parts):
    assert findings(program_of(**parts)) == []


def test_nothing_is_left_unmeasured_in_a_healthy_program(program_of, examined):
    assert examined(program_of(normed)).notes == []


def test_the_examined_program_stays_as_it_was(program_of, examined):
    make = program_of(normed)
    evidence = examined(make)
    fresh = make(0).model.state_dict()
    for name, value in evidence.program.model.state_dict().items():
        assert torch.equal(value, fresh[name])
