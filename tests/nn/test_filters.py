import torch
import torch.nn.functional as F

from headway.nn import demo_kernels


def _filtered(image):
    return {
        name: F.conv2d(image, kernel[None, None]) for name, kernel in demo_kernels().items()
    }


def test_an_even_area_keeps_its_brightness_or_has_no_edges():
    y = _filtered(torch.full((1, 1, 5, 5), 0.7))
    torch.testing.assert_close(y["sharpen"], torch.full((1, 1, 3, 3), 0.7))
    assert y["edges"].abs().max() < 1e-6
    assert y["strong edges"].abs().max() < 1e-5


def test_the_original_is_the_image():
    image = torch.rand(1, 1, 6, 6)
    assert torch.equal(_filtered(image)["original"], image[..., 1:-1, 1:-1])


def test_sharpening_adds_the_edges():
    y = _filtered(torch.rand(1, 1, 6, 6))
    torch.testing.assert_close(y["sharpen"], y["original"] + y["edges"])


def test_a_step_answers_on_both_sides_and_strong_edges_answer_more():
    image = torch.zeros(1, 1, 5, 6)
    image[..., 3:] = 1.0
    y = _filtered(image)
    assert y["edges"][0, 0, 1].tolist() == [0.0, -1.0, 1.0, 0.0]
    assert y["strong edges"][0, 0, 1].tolist() == [0.0, -6.0, 6.0, 0.0]
