"""Explainers of networks against captum, closed forms and each other."""

from dataclasses import replace

import captum.attr
import numpy as np
import pytest
import torch
from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule
from torch import nn
from torch.nn import functional

from builder import registry
from builder.errors import StudyError
from builder.explainers import (
    deeplift,
    gradient,
    gradient_x_input,
    guided_backpropagation,
    integrated_gradients,
    lrp,
    smoothgrad,
)
from builder.explainers.softplus import softplus
from builder.explainers.steps import Steps, traced
from builder.runtime import start_runtime
from tests.builder.explainers.networks import Classifier, TwoLayers, convolutions, pictures, tensors

CLASSES = torch.tensor([0, 1, 2, 3, 4])

OF_NETWORKS = {
    "gradient": {},
    "gradient_x_input": {},
    "integrated_gradients": {"steps": 4},
    "smoothgrad": {"samples": 3},
    "grad_cam": {},
    "guided_backpropagation": {},
    "lrp": {},
    "deeplift": {},
}


def explainer(name, runtime, **keys):
    module = registry.load("explainers", name)
    return module.load(None, module.Settings(**keys), runtime)


@pytest.fixture
def inputs():
    return tensors(pictures()).requires_grad_()


def agree(ours, wanted, atol=1e-6):
    assert wanted.abs().max() > 1e-3  # else agreement would mean nothing
    torch.testing.assert_close(ours, wanted.detach(), rtol=1e-4, atol=atol)


def test_gradients_agree_with_captum(inputs):
    network = convolutions()
    saliency = captum.attr.Saliency(network).attribute(inputs, CLASSES, abs=False)
    agree(gradient.gradient(network, inputs, CLASSES), saliency)
    wanted = captum.attr.InputXGradient(network).attribute(inputs, CLASSES)
    agree(gradient_x_input.gradient_x_input(network, inputs, CLASSES).detach(), wanted)


def test_integrated_gradients_agree_with_captum(inputs):
    network, own = convolutions(), integrated_gradients.Settings(steps=20, baseline=0.25)
    wanted = captum.attr.IntegratedGradients(network).attribute(
        inputs, 0.25, CLASSES, n_steps=20, method="riemann_middle"
    )
    agree(integrated_gradients.integrated_gradients(network, inputs, CLASSES, own).detach(), wanted)


def test_smoothgrad_is_the_mean_of_captums_gradients_of_the_noisy_images(inputs):
    network, own = convolutions(), smoothgrad.Settings(samples=4, noise=0.2, seed=7)
    source = torch.Generator().manual_seed(7)
    spread = inputs.detach().flatten(1).max(1).values - inputs.detach().flatten(1).min(1).values
    noise = [torch.randn(inputs.shape[1:], generator=source) for _ in range(4)]
    saliency = captum.attr.Saliency(network)
    noisy = [(inputs + 0.2 * spread.view(-1, 1, 1, 1) * each).detach() for each in noise]
    wanted = torch.stack([saliency.attribute(each, CLASSES, abs=False) for each in noisy]).mean(0)
    agree(smoothgrad.smoothgrad(network, inputs, CLASSES, own).detach(), wanted)


@pytest.mark.parametrize("layer", [None, "first"])
def test_grad_cam_agrees_with_captum(runtime, layer):
    network, images = convolutions(), pictures()
    captums = captum.attr.LayerGradCam(network, network.relu2 if layer is None else network.first)
    heat = captums.attribute(tensors(images), CLASSES, relu_attributions=True)
    wanted = functional.interpolate(heat, (14, 14), mode="bilinear")[:, 0]
    maps = explainer("grad_cam", runtime, layer=layer).explain(Classifier(network), images, CLASSES.numpy()).maps
    agree(torch.from_numpy(maps), wanted)


def test_guided_backpropagation_agrees_with_captum(inputs):
    network = convolutions()
    steps = Steps(network, "guided")
    ours = guided_backpropagation.guided_backpropagation(steps, inputs, CLASSES)
    agree(ours, captum.attr.GuidedBackprop(network).attribute(inputs, CLASSES))


