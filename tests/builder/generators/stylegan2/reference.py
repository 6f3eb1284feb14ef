"""StyleGAN2's images by the formulas of the paper, one sample at a time and as plainly as they can be written.

Kernels are modulated and demodulated for each sample (equations 1 and 3) and applied by a grouped convolution;
a doubling is written out: zeros between the pixels, a convolution, and the 4 x 4 filter as a convolution.
In float64, from the parameters alone; nothing of the project's own network is used.
"""

import math

import torch
from torch.nn.functional import conv2d, leaky_relu, pad


def images(state, config, z, *, labels=None, truncation=1.0, noise=True):
    """(n, 3, side, side) for z (n, z_dim)."""
    state = {name: tensor.double() for name, tensor in state.items()}
    w = mapped(state, config, z.double(), labels, truncation)
    return torch.cat([image(state, config, row, noise) for row in w])


def mapped(state, config, z, labels=None, truncation=1.0):
    x = normalized(z.double())
    if labels is not None:
        embedded = labels.double() @ state["mapping.embed.weight"].double().T / math.sqrt(labels.shape[1])
        x = torch.cat([x, normalized(embedded + state["mapping.embed.bias"].double())], dim=1)
    for index in range(config.mapping_layers):
        weight, bias = (state[f"mapping.fc{index}.{kind}"].double() * 0.01 for kind in ("weight", "bias"))
        x = activated(x @ weight.T / math.sqrt(weight.shape[1]) + bias)
    average = state["mapping.w_avg"].double()
    return average + truncation * (x - average)


def normalized(x):
    return x / torch.sqrt((x**2).mean(dim=1, keepdim=True) + 1e-8)


def activated(x):
    return leaky_relu(x, 0.2) * math.sqrt(2)


def image(state, config, w, noise):
    x = state["synthesis.b4.const"][None]
    rgb, side = None, 4
    while side <= config.img_resolution:
        block = f"synthesis.b{side}"
        if side > 4:
            below = x
            x = styled(state, f"{block}.conv0", x, w, noise, config.conv_clamp, doubling=True)
        residual = side > 4 and config.architecture == "resnet"
        gain = math.sqrt(0.5) if residual else 1
        x = styled(state, f"{block}.conv1", x, w, noise, config.conv_clamp, gain=gain)
        if residual:
            kernel = state[f"{block}.skip.weight"]
            x = x + filtered(zeros_between(conv2d(below, kernel / math.sqrt(kernel.shape[1])))) * gain
        if rgb is not None:
            rgb = filtered(zeros_between(rgb))
        if config.architecture == "skip" or side == config.img_resolution:
            new = to_rgb(state, f"{block}.torgb", x, w, config.conv_clamp)
            rgb = new if rgb is None else rgb + new
        side *= 2
    return rgb


def style(state, name, w):
    weight = state[f"{name}.affine.weight"]
    return w @ weight.T / math.sqrt(weight.shape[1]) + state[f"{name}.affine.bias"]


def styled(state, name, x, w, noise, clamp, *, doubling=False, gain=1.0):
    kernel = state[f"{name}.weight"] * style(state, name, w)[None, :, None, None]
    kernel = kernel / torch.sqrt((kernel**2).sum(dim=(1, 2, 3), keepdim=True) + 1e-8)
    if doubling:
        # NVIDIA's conv2d_resample: before, 1 of the kernel and 2 of the filter; after, 1 and 1; and a true
        # convolution, so that the kernel turns over.
        x = conv2d(filtered(zeros_between(x), margin=(3, 2)), kernel.flip(2, 3))
    else:
        x = conv2d(x, kernel, padding=1)
    if noise:
        x = x + state[f"{name}.noise_const"] * state[f"{name}.noise_strength"]
    x = activated(x + state[f"{name}.bias"][None, :, None, None]) * gain
    return x if clamp is None else x.clamp(-clamp * gain, clamp * gain)


def to_rgb(state, name, x, w, clamp):
    kernel = state[f"{name}.weight"] * style(state, name, w)[None, :, None, None] / math.sqrt(x.shape[1])
    x = conv2d(x, kernel) + state[f"{name}.bias"][None, :, None, None]
    return x if clamp is None else x.clamp(-clamp, clamp)


def zeros_between(x):
    spread = torch.zeros(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3], dtype=x.dtype)
    spread[:, :, ::2, ::2] = x
    return spread


def filtered(x, margin=(2, 1)):
    """The separable [1, 3, 3, 1], scaled to sum 4, as one grouped 4 x 4 convolution."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=x.dtype)
    kernel = torch.outer(taps, taps) / 64 * 4
    before, after = margin
    channels = x.shape[1]
    return conv2d(pad(x, (before, after, before, after)), kernel.repeat(channels, 1, 1, 1), groups=channels)
