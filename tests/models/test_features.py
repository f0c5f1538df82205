"""Features of inner layers by their name, with torchvision's extractor."""

import torch
from torchvision.models.feature_extraction import create_feature_extractor

from headway.models import build_model


def test_the_last_convolutions_of_vgg_give_features_for_other_uses():
    torch.manual_seed(0)
    model = build_model("vgg-11", input_shape=(3, 32, 32), num_outputs=5).eval()
    images = torch.randn(2, 3, 32, 32)
    seen: list[torch.Tensor] = []
    last = model.get_submodule("features.19")
    last.register_forward_hook(lambda *call: seen.append(call[2].clone()))

    # Of the convolutions alone: the checked forward pass of the whole takes no proxies here.
    extract = create_feature_extractor(model.features, {"19": "last"})
    with torch.no_grad():
        model(images)
        features = extract(images)["last"]

    assert features.shape == (2, 512, 2, 2)
    torch.testing.assert_close(features, seen[0])