@pytest.mark.parametrize(("rule", "captums"), [("epsilon", EpsilonRule(1e-9)), ("z_plus", Alpha1_Beta0_Rule())])
@pytest.mark.parametrize("pool", [nn.MaxPool2d, nn.AvgPool2d])
def test_lrp_agrees_with_captum(inputs, rule, captums, pool):
    network = convolutions(pool=pool, bias=rule == "epsilon")  # captum's z+ takes biases below 0, the paper's does not
    ours = lrp.lrp(Steps(network, "lrp"), inputs, CLASSES, lrp.Settings(rule=rule, epsilon=1e-9)).detach()
    for layer in (network.first, network.second, network.third, network.fourth):
        layer.rule = captums
    for layer in (network.pool1, network.pool2):
        layer.rule = EpsilonRule(1e-9)
    agree(ours, captum.attr.LRP(network).attribute(inputs, CLASSES), atol=1e-5)


def test_deeplift_agrees_with_captum(inputs):
    """Of means: where captum 0.9 meets a maximum, its shares do not add up to the score."""
    network = convolutions(pool=nn.AvgPool2d)
    ours = deeplift.deeplift(Steps(network, "deeplift"), inputs, CLASSES, deeplift.Settings(baseline=0.5)).detach()
    agree(ours, captum.attr.DeepLift(network).attribute(inputs, torch.full_like(inputs, 0.5), CLASSES), atol=1e-5)


def test_of_a_linear_model_every_share_is_weight_times_difference(inputs):
    torch.manual_seed(5)
    linear = nn.Linear(3 * 14 * 14, 5, bias=False)
    network = nn.Sequential(nn.Flatten(), linear)
    weights = linear.weight[CLASSES].view(5, 3, 14, 14).detach()
    wanted = weights * inputs.detach()
    from_half = weights * (inputs.detach() - 0.5)
    steps = Steps(network, "test")
    agree(gradient.gradient(network, inputs, CLASSES), weights)
    agree(gradient_x_input.gradient_x_input(network, inputs, CLASSES).detach(), wanted)
    own = integrated_gradients.Settings(steps=3, baseline=0.5)
    agree(integrated_gradients.integrated_gradients(network, inputs, CLASSES, own).detach(), from_half)
    agree(smoothgrad.smoothgrad(network, inputs, CLASSES, smoothgrad.Settings(samples=2)).detach(), weights)
    agree(guided_backpropagation.guided_backpropagation(steps, inputs, CLASSES), weights)
    agree(lrp.lrp(steps, inputs, CLASSES, lrp.Settings(rule="epsilon", epsilon=1e-9)).detach(), wanted, 1e-5)
    agree(deeplift.deeplift(steps, inputs, CLASSES, deeplift.Settings(baseline=0.5)).detach(), from_half)


def test_two_layers_of_relu_by_hand():
    """x = (.4, .2, .8): h = relu(.8, .6), the score of class 0 is 2 * .8 - .6 = 1."""
    network, x = TwoLayers(), torch.tensor([0.4, 0.2, 0.8]).view(1, 3, 1, 1)
    steps, first = Steps(network, "test"), torch.tensor([0])

    def of(found):
        return pytest.approx(found.detach().flatten().numpy(), abs=1e-5)

    # Both units are on: w = 2 (1, 2, 0) - (0, -1, 1).
    assert np.array([2, 5, -1]) == of(gradient.gradient(network, x, first))
    shares = np.array([0.8, 1.0, -0.8])
    assert shares == of(gradient_x_input.gradient_x_input(network, x, first))
    # On the way from 0 nothing switches; so every method that begins there gives the same, which adds up to 1.
    assert shares == of(integrated_gradients.integrated_gradients(network, x, first, integrated_gradients.Settings()))
    assert shares == of(deeplift.deeplift(steps, x, first, deeplift.Settings()))
    assert shares == of(lrp.lrp(steps, x, first, lrp.Settings(rule="epsilon", epsilon=1e-9)))
    # What arrives at the second unit is -1, which the guided ReLU stops.
    assert np.array([2, 4, 0]) == of(guided_backpropagation.guided_backpropagation(steps, x, first))
    # z+ of the output: h0 takes all. z+ of the first unit, .4 and .4: half of the score each.
    assert np.array([0.5, 0.5, 0]) == of(lrp.lrp(steps, x, first, lrp.Settings(rule="z_plus", epsilon=1e-9)))


