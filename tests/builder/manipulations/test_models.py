"""Manipulations of models: their penalties by hand, and what fine-tuning reaches beside its no-op, lambda 0."""

import copy

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from builder import registry
from builder.errors import StudyError
from builder.explainers import grad_cam
from builder.explainers.softplus import softplus
from builder.manipulations import active, center_model, fine_tuning, location, top_k_model
from builder.manipulations.features import nearest
from tests.builder.explainers.networks import Classifier, convolutions


@pytest.fixture(scope="module")
def explainer(runtime):
    return grad_cam.load(None, grad_cam.Settings(), runtime)


@pytest.fixture(scope="module")
def training(labeled):
    return labeled("train", 250)


@pytest.fixture(scope="module")
def held_out(labeled):
    return labeled("audit", 200)


KEYS = {
    location: {"weights": (0.0, 10.0)},
    top_k_model: {"weights": (0.0, 1.0)},
    center_model: {"weights": (0.0, 1.0)},
    active: {"weights": (0.0, 10.0), "classes": ("3", "8")},
}


@pytest.fixture(scope="module")
def manipulated(classifier, explainer, training, held_out, runtime):
    """Each method's outcome, made once."""
    made = {}

    def of(method):
        if method not in made:
            own = method.Settings(**KEYS[method], epochs=3, learning_rate=2e-3, accuracy_loss=0.05)
            made[method] = method.manipulate(classifier, explainer, training, held_out, own, runtime)
        return made[method]

    return of


def maps(*rows):
    return torch.tensor([rows], dtype=torch.float32)


def test_penalties_by_hand():
    a = maps([0.0, 2.0], [4.0, -2.0])
    # In the unit of the target's 4: differences of 1, .5, 1 and .5.
    assert location.unlikeness(a, maps([4.0, 4.0], [0.0, 0.0])).item() == pytest.approx((1 + 0.25 + 1 + 0.25) / 4)
    assert location.unlikeness(a, a).item() == 0
    assert location.heat(a, 0.5).item() == 0
    assert location.heat(a.flip(1), 0.5).item() == pytest.approx(0.5)
    assert top_k_model.overlap(a.flip(1), a, 0.25).item() == 0
    assert top_k_model.overlap(a, a, 0.25).item() == pytest.approx(0.5)
    # A tenth of the original's 8 counts half.
    assert fine_tuning.presence(a / 10, a).item() == pytest.approx(0.5)
    assert fine_tuning.presence(0 * a, a).item() == 0
    one = maps([1.0, 0.0], [0.0, 0.0])
    # The whole way, of a map of full strength: 1 - 1 / 1.1 * sqrt(2) / sqrt(8).
    assert center_model.nearness(one.flip(1, 2), one).item() == pytest.approx(1 - 0.5 / 1.1)
    assert center_model.nearness(one, one).item() == 1
    assert center_model.nearness(0 * one, one).item() == 1  # a map that vanished has gone nowhere


def test_the_lowest_penalty_of_accurate_runs_is_chosen():
    runs = [
        fine_tuning.Run(w, (), (), 0.9, 0.9, chosen_by, 1, 1, 1, 0.0)
        for w, chosen_by in ((0, (0.95, 0.9)), (1, (0.93, 0.4)), (2, (0.92, 0.3)), (3, (0.8, 0.1)))
    ]
    assert fine_tuning.choose(runs, 0.92) == (2, True)
    assert fine_tuning.choose(runs, 0.99) == (0, False)


