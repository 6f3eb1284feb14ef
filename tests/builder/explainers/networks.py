"""Small networks and classifiers that the tests of explainers share."""

import numpy as np
import torch
from torch import nn


class Classifier:
    """A classifier over a network of the tests, which sees `micro_batch` images at a time."""

    micro_batch = 16

    def __init__(self, network):
        self.network = network

    def probabilities(self, images):
        missing = -len(images) % self.micro_batch
        padded = np.concatenate([images, np.repeat(images[-1:], missing, axis=0)])
        with torch.inference_mode():
            answers = [self.network(each).softmax(dim=1) for each in tensors(padded).split(self.micro_batch)]
        return torch.cat(answers)[: len(images)].numpy()


class Convolutions(nn.Module):
    """Two convolutions, each pooled, and two dense layers. ReLUs are modules: captum's hooks want a module each."""

    def __init__(self, bias=True, pool=nn.MaxPool2d):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 6, 3, bias=bias), nn.Conv2d(6, 8, 3, padding=1, bias=bias)
        self.relu1, self.relu2, self.relu3 = nn.ReLU(), nn.ReLU(), nn.ReLU()
        self.pool1, self.pool2 = pool(2), pool(2)
        self.third, self.fourth = nn.Linear(8 * 3 * 3, 16, bias=bias), nn.Linear(16, 5, bias=bias)

    def forward(self, x):
        x = self.pool1(self.relu1(self.first(x)))
        x = self.pool2(self.relu2(self.second(x)))
        return self.fourth(self.relu3(self.third(x.flatten(1))))


def convolutions(**keys):
    torch.manual_seed(1)
    network = Convolutions(**keys).eval()
    with torch.no_grad():
        for weights in network.parameters():
            weights *= 3  # scores of a few units, as of trained networks
    return network


def pictures(n=5, side=14):
    return np.random.default_rng(3).integers(0, 256, (n, side, side, 3), np.uint8)


def tensors(images):
    return torch.from_numpy(images).permute(0, 3, 1, 2) / 255


class TwoLayers(nn.Module):
    """relu(W x) in two units, then two classes; of a picture of one pixel with three channels.

    W = [[1, 2, 0], [0, -1, 1]], class 0 = 2 h0 - h1, class 1 = h1.
    """

    def __init__(self):
        super().__init__()
        self.hidden, self.relu, self.out = nn.Linear(3, 2, bias=False), nn.ReLU(), nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.hidden.weight.copy_(torch.tensor([[1.0, 2.0, 0.0], [0.0, -1.0, 1.0]]))
            self.out.weight.copy_(torch.tensor([[2.0, -1.0], [0.0, 1.0]]))

    def forward(self, x):
        return self.out(self.relu(self.hidden(x.flatten(1))))
