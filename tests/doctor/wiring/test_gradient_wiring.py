import pytest
import torch
import torch.nn.functional as F

CUTS = {
    "detach": lambda h: h.detach(),
    "data": lambda h: h.data,
    "numpy": lambda h: torch.from_numpy(h.detach().numpy()),
    "new tensor": lambda h: torch.tensor(h.tolist()),
    "argmax": lambda h: F.one_hot(h.argmax(dim=1), 32).float(),
    "comparison": lambda h: (h > 0.3).float(),
    "round": lambda h: h.round(),
    "sign": lambda h: (h - 0.3).sign(),
}


@pytest.mark.parametrize("between", CUTS.values(), ids=CUTS.keys())
def test_a_cut_in_the_forward_is_found_and_named(program_of, findings, network, between):
    first = findings(program_of(lambda: network(between)))[0]
    assert (first.cause, first.layer) == ("gradient_wiring", "first")
    assert first.is_certain
    assert "test_gradient_wiring.py" in first.evidence


def test_a_region_without_gradients_is_named(program_of, findings, network):
    class Half(network):
        def forward(self, x):
            with torch.no_grad():
                h = torch.relu(self.second(torch.relu(self.first(x))))
            return self.head(h)

    first = findings(program_of(Half))[0]
    assert first.cause == "gradient_wiring"
    assert "no_grad" in first.evidence


LOSSES = {
    "no graph": lambda output, y: F.cross_entropy(output.detach(), y),
    "new leaf": lambda output, y: torch.tensor(
        F.cross_entropy(output, y).item(), requires_grad=True
    ),
    "accuracy": lambda output, y: (output.argmax(dim=1) != y).float().mean(),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_a_loss_without_a_way_back_is_found(program_of, findings, loss):
    assert findings(program_of(loss_fn=lambda: loss))[0].cause == "gradient_wiring"


def zeroed_too_late(model, optimizer, loss_fn, x, y):
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.detach()


def stepped_too_early(model, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    optimizer.step()
    loss.backward()
    return loss.detach()


def never_stepped(model, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    return loss.detach()


def never_stepped_nor_zeroed(model, optimizer, loss_fn, x, y):
    loss = loss_fn(model(x), y)
    loss.backward()
    return loss.detach()


def never_backward(model, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    optimizer.step()
    return loss.detach()


STEPS = [
    zeroed_too_late,
    stepped_too_early,
    never_stepped,
    never_stepped_nor_zeroed,
    never_backward,
]


@pytest.mark.parametrize("step", STEPS)
def test_an_update_in_the_wrong_order_is_found(program_of, findings, step):
    first = findings(program_of(step=lambda _: step))[0]
    assert (first.cause, first.is_certain) == ("gradient_wiring", True)


def test_a_second_step_with_the_same_gradient_is_found(program_of, findings):
    def step(model, optimizer, loss_fn, x, y):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.step()
        return loss.detach()

    (only,) = findings(program_of(step=lambda _: step))
    assert (only.cause, only.is_certain) == ("gradient_wiring", True)
    assert "5 of 10" in only.evidence


def test_a_graph_that_is_carried_over_is_found(program_of, findings):
    def make_step(_):
        carried = []

        def step(model, optimizer, loss_fn, x, y):
            optimizer.zero_grad()
            carried.append(loss_fn(model(x), y))
            sum(carried).backward()
            optimizer.step()
            return carried[-1].detach()

        return step

    first = findings(program_of(step=make_step))[0]
    assert first.cause == "gradient_wiring"
    assert "second time" in first.evidence
