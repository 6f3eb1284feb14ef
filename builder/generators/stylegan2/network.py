"""StyleGAN2's generator in plain PyTorch, on any device, without compiled extensions.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020), configurations E and F, and
"Training Generative Adversarial Networks with Limited Data" (2020). Parameters have the names that NVIDIA's
checkpoints give them. Convolutions are modulated by scaling their input and demodulated by scaling their
output, which is the same as a kernel for each sample and lets a batch share one convolution.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

FILTER = (1.0, 3.0, 3.0, 1.0)
"""The low-pass filter behind every doubling of the side, in both directions, to be scaled to sum 1."""

EPSILON = 1e-8
"""Keeps normalizations from dividing by zero (Karras 2020, equation 3)."""

SLOPE, GAIN = 0.2, math.sqrt(2)
"""Slope of the leaky rectifier, and the gain behind it, as NVIDIA's checkpoints were trained with."""

Architecture = Literal["skip", "resnet", "orig"]


@dataclass(frozen=True)
class Config:
    """The constructor's arguments; names and defaults are NVIDIA's.

    mapping_layers: `num_layers` of the mapping network; lr_multiplier: its equalized learning rate, a scale of
    its weights; conv_clamp: bound of activations; num_fp16_res: how many of the highest resolutions run in
    float16 on a GPU.
    """

    z_dim: int
    c_dim: int
    w_dim: int
    img_resolution: int
    channel_base: int = 32768
    channel_max: int = 512
    mapping_layers: int = 8
    lr_multiplier: float = 0.01
    architecture: Architecture = "skip"
    conv_clamp: float | None = None
    num_fp16_res: int = 0

    @property
    def resolutions(self) -> list[int]:
        """The sides of the blocks, from 4 to that of the image."""
        return [2**power for power in range(2, self.img_resolution.bit_length())]

    @property
    def num_ws(self) -> int:
        """The number of layers that take a w: two for each resolution, and the last conversion to RGB shares none."""
        return 2 * len(self.resolutions)

    def channels(self, resolution: int) -> int:
        """Features at a resolution."""
        return min(self.channel_base // resolution, self.channel_max)


class Dense(nn.Module):
    """x W^T * multiplier / sqrt(inputs) + b * multiplier: an equalized learning rate."""

    def __init__(self, inputs: int, outputs: int, multiplier: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.weight_gain, self.bias_gain = multiplier / math.sqrt(inputs), multiplier

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, inputs) -> (n, outputs)."""
        return functional.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)


class Mapping(nn.Module):
    """z (n, z_dim), and labels (n, c_dim) where there are any, to w (n, w_dim)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        embedded = config.w_dim if config.c_dim else 0
        if config.c_dim:
            self.embed = Dense(config.c_dim, config.w_dim)
        self.layers = config.mapping_layers
        for index in range(config.mapping_layers):
            inputs = config.z_dim + embedded if index == 0 else config.w_dim
            self.add_module(f"fc{index}", Dense(inputs, config.w_dim, config.lr_multiplier))
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(self, z: torch.Tensor, labels: torch.Tensor | None, truncation: float) -> torch.Tensor:
        """Truncation 1 leaves w as it is, 0 gives the mean w."""
        x = _unit_variance(z)
        if labels is not None:
            x = torch.cat([x, _unit_variance(self.embed(labels))], dim=1)
        for index in range(self.layers):
            x = _rectified(self.get_submodule(f"fc{index}")(x))
        return self.get_buffer("w_avg").lerp(x, truncation)


class Synthesis(nn.Module):
    """w for every layer, (n, num_ws, w_dim), to images (n, 3, side, side), about -1..1."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.resolutions = config.resolutions
        for resolution in self.resolutions:
            self.add_module(f"b{resolution}", Block(config, resolution))

    def forward(self, ws: torch.Tensor, *, noise: bool) -> torch.Tensor:
        """`noise`: add the checkpoint's own constant noise."""
        x: torch.Tensor | None = None
        image: torch.Tensor | None = None
        used = 0
        for resolution in self.resolutions:
            block = self.get_submodule(f"b{resolution}")
            x, image = block(x, image, ws[:, used:], noise)
            used += 1 if resolution == 4 else 2
        if image is None:
            raise ValueError("a synthesis network without a conversion to RGB")
        return image


class Block(nn.Module):
    """A resolution: up to two convolutions and, by architecture, a conversion to RGB or a residual path."""

    def __init__(self, config: Config, resolution: int) -> None:
        super().__init__()
        channels = config.channels(resolution)
        below = config.channels(resolution // 2)
        self.first = resolution == 4
        self.architecture = config.architecture
        self.in_float16 = resolution >= max(config.img_resolution * 2 >> config.num_fp16_res, 8)
        if self.first:
            self.const = nn.Parameter(torch.zeros(channels, 4, 4))
        else:
            self.conv0 = StyledConvolution(config, below, channels, resolution, double=True)
        self.conv1 = StyledConvolution(config, channels, channels, resolution)
        if config.architecture == "skip" or resolution == config.img_resolution:
            self.torgb = ToRGB(config, channels)
        if config.architecture == "resnet" and not self.first:
            self.skip = Plain(below, channels)

    def forward(
        self, x: torch.Tensor | None, image: torch.Tensor | None, ws: torch.Tensor, noise: bool
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Features and image of the resolution below, None at first, to this one's; `ws` from its first on."""
        dtype = torch.float16 if self.in_float16 and ws.is_cuda else torch.float32
        if x is None:
            x = self.conv1(self.const.to(dtype).expand(len(ws), -1, -1, -1), ws[:, 0], noise)
        elif self.architecture == "resnet":
            x = x.to(dtype)
            short = _doubled(functional.conv2d(x, (self.skip.weight * self.skip.gain).to(dtype)))
            x = self.conv1(self.conv0(x, ws[:, 0], noise), ws[:, 1], noise, gain=math.sqrt(0.5))
            x = x + short * math.sqrt(0.5)
        else:
            x = self.conv1(self.conv0(x.to(dtype), ws[:, 0], noise), ws[:, 1], noise)
        if image is not None:
            image = _doubled(image)
        if hasattr(self, "torgb"):
            converted = self.torgb(x, ws[:, 1 if self.first else 2]).to(torch.float32)
            image = converted if image is None else image + converted
        return x, image


class Plain(nn.Module):
    """The weights of a residual path's 1 x 1 convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, 1, 1))
        self.gain = 1 / math.sqrt(inputs)


class StyledConvolution(nn.Module):
    """A 3 x 3 modulated and demodulated convolution, noise, bias and rectifier."""

    def __init__(self, config: Config, inputs: int, outputs: int, resolution: int, *, double: bool = False) -> None:
        super().__init__()
        self.doubles, self.clamp = double, config.conv_clamp
        self.affine = Dense(config.w_dim, inputs)
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise_const", torch.zeros(resolution, resolution))

    def forward(self, x: torch.Tensor, w: torch.Tensor, noise: bool, gain: float = 1.0) -> torch.Tensor:
        """(n, inputs, h, w) and w (n, w_dim) -> (n, outputs, h, w), or twice the side."""
        weight: torch.Tensor = self.weight
        styles = self.affine(w)
        if x.dtype == torch.float16:  # neither changes the demodulated result; both keep it within float16
            weight = weight / weight.abs().amax(dim=(1, 2, 3), keepdim=True) / math.sqrt(weight[0].numel())
            styles = styles / styles.abs().amax(dim=1, keepdim=True)
        energy = styles.square() @ weight.square().sum(dim=(2, 3)).T
        demodulation = (energy + EPSILON).rsqrt()
        x = x * styles.to(x.dtype)[:, :, None, None]
        if self.doubles:
            x = _filtered(functional.conv_transpose2d(x, weight.to(x.dtype).transpose(0, 1), stride=2), padding=1)
        else:
            x = functional.conv2d(x, weight.to(x.dtype), padding=1)
        x = x * demodulation.to(x.dtype)[:, :, None, None]
        if noise:
            x = x + (self.get_buffer("noise_const") * self.noise_strength).to(x.dtype)
        x = _rectified(x + self.bias.to(x.dtype)[:, None, None]) * gain
        return x if self.clamp is None else x.clamp(-self.clamp * gain, self.clamp * gain)


class ToRGB(nn.Module):
    """A 1 x 1 modulated convolution to three channels, not demodulated."""

    def __init__(self, config: Config, inputs: int) -> None:
        super().__init__()
        self.affine = Dense(config.w_dim, inputs)
        self.weight = nn.Parameter(torch.zeros(3, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.gain, self.clamp = 1 / math.sqrt(inputs), config.conv_clamp

    def forward(self, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        """(n, inputs, h, w) and w (n, w_dim) -> (n, 3, h, w)."""
        styles = self.affine(w) * self.gain
        x = functional.conv2d(x * styles.to(x.dtype)[:, :, None, None], self.weight.to(x.dtype))
        x = x + self.bias.to(x.dtype)[:, None, None]
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


class Network(nn.Module):
    """Mapping and synthesis, under the names that NVIDIA's checkpoints have."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.mapping = Mapping(config)
        self.synthesis = Synthesis(config)


def _unit_variance(x: torch.Tensor) -> torch.Tensor:
    return x * (x.square().mean(dim=1, keepdim=True) + EPSILON).rsqrt()


def _rectified(x: torch.Tensor) -> torch.Tensor:
    return functional.leaky_relu(x, SLOPE) * GAIN


def _doubled(x: torch.Tensor) -> torch.Tensor:
    """Twice the side: zeros between the pixels, then the filter."""
    count, channels, rows, columns = x.shape
    spread = x.new_zeros(count, channels, rows, 2, columns, 2)
    spread[:, :, :, 0, :, 0] = x
    padded = functional.pad(spread.reshape(count, channels, 2 * rows, 2 * columns), (2, 1, 2, 1))
    return _filtered(padded, padding=0)


def _filtered(x: torch.Tensor, padding: int) -> torch.Tensor:
    """The filter along both axes, with the gain of 4 that makes up for the zeros of a doubling."""
    channels = x.shape[1]
    taps = torch.tensor(FILTER, dtype=x.dtype, device=x.device)
    taps = (taps * 2 / taps.sum()).repeat(channels, 1, 1, 1)
    x = functional.conv2d(x, taps, padding=(0, padding), groups=channels)
    return functional.conv2d(x, taps.transpose(2, 3), padding=(padding, 0), groups=channels)
