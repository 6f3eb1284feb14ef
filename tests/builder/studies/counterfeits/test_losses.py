"""The terms of the loss, beside torch's own and numbers by hand."""

import pytest
import torch
from torch.nn import functional

from builder.studies.counterfeits.losses import terms, weighted
from builder.studies.counterfeits.study import GeneratorSettings
from builder.studies.counterfeits.training import Aim, conditions, over_outputs

LOGITS = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
IMAGES = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(3))
FEATURES = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
WANTED = torch.tensor([0, 0, 1, 1, 2, 2])
AIM = Aim((4, 0, 2), (8, 8), gray=True)


def targets(conditioning: str) -> torch.Tensor:
    vectors = torch.randn(6, 3, generator=torch.Generator().manual_seed(2))
    return over_outputs(conditions(conditioning, WANTED, vectors, 3.0), AIM, 5)


@pytest.mark.parametrize("conditioning", ["one_hot", "hot_matrix"])
def test_of_a_one_hot_condition_the_divergence_is_the_cross_entropy_and_the_only_such_term(conditioning: str):
    found = terms(conditioning, IMAGES, LOGITS, FEATURES, targets(conditioning), 3)
    assert list(found) == ["kl", "cosine", "orthogonality", "pixels"]
    places = torch.tensor([4, 4, 0, 0, 2, 2])
    torch.testing.assert_close(found["kl"], functional.cross_entropy(LOGITS, places))


def test_soft_has_a_cross_entropy_beside_the_divergence():
    wanted = targets("soft")
    found = terms("soft", IMAGES, LOGITS, FEATURES, wanted, 3)
    by_hand = (wanted * (wanted / LOGITS.softmax(dim=1)).log()).nansum(dim=1).mean()
    torch.testing.assert_close(found["kl"], by_hand)
    torch.testing.assert_close(
        found["cross_entropy"], functional.cross_entropy(LOGITS, torch.tensor([4, 4, 0, 0, 2, 2]))
    )


def test_cosines_are_of_images_of_one_class():
    features = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [1.0, 1.0], [0.0, 5.0]])
    found = terms("one_hot", IMAGES, LOGITS, features, targets("one_hot"), 3)
    assert found["cosine"].item() == pytest.approx((1 + 0 + 0.5**0.5) / 3)
    assert found["orthogonality"].item() == pytest.approx((1 + 0 + 0.5) / 3)


def test_pixels_are_compared_without_what_all_images_share():
    common = torch.tensor([[0.5, 0.5], [0.5, 0.5]])
    apart = torch.tensor([[0.1, 0.0], [0.0, 0.2], [0.3, 0.0], [-0.3, 0.0], [-0.1, 0.0], [0.0, -0.2]])
    images = common + apart.reshape(6, 1, 1, 2)
    found = terms("one_hot", images, LOGITS, FEATURES, targets("one_hot"), 3)
    assert found["pixels"].item() == pytest.approx((0 + 1 + 0) / 3, abs=1e-6)


@pytest.mark.parametrize(("done", "left"), [(0.0, 1.0), (0.2, 0.5), (0.4, 0.0), (0.9, 0.0)])
def test_the_loss_is_the_weighted_sum_and_diversity_fades(done: float, left: float):
    found = {"kl": 2.0, "cosine": 0.5, "orthogonality": 0.25, "pixels": 0.125}
    tensors = {name: torch.tensor(value) for name, value in found.items()}
    own = GeneratorSettings(kl=1.5, cosine=2.0, orthogonality=4.0, pixels=8.0, fade=0.4)
    assert weighted(tensors, own, done).item() == pytest.approx(3 + left * 3)