def test_where_a_relu_switches_on_the_way_its_mean_slope_counts():
    """relu(x1 - x2 + x3 - .5) from black, -.5, to (1, .5, .5), +.5: it is on for the second half of the way."""
    linear = nn.Linear(3, 1)
    linear.weight.data.copy_(torch.tensor([[1.0, -1.0, 1.0]]))
    linear.bias.data.fill_(-0.5)
    network = nn.Sequential(nn.Flatten(), linear, nn.ReLU())
    x, only = torch.tensor([1.0, 0.5, 0.5]).view(1, 3, 1, 1), torch.tensor([0])
    wanted = pytest.approx([0.5, -0.25, 0.25])
    shares = deeplift.deeplift(Steps(network, "test"), x, only, deeplift.Settings())
    assert shares.flatten().tolist() == wanted
    shares = integrated_gradients.integrated_gradients(network, x, only, integrated_gradients.Settings(steps=10))
    assert shares.flatten().tolist() == wanted


@pytest.mark.parametrize(
    ("pixels", "wanted"), [([0.2, 0.9], [0, 0.4]), ([0.2, 0.4], [-0.1, 0]), ([0.5, 0.6], [0, 0.1])]
)
def test_a_maximum_that_moves_in_deeplift_by_hand(pixels, wanted):
    """From gray, .5: a rise belongs to the pixel that is the maximum now, a fall to the one that was."""
    network = nn.Sequential(nn.MaxPool2d((1, 2)), nn.Flatten())
    x = torch.tensor(pixels).view(1, 1, 1, 2)
    shares = deeplift.deeplift(Steps(network, "test"), x, torch.tensor([0]), deeplift.Settings(baseline=0.5))
    assert shares.flatten().tolist() == pytest.approx(wanted)


@pytest.mark.parametrize("pool", [nn.MaxPool2d, nn.AvgPool2d])
def test_shares_add_up_to_the_score(inputs, pool):
    network = convolutions(bias=True, pool=pool)
    steps = Steps(network, "test")
    score, black = (network(each).gather(1, CLASSES[:, None])[:, 0].detach() for each in (inputs, 0 * inputs))

    def total(attributions):
        return attributions.detach().sum(dim=(1, 2, 3))

    if pool is nn.AvgPool2d:  # ReLUs and maxima have kinks, at which an integral in n steps errs by 1/n
        smooth, own = softplus(network, 20.0), integrated_gradients.Settings(steps=300)
        difference = (smooth(inputs) - smooth(0 * inputs)).gather(1, CLASSES[:, None])[:, 0].detach()
        integrated = integrated_gradients.integrated_gradients(smooth, inputs, CLASSES, own)
        torch.testing.assert_close(total(integrated), difference, rtol=0, atol=1e-4)
    torch.testing.assert_close(
        total(deeplift.deeplift(steps, inputs, CLASSES, deeplift.Settings())), score - black, rtol=0, atol=1e-4
    )
    without = convolutions(bias=False, pool=pool)
    score = without(inputs).gather(1, CLASSES[:, None])[:, 0].detach()
    steps = Steps(without, "test")
    for rule in ("epsilon", "z_plus", "composite"):
        own = lrp.Settings(rule=rule, epsilon=1e-9)
        torch.testing.assert_close(total(lrp.lrp(steps, inputs, CLASSES, own)), score, rtol=0, atol=1e-4)


