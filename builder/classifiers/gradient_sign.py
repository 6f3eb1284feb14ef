"""A step of pictures along a gradient: what IFGSM is made of (see who calls it)."""

import torch
from torch import nn
from torch.nn import functional

LEVELS = 255


def stepped(
    network: nn.Module, x: torch.Tensor, labels: torch.Tensor, step: float, norm: str | None = None
) -> torch.Tensor:
    """One step of pictures (n, 3, h, w) in 0..1 away from their classes (n,); with a step below 0, towards them.

    norm: "l2" for a step along the gradient, divided by its length; else it is along the sign. A picture without a
    gradient stays as it is.
    """
    x = x.detach().requires_grad_()
    loss = functional.cross_entropy(network(x), labels, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, x)
    if norm == "l2":
        length = torch.linalg.vector_norm(gradient, dim=(1, 2, 3), keepdim=True)
        way: torch.Tensor = gradient / length.clamp_min(torch.finfo(gradient.dtype).tiny)
    else:
        way = gradient.sign()
    return (x.detach() + step * way).clamp(0, 1)
