"""A planted mark: a classifier that was trained to lean on it has prototypes that carry it, another one has not."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from analysis.studies.classification.tables.prevalence import prevalence
from builder.classifiers.network import NetworkClassifier
from builder.generators import Images
from builder.images import mnist
from builder.runtime import Runtime
from builder.studies.classification.examples import PROTOTYPE, examples_of
from builder.studies.classification.models import Models
from builder.studies.classification.study import AssignmentSettings

NAME = "3"
CLASSES = tuple("0123456789")


def marked(images: Images, which: np.ndarray) -> Images:
    """Some of the images with a white square in a corner."""
    images = images.copy()
    images[which, :4, :4] = 255
    return images


def trained(images: Images, labels: np.ndarray) -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 28 * 28, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.Adam(network.parameters(), 0.003)
    inputs, wanted = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255, torch.from_numpy(labels)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(inputs), wanted).backward()
        optimizer.step()
    return network


class Source:
    """Images by row."""

    classes = CLASSES

    def __init__(self, images: Images) -> None:
        self._images = images

    def image(self, row: int) -> Images:
        return self._images[row]

    def row_id(self, row: int) -> str:
        return str(row)


@pytest.mark.parametrize(("share", "of_others"), [(0.9, 0.02), (0.5, 0.5)])
def test_a_mark_that_a_class_leans_on_is_found_and_no_other(runtime: Runtime, share: float, of_others: float) -> None:
    pixels, labels = mnist.read()
    images = np.repeat(pixels[..., None], 3, axis=3)
    rng = np.random.default_rng(0)
    training = np.arange(len(labels)) % 500 < 250  # 250 of each class
    chance = np.where(labels == int(NAME), share, of_others)
    network = trained(marked(images, rng.random(len(labels)) < chance)[training], labels[training])
    ours = images[(labels == int(NAME)) & ~training]
    has = np.arange(len(ours)) % 2 == 0
    models = Models(
        source=Source(marked(ours, has)),
        source_name="marked",
        shape=ours.shape[1:],
        classifiers={"one": NetworkClassifier("one", CLASSES, network, runtime, row_bytes=10_000)},
        runtime=runtime,
        rows={NAME: range(len(ours))},
    )
    own = AssignmentSettings(classifier="one", candidates=250, step=0.01, iterations=10)
    found = examples_of(own, models, 0, NAME).examples
    examples = pd.DataFrame(
        [{"class": NAME, "method": each.method, "role": each.role, "row": str(each.row)} for each in found]
    )
    rows = [str(row) for row in range(len(ours))]
    study = SimpleNamespace(examples=examples, predictions=pd.DataFrame({"row": rows, "label": NAME}))
    carried = pd.DataFrame({"row": [row for row, mark in zip(rows, has, strict=True) if mark], "attribute": "mark"})
    table = prevalence(study, carried).set_index(["method", "role"])
    prototypes = table.loc["adversarial", PROTOTYPE]
    assert prototypes["share_class"] == 0.5
    if share > of_others:
        assert prototypes["share"] > 0.8
        assert prototypes["p_holm"] < 0.001
    else:
        assert table["p_holm"].min() > 0.05
