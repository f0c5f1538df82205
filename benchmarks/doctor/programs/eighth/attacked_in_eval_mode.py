"""An attack puts the network back into the mode that it had when the attack was made: eval.

Each training step draws its adversarial images first, so that each goes on in that mode: batch
norm divides by what it was born with.
"""

import torch
from torch import nn

import data

SOURCE = "https://github.com/Harry24k/adversarial-attacks-pytorch/issues/21"
CAUSES = ("train_eval_mode", "normalization")


class FGSM:
    """Images moved a little in the direction that costs the network most."""

    def __init__(self, model, eps, remembers_mode):
        self.model, self.eps = model, eps
        self.loss = nn.CrossEntropyLoss()
        self.training = model.training if remembers_mode else None

    def __call__(self, images, labels):
        mode = self.model.training if self.training is None else self.training
        self.model.eval()
        images = images.clone().requires_grad_(True)
        cost = self.loss(self.model(images), labels)
        grad = torch.autograd.grad(cost, images)[0]
        self.model.train(mode)
        return (images + self.eps * grad.sign()).clamp(0, 1).detach()


def conv_bn(inp, oup, stride):
    return nn.Sequential(
        nn.Conv2d(inp, oup, 3, stride, 1, bias=False), nn.BatchNorm2d(oup), nn.ReLU()
    )


class Net(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.layers = nn.Sequential(
            conv_bn(1, width, 1), conv_bn(width, width, 2), conv_bn(width, width, 1),
            conv_bn(width, 2 * width, 2), conv_bn(2 * width, 2 * width, 1),
            conv_bn(2 * width, 2 * width, 1),
        )  # fmt: skip
        self.fc = nn.Linear(2 * width, 10)

    def forward(self, x):
        return self.fc(self.layers(x).mean((2, 3)))


def make(seed, remembers_mode):
    torch.manual_seed(seed)
    train, test = data.mnist(1200, side=14)
    model = Net()
    model.eval()
    with torch.no_grad():
        assert model(test[0][:10]).shape == (10, 10)  # does it fit?
    attack = FGSM(model, eps=0.05, remembers_mode=remembers_mode)
    model.train()

    def step(model, optimizer, loss_fn, images, labels):
        adv_images = attack(images, labels)
        loss = loss_fn(model(torch.cat([images, adv_images])), labels.repeat(2))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    epochs = 10
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": optimizer,
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "train": train,
        "val": test,
        "batch_size": 32,
        "epochs": epochs,
        "metric": "accuracy",
        "step": step,
    }


def make_faulty(seed=0):
    return make(seed, remembers_mode=True)


def make_fixed(seed=0):
    return make(seed, remembers_mode=False)
