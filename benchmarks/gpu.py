"""A search's candidates on the device that is here: `python -m benchmarks.gpu`.

For each generator, rounds of as many candidates as a batch of the paper's study asks for at a time are rendered,
aligned, embedded by dlib's network and compared: candidates a second, the share of that time in each step, and the
ratio to bare forward passes: the two networks alone, in the same micro-batches, over numbers on the device already.
StyleGAN2 is of FFHQ's size and of random weights, in whose images no face is found: the alignment is `center`, and how
many images a second `hog` looks through, on CPUs, is a column of its own, which the rate leaves out. On a CPU sizes are
small unless they are asked for.
"""

import argparse
import dataclasses
import functools
import os
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import numpy as np
import torch

from builder.generators import Latents, dcgan, stylegan2
from builder.generators.stylegan2.network import Config, Network
from builder.recognizers import alignments
from builder.recognizers.dlib import SIDE as CHIP
from builder.recognizers.dlib import DlibRecognizer
from builder.runtime import Runtime, start_runtime
from builder.studies.verification.models import Models, load_models
from builder.studies.verification.study import verification
from builder.study import parse_study

STUDY = 264_000
"""Candidates of the paper's study: 10 batches, 12 searches, 100 rounds of 22."""

WANTED_MINUTES = 5

STEPS = ("render", "align", "embed")


class Sizes(NamedTuple):
    """The sizes of a run: sides of StyleGAN2 in pixels, candidates of a round, rounds."""

    sides: tuple[int, ...]
    candidates: int
    rounds: int


SIZES = {"cuda": Sizes((256, 1024), 264, 3), "cpu": Sizes((32,), 32, 1)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a line for each generator."""
    options = _options(arguments)
    runtime = start_runtime(options.device)
    sizes = SIZES[runtime.device.type]
    sides = tuple(options.sides or sizes.sides)
    candidates, rounds = options.candidates or sizes.candidates, options.rounds or sizes.rounds
    print(f"device: {runtime.environment()['device']}, torch {torch.__version__}; CPU threads: {runtime.threads}")
    print(f"{rounds} rounds of {candidates} candidates; load {os.getloadavg()[0]:.1f} in the minute before")
    head = f"{'generator':18}{'px':>6}{'batch':>7}{'candidates/s':>14}"
    print(head + "".join(f"{step:>8}" for step in STEPS) + f"{'bare/s':>10}{'ratio':>7}{'hog/s':>9}{'study, min':>12}")
    keys = {"name": "benchmark", "recognizers": [{"name": "dlib", "model": "dlib", "alignment": "center"}]}
    models = load_models(verification(parse_study(keys, "benchmark")), runtime)
    _line("dcgan-digiface", models, runtime, candidates, rounds)
    for side in sides:
        others = dataclasses.replace(models, generator=random_stylegan2(side, runtime), generator_name="stylegan2")
        _line("stylegan2", others, runtime, candidates, rounds)
    memory = ", ".join(f"{name} {value / 2**30:.2f} GiB" for name, value in runtime.peak_memory().items())
    print(f"{memory}; the paper's study: {STUDY:,} candidates, wanted in {WANTED_MINUTES} minutes of one GPU")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--sides", type=int, nargs="+", metavar="PX", help="sides of StyleGAN2's images, powers of two")
    parser.add_argument("--candidates", type=int, metavar="N", help="candidates of a round")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds that are timed, after one that is not")
    return parser.parse_args(arguments)


def _line(name: str, models: Models, runtime: Runtime, candidates: int, rounds: int) -> None:
    models.restart()
    latents = models.sample(range(candidates))
    bases = np.zeros(candidates, np.intp)
    embeddings = models.view(models.render(latents[:1])).embeddings
    models.evaluate(latents, bases, embeddings)  # the first call sets up kernels
    models.stopwatch.restart()
    seconds = _seconds(lambda: models.evaluate(latents, bases, embeddings), rounds, runtime)
    shares = {each.step: each.seconds / seconds / rounds for each in models.stopwatch.steps()}
    ours, bare = candidates / seconds, candidates / bare_seconds(models, runtime, latents, rounds)
    images = models.render(latents)
    hog = alignments.load("hog", runtime)
    looked = candidates / _seconds(lambda: hog.align(images), 1, runtime)
    columns = f"{name:18}{images.shape[1]:6}{models.generator.micro_batch:7}{ours:14.1f}"
    columns += "".join(f"{shares.get(step, 0):8.0%}" for step in STEPS)
    print(f"{columns}{bare:10.1f}{ours / bare:7.2f}{looked:9.1f}{STUDY / ours / 60:12.1f}", flush=True)


def bare_seconds(models: Models, runtime: Runtime, latents: Latents, rounds: int) -> float:
    """Seconds of a round of both networks alone, in their micro-batches, on a CPU as many at a time as threads."""
    recognizer = cast(DlibRecognizer, models.recognizers[models.target])
    rows = models.generator.micro_batch
    inputs = torch.from_numpy(np.resize(latents, (rows, latents.shape[1]))).to(runtime.device)
    chips = torch.zeros((recognizer.micro_batch, CHIP, CHIP, 3), dtype=torch.uint8, device=runtime.device)
    render, embed = _network(models.generator), recognizer._network
    seconds = 0.0
    for run, batch, size in ((render, inputs, rows), (embed, chips, recognizer.micro_batch)):
        times = -(-len(latents) // size)
        forward = _forward(run, batch)
        forward()
        seconds += _seconds(functools.partial(_repeat, forward, times, runtime), rounds, runtime)
    return seconds


def _network(generator: object) -> Callable[[torch.Tensor], torch.Tensor]:
    if isinstance(generator, stylegan2.StyleGAN2):
        return generator.synthesize
    network = cast(dcgan.DCGAN, generator)._network
    return lambda latents: network(latents[:, :, None, None])


def _forward(run: Callable[[torch.Tensor], torch.Tensor], batch: torch.Tensor) -> Callable[[], None]:
    def forward() -> None:
        with torch.inference_mode():
            run(batch)

    return forward


def _repeat(forward: Callable[[], None], times: int, runtime: Runtime) -> None:
    if runtime.device.type == "cpu":
        list(runtime.pool.map(lambda _: forward(), range(times)))
    else:
        for _ in range(times):
            forward()


def _seconds(run: Callable[[], object], rounds: int, runtime: Runtime) -> float:
    """Wall time of one of several calls, with all that the device was given done."""
    start = time.perf_counter()
    for _ in range(rounds):
        run()
    if runtime.device.type == "cuda":
        torch.cuda.synchronize(runtime.device)
    return (time.perf_counter() - start) / rounds


def random_stylegan2(side: int, runtime: Runtime) -> stylegan2.StyleGAN2:
    """A generator of the size that NVIDIA's has for faces of so many pixels, with random weights."""
    config = Config(512, 0, 512, side, conv_clamp=256, num_fp16_res=4)
    torch.manual_seed(0)
    state = {name: torch.randn_like(tensor) for name, tensor in Network(config).state_dict().items()}
    return stylegan2.StyleGAN2(config, state, stylegan2.Settings(), runtime)


if __name__ == "__main__":
    main()
