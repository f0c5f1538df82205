import pytest


def zeroing_every(period):
    def make_step(_):
        count = 0

        def step(model, optimizer, loss_fn, x, y):
            nonlocal count
            if period and count % period == 0:
                optimizer.zero_grad()
            count += 1
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            return loss.detach()

        return step

    return make_step


@pytest.mark.parametrize("period", [0, 20], ids=["never", "rarely"])
def test_gradients_that_pile_up_over_steps_are_found(program_of, findings, period):
    first = findings(program_of(step=zeroing_every(period)))[0]
    assert (first.cause, first.is_certain) == ("zero_grad_missing", True)


@pytest.mark.parametrize(("period", "count"), [(4, 0), (16, 0), (4, 1)])
def test_gathered_gradients_are_watched_until_they_would_pile_up(
    program_of, findings, period, count
):
    def make_step(_):
        seen = 0

        def step(model, optimizer, loss_fn, x, y):
            nonlocal seen
            loss = loss_fn(model(x), y)
            (loss / period).backward()
            seen += 1
            if seen % period == 0:
                optimizer.step()
                if not count:
                    optimizer.zero_grad()
            return loss.detach()

        return step

    causes = [finding.cause for finding in findings(program_of(step=make_step))]
    assert causes.count("zero_grad_missing") == count


def test_a_part_that_is_not_zeroed_is_named(program_of, findings):
    def step(model, optimizer, loss_fn, x, y):
        model.first.zero_grad()
        model.second.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    first = findings(program_of(step=lambda _: step))[0]
    assert first.cause == "zero_grad_missing"
    assert "head.weight" in first.evidence
    assert "first.weight" not in first.evidence


@pytest.mark.parametrize("to_none", [True, False])
def test_both_ways_to_zero_are_known(program_of, findings, to_none):
    def step(model, optimizer, loss_fn, x, y):
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        model.zero_grad(set_to_none=to_none)
        return loss.detach()

    assert findings(program_of(step=lambda _: step)) == []
