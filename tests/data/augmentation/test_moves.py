import pytest
import torch
import torch.nn.functional as F

from headway.data.augmentation import Hole, Moves, move_images, moves

# Forms of the same operation: rows gathered at once, and slices copied one by one.
FORMS = pytest.mark.parametrize("from_bytes", [1 << 30, 0], ids=["gathered", "sliced"])
DTYPES = pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])


@pytest.fixture
def form(from_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "_SLICES_FROM_BYTES", from_bytes)


def random_images(*shape: int) -> torch.Tensor:
    # From 1 on, so that 0 is nothing but fill.
    generator = torch.Generator().manual_seed(0)
    return torch.randint(1, 256, shape, dtype=torch.uint8, generator=generator)


@FORMS
@DTYPES
@pytest.mark.parametrize("shape", [(1, 5, 9), (3, 8, 8)], ids=["wide gray", "square color"])
@pytest.mark.usefixtures("form")
def test_shifts_equal_slices_of_the_padded_image(
    shape: tuple[int, ...], dtype: torch.dtype
):
    images = random_images(20, *shape).to(dtype)
    top, left = torch.arange(20) % 5, torch.arange(20) * 3 % 5
    moved = move_images(images, Moves(down=top - 2, right=left - 2))
    padded = F.pad(images, (2, 2, 2, 2))
    height, width = shape[1:]
    for got, image, y, x in zip(moved, padded, top.tolist(), left.tolist(), strict=True):
        assert torch.equal(got, image[:, y : y + height, x : x + width])


@FORMS
@pytest.mark.usefixtures("form")
def test_a_shift_by_more_than_the_image_leaves_nothing():
    images = random_images(4, 1, 3, 3)
    far = torch.tensor([3, -3, 7, -7])
    assert not move_images(images, Moves(down=far)).any()
    assert not move_images(images, Moves(right=far)).any()


@FORMS
@pytest.mark.usefixtures("form")
def test_channels_last_images_move_alike():
    images = random_images(6, 3, 7, 7)
    move = Moves(
        is_mirrored=torch.arange(6) % 2 == 0,
        down=torch.arange(6) % 5 - 2,
        right=torch.arange(6) % 4 - 2,
    )
    got = move_images(images.to(memory_format=torch.channels_last), move)
    assert torch.equal(got, move_images(images, move))


@FORMS
@pytest.mark.parametrize(("name", "axis"), [("is_mirrored", 3), ("is_upside_down", 2)])
@pytest.mark.usefixtures("form")
def test_only_the_chosen_images_are_mirrored(name: str, axis: int):
    images = random_images(3, 2, 4, 5)
    got = move_images(images, Moves(**{name: torch.tensor([True, False, True])}))
    assert torch.equal(got[1], images[1])
    assert torch.equal(got[::2], images[::2].flip(axis))


@FORMS
@pytest.mark.usefixtures("form")
def test_mirroring_comes_before_shifting():
    images = random_images(4, 3, 6, 7)
    mirrored, upside_down = torch.tensor(
        [[True, False, True, True], [False, True, True, True]]
    )
    down, right = torch.tensor([[1, -2, 0, 1], [2, 0, -1, -2]])
    once = move_images(images, Moves(mirrored, upside_down, down, right))
    flipped = move_images(images, Moves(mirrored, upside_down))
    assert torch.equal(once, move_images(flipped, Moves(down=down, right=right)))


@FORMS
@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.usefixtures("form")
def test_a_hole_is_a_square_clipped_at_the_borders(size: int):
    images = random_images(36, 3, 6, 6)
    row, column = torch.arange(36) // 6, torch.arange(36) % 6
    expected = images.clone()
    for image, y, x in zip(expected, row.tolist(), column.tolist(), strict=True):
        top, left = y - size // 2, x - size // 2
        image[:, max(top, 0) : top + size, max(left, 0) : left + size] = 0
    assert torch.equal(move_images(images, Moves(hole=Hole(row, column, size))), expected)


@FORMS
@pytest.mark.usefixtures("form")
def test_the_hole_stays_in_place_while_the_image_moves():
    images = random_images(5, 3, 6, 6)
    right, hole = torch.arange(5) - 2, Hole(torch.arange(5), torch.arange(5), 2)
    once = move_images(images, Moves(right=right, hole=hole))
    moved = move_images(images, Moves(right=right))
    assert torch.equal(once, move_images(moved, Moves(hole=hole)))


@FORMS
@pytest.mark.usefixtures("form")
def test_no_move_gives_the_images_back():
    images = random_images(2, 3, 4, 4)
    assert move_images(images, Moves()) is images