def test_the_box_of_lrp_by_hand():
    """One convolution of one pixel, weights (1, -2, .5), x = (.5, .25, 1) in 0..1: z = x w - 0 w+ - 1 w- is
    (.5, -.5 + 2, .5) = 2.5 in all; the score is .5 - .5 + .5 = .5, of which (.1, .3, .1) are the shares.
    """
    convolution = nn.Conv2d(3, 1, 1, bias=False)
    convolution.weight.data.copy_(torch.tensor([1.0, -2.0, 0.5]).view(1, 3, 1, 1))
    steps = Steps(nn.Sequential(convolution, nn.Flatten()), "lrp")
    x = torch.tensor([0.5, 0.25, 1.0]).view(1, 3, 1, 1)
    relevance = lrp.lrp(steps, x, torch.tensor([0]), lrp.Settings(rule="composite", epsilon=1e-9))
    assert relevance.flatten().tolist() == pytest.approx([0.1, 0.3, 0.1], abs=1e-6)


class Scaled(nn.Module):
    """Pixels scaled, a batch normalization, a residual, functions in place: what networks are made of."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1))
        self.first, self.norm, self.second = (
            nn.Conv2d(3, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.Conv2d(6, 6, 3, padding=1),
        )
        self.relu, self.out = nn.ReLU(inplace=True), nn.Linear(6, 5)

    def forward(self, x):
        x = functional.relu(self.norm(self.first((x - self.mean) / 0.25)), inplace=True)
        y = self.relu(self.second(functional.pad(x, (0, 0, 0, 0))))
        x += y
        return self.out(x.mean((2, 3)))


@pytest.fixture
def scaled():
    torch.manual_seed(2)
    network = Scaled().train()
    for _ in range(3):
        network(torch.rand(8, 3, 14, 14))
    return network.eval().requires_grad_(False)


def test_a_network_taken_apart_gives_the_same_answers_and_stays_as_it_is(scaled, inputs):
    before = {name: value.clone() for name, value in scaled.state_dict().items()}
    tape = Steps(scaled, "test").run(inputs)
    torch.testing.assert_close(tape.logits, scaled(inputs), rtol=1e-5, atol=1e-6)
    assert "norm" not in [step.name for step in tape.steps]
    own = deeplift.Settings()
    shares = deeplift.deeplift(Steps(scaled, "test"), inputs, CLASSES, own).detach().sum((1, 2, 3))
    difference = scaled(inputs) - scaled(0 * inputs)
    torch.testing.assert_close(shares, difference.gather(1, CLASSES[:, None])[:, 0].detach(), rtol=0, atol=1e-4)
    assert scaled.relu.inplace
    assert all(torch.equal(before[name], value) for name, value in scaled.state_dict().items())


def test_the_softplus_twin_goes_to_the_network_as_beta_grows(scaled, inputs):
    answers = scaled(inputs)
    near = [(softplus(scaled, beta)(inputs) - answers).abs().max().item() for beta in (1, 10, 100, 1000)]
    assert near[0] > near[1] > near[2] > near[3]
    assert near[3] < 1e-3
    with pytest.raises(StudyError, match="has no ReLU"):
        softplus(nn.Sequential(nn.Flatten(), nn.Linear(3, 2)), 1.0)


class Bends(nn.Module):
    """The three kinds of ReLU, as modules and as functions."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3), nn.Conv2d(6, 6, 3)
        self.leaky, self.relu6, self.relu, self.out = nn.LeakyReLU(0.1), nn.ReLU6(), nn.ReLU(), nn.Linear(6, 5)

    def forward(self, x):
        x = functional.relu6(self.leaky(self.first(x)) * 3)
        x = self.relu6(self.second(x).relu())
        return self.out(functional.relu(self.relu(self.third(x))).mean((2, 3)))