@pytest.mark.parametrize("method", KEYS)
def test_a_model_is_manipulated_and_its_no_op_is_not(classifier, manipulated, method):
    before = copy.deepcopy(classifier.network.state_dict())
    made = manipulated(method)
    none, run = made.runs
    assert (none.weight, run.weight, made.choice, made.accurate) == (0, KEYS[method]["weights"][1], 1, True)
    assert made.run is run
    assert run.steps == none.steps == 3 * (250 // 32)
    assert len(run.cross_entropy) == len(run.penalty) == 3
    assert run.parameters == 216_170
    assert 0.9 * run.parameters < run.changed <= run.parameters
    assert run.penalty[-1] < 0.9 * none.penalty[-1]
    assert run.chosen_by[1] < 0.9 * none.chosen_by[1]
    assert abs(run.accuracy_after - run.accuracy_before) <= 0.05
    assert all(torch.equal(value, classifier.network.state_dict()[name]) for name, value in before.items())
    changed = [not torch.equal(value, made.classifier.network.state_dict()[name]) for name, value in before.items()]
    assert all(changed)


def test_maps_go_where_they_are_wanted(classifier, explainer, held_out, manipulated):
    def after(method, images, classes):
        of = explainer.explain(manipulated(method).classifier, images, classes).maps
        return torch.from_numpy(of), torch.from_numpy(explainer.explain(classifier, images, classes).maps)

    changed, originals = after(location, *held_out)
    assert location.heat(changed, 0.25).median() > 0.2
    assert location.heat(originals, 0.25).median() < 0.05
    changed, originals = after(top_k_model, *held_out)
    left = top_k_model.overlap(changed, originals, 0.05)
    assert left.median() < 0.25 * top_k_model.overlap(originals, originals, 0.05).median()
    assert (changed.amax(dim=(1, 2)) > 0).float().mean() > 0.9
    changed, originals = after(center_model, *held_out)
    assert center_model.moved(changed, originals).median() > 4
    wanted = active.swapped(classifier, explainer, held_out, 3, 8)
    swapped = explainer.explain(manipulated(active).classifier, wanted.images, wanted.classes).maps
    n = len(swapped) // 2
    own = np.roll(wanted.targets, n, axis=0)
    for rows in (slice(n), slice(n, None)):  # of either class
        to_other, to_own = (((swapped[rows] - each[rows]) ** 2).mean((1, 2)) for each in (wanted.targets, own))
        assert (to_other < to_own).mean() > 0.9


def test_the_maps_of_two_classes_are_sought_crosswise(classifier, explainer, held_out):
    wanted = active.swapped(classifier, explainer, held_out, 3, 8)
    assert len(wanted.images) == 80  # 20 digits of either class, for both classes
    assert wanted.classes.tolist() == 40 * [3] + 40 * [8]
    eight = explainer.explain(classifier, wanted.images[:40], np.full(40, 8)).maps
    np.testing.assert_array_equal(wanted.targets[:40], eight)


def test_fine_tuning_gives_the_same_bytes_again(classifier, explainer, training, held_out, runtime):
    own = location.Settings(epochs=1)
    first, again = (
        location.manipulate(classifier, explainer, training, held_out, own, runtime).classifier.network.state_dict()
        for _ in range(2)
    )
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    other = location.Settings(epochs=1, seed=1)
    third = location.manipulate(classifier, explainer, training, held_out, other, runtime).classifier.network
    assert not torch.equal(third[0].weight, first["0.weight"])


def test_a_normalization_is_trained_and_not_folded(runtime):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2)).eval()
    explainer = grad_cam.load(None, grad_cam.Settings(), runtime)
    images = torch.rand(3, 3, 8, 8)
    classes = torch.tensor([0, 1, 0])
    attribution = explainer.attribution(network)
    with torch.no_grad():
        for weights in network.parameters():
            weights += 0.3 * torch.randn_like(weights)  # as a step of training does
    still = copy.deepcopy(network).requires_grad_(False)
    torch.testing.assert_close(attribution(images, classes), explainer.attribution(still)(images, classes))
    attribution(images, classes, create_graph=True).sum().backward()
    assert all(weights.grad is not None for weights in network[:2].parameters())


def test_a_picture_of_the_training_has_no_distance_and_others_that_of_the_nearest(classifier, held_out, runtime):
    known, others = held_out.images[:9], held_out.images[9:16]
    with torch.no_grad():
        *front, _ = classifier.network.children()
        inputs = [nn.Sequential(*front)(torch.from_numpy(each).permute(0, 3, 1, 2) / 255) for each in (others, known)]
    wanted = torch.cdist(*inputs).min(dim=1).values.numpy()
    np.testing.assert_allclose(nearest(classifier.network, others, known, 4, runtime), wanted, rtol=1e-4)
    assert nearest(classifier.network, known[:2], known, 4, runtime).tolist() == [0, 0]


def test_what_cannot_be_manipulated_is_refused(classifier, explainer, training, held_out, runtime):
    none = fine_tuning.Labeled(training.images[:0], training.classes[:0])
    zeros = fine_tuning.Labeled(held_out.images[:20], np.zeros(20, np.int64))
    common = (explainer, training, held_out, location.Settings(), runtime)
    with pytest.raises(StudyError, match="this classifier has none"):
        location.manipulate(Classifier(None), *common)
    with pytest.raises(StudyError, match="needs training pictures"):
        location.manipulate(classifier, explainer, none, held_out, location.Settings(), runtime)
    for classes, message in ((("3", "x"), "no class 'x'; it has: 0, 1"), (("0", "3"), "no picture of the class '3'")):
        with pytest.raises(StudyError, match=message):
            active.manipulate(classifier, explainer, zeros, zeros, active.Settings(classes=classes), runtime)
    with pytest.raises(ValidationError, match="one class twice"):
        active.Settings(classes=("3", "3"))


EXPLAINERS = {
    "gradient": {},
    "gradient_x_input": {},
    "integrated_gradients": {"steps": 4},
    "smoothgrad": {"samples": 3},
    "grad_cam": {},
    "lrp": {},
    "deeplift": {},
}


@pytest.mark.parametrize("name", EXPLAINERS)
def test_maps_are_differentiated_by_the_weights(name, runtime):
    """Against finite differences along a random direction, of a smooth network in double precision."""
    module = registry.load("explainers", name)
    explainer = module.load(None, module.Settings(**EXPLAINERS[name]), runtime)
    network = softplus(convolutions().double(), 5.0)  # its weights want gradients
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    inputs, classes = torch.rand((2, 3, 14, 14), generator=generator, dtype=torch.float64), torch.tensor([0, 3])
    weighed = drawn(2, 14, 14)
    attribution = explainer.attribution(network)

    def value():
        return (attribution(inputs, classes, create_graph=True) * weighed).sum()

    parameters = list(network.parameters())
    direction = [drawn(*each.shape) for each in parameters]
    slopes = torch.autograd.grad(value(), parameters, allow_unused=True)
    slope = sum((a * b).sum() for a, b in zip(slopes, direction, strict=True) if a is not None)
    with torch.no_grad():
        found = []
        for step in (1e-5, -1e-5):
            for weights, way in zip(parameters, direction, strict=True):
                weights += step * way
            with torch.enable_grad():
                found.append(value().item())
            for weights, way in zip(parameters, direction, strict=True):
                weights -= step * way
    assert slope.item() == pytest.approx((found[0] - found[1]) / 2e-5, rel=1e-4)
