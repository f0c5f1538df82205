import pytest
import torch

from headway.data.augmentation import Augmentation, ColorJitter, Geometry, TrivialAugment

GEOMETRY = Geometry(rotation=40.0, shear=5.0, stretch=0.2, translation=0.1, lens=0.2)
AUGMENTATIONS = pytest.mark.parametrize(
    "augment",
    [
        Augmentation(flip=True, vertical_flip=True, crop_padding=3),
        Augmentation(geometry=GEOMETRY),
        Augmentation(flip=True, crop_padding=2, geometry=GEOMETRY),
        Augmentation(geometry=Geometry(scale_crop=(1.2, 2.0))),
    ],
    ids=["moves", "warp", "both", "scale and crop"],
)
INDICES = torch.arange(40)


def disks(batch: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return masks of disks, and the boxes around them."""
    generator = torch.Generator().manual_seed(0)
    centre = torch.rand(batch, 2, generator=generator) * 0.4 + 0.3
    y = torch.arange(height)[:, None] + 0.5 - centre[:, 0, None, None] * height
    x = torch.arange(width) + 0.5 - centre[:, 1, None, None] * width
    masks = (x.square() + y.square()) < 6**2
    x, y = centre[:, 1] * width, centre[:, 0] * height
    return masks, torch.stack((x - 6, y - 6, x + 6, y + 6), dim=1)[:, None]


@AUGMENTATIONS
def test_a_mask_equal_to_its_image_stays_equal(augment: Augmentation):
    masks, _ = disks(40, 32, 40)
    images = masks[:, None].float()
    got = augment.with_targets(images, INDICES, seed=0, epoch=0, masks=masks.long())
    assert got.masks is not None
    assert got.masks.dtype == torch.int64
    # A picture has gray edges where its mask has steps: at one half both agree.
    is_sure = (got.images[:, 0] - 0.5).abs() > 0.3
    assert torch.equal((got.images[:, 0] > 0.5)[is_sure], got.masks.bool()[is_sure])
    assert (~is_sure).float().mean() < 0.06


@AUGMENTATIONS
def test_the_images_are_those_of_a_call(augment: Augmentation):
    images = torch.rand(40, 3, 32, 40)
    got = augment.with_targets(images, INDICES, seed=1, epoch=2)
    assert torch.equal(got.images, augment(images, INDICES, seed=1, epoch=2))
    assert (got.masks, got.boxes, got.is_in_view) == (None, None, None)


@AUGMENTATIONS
def test_boxes_follow_what_they_contain(augment: Augmentation):
    masks, boxes = disks(40, 32, 40)
    got = augment.with_targets(
        masks[:, None].float(), INDICES, seed=0, epoch=0, masks=masks, boxes=boxes
    )
    assert got.masks is not None
    assert got.boxes is not None
    assert got.is_in_view is not None
    for mask, box, is_seen in zip(got.masks, got.boxes[:, 0], got.is_in_view, strict=True):
        rows, columns = mask.nonzero(as_tuple=True)
        if len(rows) == 0:
            continue
        assert is_seen
        left, top, right, bottom = box.tolist()
        # Half a pixel of the mask is up to a pixel of the enlarged one.
        assert left - 1.2 <= columns.min()
        assert columns.max() + 1 <= right + 1.2
        assert top - 1.2 <= rows.min()
        assert rows.max() + 1 <= bottom + 1.2


def test_mirrored_boxes_are_exact():
    boxes = torch.tensor([[[1.0, 2.0, 4.0, 7.0]]]).expand(40, 1, 4)
    images = torch.zeros(40, 1, 10, 20)
    augment = Augmentation(flip=True, vertical_flip=True)
    got = augment.with_targets(images, INDICES, seed=0, epoch=0, boxes=boxes)
    assert got.boxes is not None
    found = {tuple(box) for box in got.boxes[:, 0].tolist()}
    x, y = [(1.0, 4.0), (16.0, 19.0)], [(2.0, 7.0), (3.0, 8.0)]
    assert found == {(a[0], b[0], a[1], b[1]) for a in x for b in y}


def test_boxes_out_of_view_are_flagged_and_have_no_area():
    images = torch.zeros(40, 1, 20, 20)
    boxes = torch.tensor(
        [[[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 20.0, 20.0], [5.0, 5.0, 5.0, 9.0]]]
    )
    augment = Augmentation(crop_padding=6)
    got = augment.with_targets(
        images, INDICES, seed=0, epoch=0, boxes=boxes.expand(40, 3, 4)
    )
    assert got.boxes is not None
    assert got.is_in_view is not None
    assert got.is_in_view[:, 1].all()
    assert not got.is_in_view[:, 2].any()
    is_seen = got.is_in_view[:, 0]
    assert 0 < is_seen.sum() < 40
    sides = got.boxes[:, 0, 2:] - got.boxes[:, 0, :2]
    assert torch.equal((sides > 0).all(dim=1), is_seen)
    assert got.boxes.min() >= 0
    assert got.boxes.max() <= 20


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_masks_beyond_the_border_take_the_fill(dtype: torch.dtype):
    masks = torch.ones(40, 12, 12, dtype=dtype)
    augment = Augmentation(crop_padding=4, geometry=Geometry(rotation=30.0))
    got = augment.with_targets(
        torch.ones(40, 1, 12, 12), INDICES, seed=0, epoch=0, masks=masks, mask_fill=255
    )
    assert got.masks is not None
    assert got.masks.unique().tolist() == [1, 255]
    is_beyond = got.images[:, 0] < 0.5
    assert ((got.masks == 255) == is_beyond).float().mean() > 0.95


def test_color_and_cutout_leave_masks_and_boxes_alone():
    masks, boxes = disks(40, 32, 40)
    augment = Augmentation(cutout=8, color=ColorJitter(brightness=0.5, noise=0.1))
    images = torch.rand(40, 3, 32, 40)
    got = augment.with_targets(images, INDICES, seed=0, epoch=0, masks=masks, boxes=boxes)
    assert torch.equal(got.masks, masks)
    assert torch.equal(got.boxes, boxes)
    assert not torch.equal(got.images, images)


def test_a_policy_is_refused():
    images = torch.zeros(40, 3, 8, 8, dtype=torch.uint8)
    augment = Augmentation(policy=TrivialAugment())
    with pytest.raises(ValueError, match=r"a policy changes images alone"):
        augment.with_targets(images, INDICES, seed=0, epoch=0, masks=images[:, 0])