def test_the_softplus_twin_has_the_steps_of_the_network(inputs):
    """So that rules for activations see each as one: a leaky ReLU is no sum of two things to them."""
    torch.manual_seed(0)
    network = Bends().eval()
    steps, twin = Steps(network, "test"), Steps(softplus(network, 1e4), "test")
    kinds = [[step.kind for step in each.run(inputs).steps] for each in (steps, twin)]
    assert kinds[0] == kinds[1]
    own = lrp.Settings(rule="z_plus", epsilon=1e-3)
    agree(lrp.lrp(twin, inputs, CLASSES, own).detach(), lrp.lrp(steps, inputs, CLASSES, own), atol=1e-3)


@pytest.mark.parametrize(
    "name", ["gradient", "gradient_x_input", "integrated_gradients", "smoothgrad", "lrp", "deeplift"]
)
def test_maps_can_be_differentiated_again(runtime, name):
    """By the softplus twin: the derivative of a weighed map is that of finite differences, in float64."""
    network = softplus(convolutions(pool=nn.AvgPool2d), 5.0).double()
    attribute = explainer(name, runtime, **OF_NETWORKS[name]).attribution(network)
    torch.manual_seed(3)
    x, weights = torch.rand(1, 3, 14, 14, dtype=torch.float64), torch.rand(1, 14, 14, dtype=torch.float64)
    direction = torch.randn_like(x)

    def loss(at):
        return (weights * attribute(at, CLASSES[:1], create_graph=True)).sum()

    variable = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(loss(variable), variable)
    step = 1e-6
    with torch.enable_grad():
        measured = (loss(x + step * direction) - loss(x - step * direction)) / (2 * step)
    wanted = (slope * direction).sum().item()
    assert abs(wanted) > 1e-4
    assert measured.item() == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("name", OF_NETWORKS)
def test_an_images_map_is_its_own(runtime, name):
    """Alone, among others, in any order, in any number of streams: the same bytes."""
    classifier, images, classes = Classifier(convolutions()), pictures(19), np.arange(19) % 5
    method = explainer(name, runtime, **OF_NETWORKS[name])
    explained = method.explain(classifier, images, classes)
    assert explained.segments is None
    assert explained.maps.shape == (19, 14, 14)
    assert explained.maps.dtype == np.float32
    assert np.ptp(explained.maps, axis=(1, 2)).min() > 0
    np.testing.assert_array_equal(method.explain(classifier, images, classes).maps, explained.maps)
    np.testing.assert_array_equal(method.explain(classifier, images[::-1], classes[::-1]).maps, explained.maps[::-1])
    np.testing.assert_array_equal(method.explain(classifier, images[7:8], classes[7:8]).maps, explained.maps[7:8])


def test_streams_do_not_change_a_map():
    """LRP changes weights, Grad-CAM listens to a layer: neither must meet another stream."""
    classifier, images, classes = Classifier(convolutions()), pictures(40), np.arange(40) % 5
    for name, keys in (("lrp", {}), ("grad_cam", {"layer": "relu2"})):
        one, four = (
            explainer(name, start_runtime("cpu", threads), **keys).explain(classifier, images, classes).maps
            for threads in (1, 4)
        )
        np.testing.assert_array_equal(one, four)


@pytest.mark.parametrize("name", OF_NETWORKS)
def test_a_classifier_without_a_network_is_refused_with_the_reason(runtime, name):
    with pytest.raises(StudyError, match=f"'{name}' differentiates a network, and this classifier has none.*lime"):
        explainer(name, runtime).explain(Classifier(None), pictures(), CLASSES.numpy())


class Branching(nn.Module):
    def forward(self, x):
        return x.flatten(1)[:, :2] if x.mean() > 0 else x.flatten(1)[:, 1:3]


class Multiplying(nn.Module):
    def forward(self, x):
        return (x * x).flatten(1)[:, :5]


@pytest.mark.parametrize("name", ["guided_backpropagation", "lrp", "deeplift"])
@pytest.mark.parametrize(
    ("network", "match"), [(Branching(), "cannot be traced"), (Multiplying(), "no rule for the network's step")]
)
def test_a_network_without_rules_is_refused_and_the_gradient_does_without(runtime, name, network, match):
    with pytest.raises(StudyError, match=match):
        explainer(name, runtime).explain(Classifier(network), pictures(1), np.array([0]))
    assert explainer("gradient", runtime).explain(Classifier(network), pictures(1), np.array([0])).maps.any()


def test_grad_cam_says_which_layers_there_are(runtime):
    images, classes = pictures(1), np.array([0])
    with pytest.raises(StudyError, match=r"no layer 'third_'; it has: .*first, second"):
        explainer("grad_cam", runtime, layer="third_").explain(Classifier(convolutions()), images, classes)
    with pytest.raises(StudyError, match="no convolution"):
        explainer("grad_cam", runtime).explain(Classifier(TwoLayers()), images, classes)
    with pytest.raises(StudyError, match="layer third gives no feature maps but 2 axes"):
        explainer("grad_cam", runtime, layer="third").explain(Classifier(convolutions()), images, classes)


@pytest.mark.parametrize("name", OF_NETWORKS)
def test_an_argument_is_refused(runtime, name):
    module = registry.load("explainers", name)
    with pytest.raises(StudyError, match=f"{name} takes no argument"):
        module.load("something", module.Settings(), runtime)


@pytest.mark.slow
def test_a_network_of_depth_is_taken_apart_and_explained(runtime):
    """EfficientNet-Lite: paddings, residuals, ReLU6, batch normalizations. DeepLIFT's shares add up to the score."""
    family = registry.load("classifiers", "efficientnet-lite0")
    classifier = family.load(None, family.Settings(), runtime)
    image = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), np.uint8)
    inputs, class_of = tensors(image).requires_grad_(), classifier.probabilities(image).argmax(axis=1)
    network = classifier.network
    tape = Steps(network, "test").run(inputs)
    torch.testing.assert_close(tape.logits, network(inputs), rtol=0, atol=1e-4)
    assert len(tape.steps) > 100
    difference = (network(inputs) - network(0 * inputs))[0, class_of[0]].item()
    shares = explainer("deeplift", runtime).explain(classifier, image, class_of).maps
    assert shares.sum() == pytest.approx(difference, abs=1e-3)
    for name in ("grad_cam", "guided_backpropagation", "lrp"):
        assert np.ptp(explainer(name, runtime).explain(classifier, image, class_of).maps) > 0


@pytest.mark.parametrize("name", registry.names("explainers"))
def test_every_explainer_has_its_line_in_the_catalog(runtime, name):
    (entry,) = registry.load("explainers", name).describe(name, runtime)
    assert (entry.model, entry.weights, entry.device) == (name, "none needed", "cpu")


class Choosy(nn.Module):
    """A dense layer that asks something of the images first."""

    def __init__(self, asks):
        super().__init__()
        self.asks, self.dense = asks, nn.Linear(3, 2)

    def forward(self, images):
        """(n, 3, h, w) -> (n, 2)."""
        if self.asks(images):
            raise ValueError("no such images")
        return self.dense(images.mean(dim=(2, 3)))


def test_a_network_may_ask_how_many_channels_there_are_and_no_more():
    network, images = Choosy(lambda images: (images * 2).shape[1] != 3 or images.size(1) > 3), torch.rand(2, 3, 5, 7)
    torch.testing.assert_close(traced(network, "lrp")(images), network(images))
    for asks in (lambda images: images.shape[2] > 80, lambda images: images.sum() < 0):
        with pytest.raises(StudyError, match=r"'lrp' walks .* cannot be traced"):
            traced(Choosy(asks), "lrp")


def test_micro_batches_fit_into_memory(runtime):
    """At 1024 pixels DeepLIFT keeps 3.4 GiB of an image, 1.7 GB at 700; an eighth of the memory is for them."""
    for memory, side, rows in ((8, 1024, 1), (8, 224, 4), (32, 700, 2), (2, 28, 4)):
        explainer = gradient.load(None, gradient.Settings(), replace(runtime, memory=memory * 2**30))
        explainer.fit(side, side)
        assert explainer.micro_batch == rows
