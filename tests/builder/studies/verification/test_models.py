"""Models that misbehave in the middle of a batch: each error says where, and whose fault it is."""

import os
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from builder.errors import BuildError, ModelError, Place, StudyError
from builder.recognizers import Faces
from builder.runtime import in_micro_batches
from builder.studies.verification.models import load_models
from builder.studies.verification.pipeline import build_batch
from builder.study import parse_study

STUDY = parse_study(
    {
        "name": "faulty",
        "bases_per_batch": 2,
        "distances": ["latent_l2"],
        "recognizers": [
            {"name": "a", "model": "dlib", "alignment": "center"},
            {"name": "b", "model": "dlib", "alignment": "center"},
        ],
        "samples": {
            "positive": {"directions": 1, "levels": [0.2]},
            "interpolation": {"levels": [0.5]},
            "optimized": {"target": "a", "levels": [0.5], "max_iterations": 1, "popsize": 4},
        },
    },
    "test",
)
SEEDS_AT_ONCE = 4
"""A batch renders 4 candidates for bases, then 2 searches' 4 candidates each, then 2 positives, 1 interpolation; after
which `b` and the distances see all of its pictures and pairs."""


class MeanColors:
    """A recognizer that is cheap: the mean of each channel."""

    alignment, threshold, metric, micro_batch = "center", 1.0, "euclidean", 16

    def embed(self, crops):
        return crops.mean(axis=(1, 2)).astype(np.float32)

    def distance(self, a, b):
        return np.linalg.norm(a - b, axis=1).astype(np.float32)


class WholeImage:
    """An alignment that is cheap: the image itself."""

    def align(self, images):
        count, height, width, _ = images.shape
        boxes = np.tile(np.array([0, 0, width, height], np.float32), (count, 1))
        return Faces(images, np.ones(count, np.bool_), boxes, np.zeros((count, 0, 2), np.float32))


class Faulty:
    """A model whose `method` answers with `fault(what it would have)` when it is called for the `nth` time."""

    def __init__(self, model, method, nth, fault):
        self._model, self._method, self._left, self._fault = model, method, nth, fault

    def __getattr__(self, name):
        found = getattr(self._model, name)
        if name != self._method:
            return found

        def method(*arguments):
            self._left -= 1
            answer = found(*arguments)
            return self._fault(answer) if self._left == 0 else answer

        return method


@pytest.fixture(scope="module")
def loaded(runtime):
    models = load_models(STUDY, runtime)
    models.generator.micro_batch = SEEDS_AT_ONCE
    return models


@pytest.fixture
def models(loaded):
    """For one test to break."""
    recognizers = {name: MeanColors() for name in loaded.recognizers}
    return replace(loaded, recognizers=recognizers, alignments={"center": WholeImage()}, distances={**loaded.distances})


def break_model(models, role, method, nth, fault):
    if role == "generator":
        object.__setattr__(models, "generator", Faulty(models.generator, method, nth, fault))
    else:
        of_role, name = {
            "target": (models.recognizers, "a"),
            "other": (models.recognizers, "b"),
            "alignment": (models.alignments, "center"),
            "distance": (models.distances, "latent_l2"),
        }[role]
        of_role[name] = Faulty(of_role[name], method, nth, fault)


def error_of(models, role, method, nth, fault):
    break_model(models, role, method, nth, fault)
    with pytest.raises(ModelError) as caught:
        build_batch(STUDY, models, 1)
    return caught.value


def nan_at(row):
    def fault(answer):
        answer = answer.copy()
        answer[row] = np.nan
        return answer

    return fault


def raising(error):
    def fault(answer):
        raise error

    return fault


def faces(**changes):
    return lambda answer: answer._replace(**{name: change(getattr(answer, name)) for name, change in changes.items()})


GENERATOR, TARGET, OTHER = "generator 'dcgan-digiface': ", "recognizer 'a': ", "recognizer 'b': "
SEEDS = "batch 1, seeds 1000, 1001, 1002, 1003: "
SEARCHED = "batch 1, bases 0 (seed 1000), 1 (seed 1001), kind optimized: "
SHOWN = "batch 1, bases 0 (seed 1000), 1 (seed 1001), kinds positive, interpolation: "
ALL = "batch 1, bases 0 (seed 1000), 1 (seed 1001), kinds genuine, positive, interpolation, optimized: "
PAIRS = "batch 1, bases 0 (seed 1000), 1 (seed 1001), kinds genuine, positive, negative, interpolation, optimized: "

FAULTS = [
    # The generator, while bases are drawn, in a search, and for the samples.
    (
        "generator",
        "sample",
        1,
        nan_at(3),
        "batch 1, seed 1003: " + GENERATOR + "sample gave numbers that are not finite, i",
    ),
    (
        "generator",
        "sample",
        1,
        lambda z: z[:-1],
        SEEDS + GENERATOR + "sample gave float32 (3, 100); wanted is float32 (4",
    ),
    (
        "generator",
        "sample",
        1,
        lambda z: z.astype(np.float64),
        SEEDS + GENERATOR + "sample gave float64 (4, 100); wanted",
    ),
    (
        "generator",
        "sample",
        1,
        lambda z: z.tolist(),
        SEEDS + GENERATOR + "sample gave list; wanted is float32 (4, 100)",
    ),
    (
        "generator",
        "render",
        1,
        lambda x: x / 255,
        SEEDS + GENERATOR + "render gave float64 (4, 64, 64, 3); wanted is uint8",
    ),
    (
        "generator",
        "render",
        1,
        lambda x: x[:, :0],
        SEEDS + GENERATOR + "render gave uint8 (4, 0, 64, 3); wanted is uint8 (",
    ),
    (
        "generator",
        "render",
        2,
        raising(ValueError("my fault")),
        SEARCHED + GENERATOR + "render raised ValueError: my fault",
    ),
    ("generator", "render", 2, raising(MemoryError("heap")), SEARCHED + GENERATOR + "render ran out of memory: heap"),
    (
        "generator",
        "render",
        3,
        lambda x: x[..., 0],
        SHOWN + GENERATOR + "render gave uint8 (3, 64, 64); wanted is uint8 (3,",
    ),
    (
        "generator",
        "render",
        3,
        lambda x: x[:, ::2],
        SHOWN + GENERATOR + "render gave (3, 32, 64, 3); earlier in the batch a",
    ),
    # The alignment.
    ("alignment", "align", 1, tuple, SEEDS + "alignment 'center': align gave tuple; wanted is Faces"),
    (
        "alignment",
        "align",
        2,
        faces(found=np.float32),
        SEARCHED + "alignment 'center': align gave found as float32 (8,)",
    ),
    (
        "alignment",
        "align",
        3,
        faces(crops=lambda x: x[:2]),
        SHOWN + "alignment 'center': align gave crops as uint8 (2, 64,",
    ),
    (
        "alignment",
        "align",
        3,
        faces(boxes=nan_at(0)),
        "base 0 (seed 1000), kind positive: alignment 'center': align gave b",
    ),
    # The target, in a search and on the samples; another recognizer, on everything.
    ("target", "embed", 1, lambda e: e[:, 0], SEEDS + TARGET + "embed gave float32 (4,); wanted is float32 (4, k)"),
    (
        "target",
        "embed",
        2,
        nan_at(5),
        "batch 1, base 1 (seed 1001), kind optimized: " + TARGET + "embed gave numbers that ",
    ),
    (
        "target",
        "embed",
        2,
        lambda e: e[:, :2],
        SEARCHED + TARGET + "embed gave (8, 2); earlier in the batch a row was (3,)",
    ),
    (
        "target",
        "embed",
        3,
        nan_at(1),
        "batch 1, base 1 (seed 1001), kind positive: " + TARGET + "embed gave numbers that are",
    ),
    (
        "target",
        "embed",
        3,
        nan_at(2),
        "batch 1, base 0 (seed 1000), kind interpolation: " + TARGET + "embed gave numbers tha",
    ),
    (
        "target",
        "embed",
        3,
        lambda e: np.repeat(e, 2, axis=0),
        SHOWN + TARGET + "embed gave float32 (6, 3); wanted is float3",
    ),
    (
        "other",
        "embed",
        1,
        nan_at(0),
        "batch 1, base 0 (seed 1000), kind genuine: " + OTHER + "embed gave numbers that are no",
    ),
    ("other", "embed", 1, raising(KeyError("k")), ALL + OTHER + "embed raised KeyError: 'k'"),
    ("other", "embed", 1, raising(SystemExit(5)), ALL + OTHER + "embed raised SystemExit: 5"),
    (
        "target",
        "distance",
        1,
        nan_at(7),
        "batch 1, base 1 (seed 1001), kind optimized: " + TARGET + "distance gave numbers t",
    ),
    (
        "other",
        "distance",
        1,
        lambda d: d[:, None],
        PAIRS + OTHER + "distance gave float32 (10, 1); wanted is float32 (10,)",
    ),
    # A distance, on the pairs.
    (
        "distance",
        "between",
        1,
        nan_at(4),
        "batch 1, base 0 (seed 1000), kind negative: distance 'latent_l2': between gave n",
    ),
    (
        "distance",
        "between",
        1,
        raising(OSError(5, "gone")),
        PAIRS + "distance 'latent_l2': between raised OSError: [Errno ",
    ),
]
"""Role of the model, its method, the call that fails and how, and what the error says."""


@pytest.mark.parametrize(("role", "method", "nth", "fault", "said"), FAULTS)
def test_a_model_that_fails_in_a_batch_is_named_with_batch_base_kind_and_what_it_did(
    models, role, method, nth, fault, said
):
    assert said in str(error_of(models, role, method, nth, fault))


def test_of_a_model_that_raises_only_what_was_in_it_is_named(models, runtime):
    class Choking(MeanColors):
        runs = 0

        def embed(self, crops):
            return in_micro_batches(self._run, crops, size=4, runtime=runtime)

        def _run(self, crops):
            self.runs += 1
            if self.runs == 3:  # the second four of the searches' eight candidates
                raise ValueError("choked")
            return crops.float().mean(dim=(1, 2))

    models.recognizers["a"] = Choking()
    with pytest.raises(ModelError) as caught:
        build_batch(STUDY, models, 1)
    assert (
        str(caught.value)
        == "batch 1, base 1 (seed 1001), kind optimized: recognizer 'a': embed raised ValueError: choked"
    )
    assert isinstance(caught.value.__cause__, ValueError)


def test_what_is_the_users_to_mend_passes_as_it_is_and_so_does_ctrl_c(models):
    for error in (StudyError("alignment must be hog"), KeyboardInterrupt()):
        break_model(models, "target", "embed", 1, raising(error))
        with pytest.raises(type(error)) as caught:
            build_batch(STUDY, models, 1)
        assert caught.value is error


def test_after_a_fault_other_batches_are_built_as_ever(models):
    wanted = build_batch(STUDY, models, 0)
    error_of(models, "target", "embed", 2, nan_at(0))
    again = build_batch(STUDY, models, 0)
    assert again.tables == wanted.tables
    assert [(step.step, step.candidates) for step in again.steps] == [
        (step.step, step.candidates) for step in wanted.steps
    ]


def test_only_what_was_found_is_compared(models):
    seen = []

    class Compared(MeanColors):
        def distance(self, a, b):
            seen.append(len(a))
            assert np.isfinite(a).all()
            assert np.isfinite(b).all()
            return super().distance(a, b)

    models.recognizers["b"] = Compared()
    nan, some = np.full(3, np.nan, np.float32), np.ones(3, np.float32)
    distances = models.distance("b", np.stack([some, nan, some]), np.stack([some, some, nan]))
    np.testing.assert_array_equal(distances, np.array([0, np.nan, np.nan], np.float32))
    assert np.isnan(models.distance("b", nan[None], some[None])).all()
    assert seen == [1]


def test_an_error_is_the_same_after_its_way_between_processes():
    error = ModelError("render raised ValueError: no", "generator 'g'", [1])
    error.batch, error.places = 3, (Place("positive", 0, 3000),)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert isinstance(again, BuildError)
    assert str(again) == str(error) == "batch 3, base 0 (seed 3000), kind positive: generator 'g': " + error.what


def test_of_many_places_the_first_are_listed():
    error = ModelError("no", "generator 'g'")
    error.places = tuple(Place(seed=seed) for seed in range(32))
    assert str(error) == "seeds 0, 1, 2, 3, 4, 5, 6, 7 and 24 more: generator 'g': no"


PLUGIN = """
import dataclasses
import numpy as np
from builder import settings
from builder.generators import dcgan
from builder.studies.verification.samples import Drawn, Picture, Sample


class Settings(settings.Settings):
    fault: str = ""


def load(argument, own, runtime):
    if own.fault == "load":
        raise RuntimeError("no such device")
    generator = dcgan.load(None, dcgan.Settings(), runtime)
    generator.micro_batch = 0 if own.fault == "micro_batch" else 4
    generator.image_shape = (64,) if own.fault == "image_shape" else (64, 64)
    return generator


def draw(bases, settings, rng):
    sample = Sample(0, bases.pictures[0])
    faults = {
        "": lambda: Drawn([]),
        "list": lambda: [sample],
        "base": lambda: Drawn([Sample(7, bases.pictures[0])]),
        "latent": lambda: Drawn([Sample(0, Picture("odd", bases.pictures[0].latent[:50]))]),
        "nan": lambda: Drawn([Sample(0, Picture("odd", bases.pictures[0].latent * np.nan))]),
        "evaluate": lambda: bases.evaluate(bases.pictures[0].latent[None], np.array([7])),
    }
    return faults[settings.fault]()
"""

SCRIPT = """
from builder.errors import LandsBetweenError
from builder.studies.verification.models import load_models
from builder.studies.verification.pipeline import build_batch
from builder.runtime import start_runtime
from builder.study import parse_study

def study(generator="", kind=""):
    keys = {
        "name": "plugin",
        "bases_per_batch": 2,
        "distances": ["latent_l2"],
        "generator": {"model": "broken", "fault": generator},
        "recognizers": [{"name": "dlib", "model": "dlib", "alignment": "center"}],
        "samples": {"optimized": {"levels": []}, "odd": {"fault": kind}},
    }
    return parse_study(keys, "test")


def say(function, *arguments):
    try:
        return function(*arguments)
    except LandsBetweenError as error:
        print(error)


runtime = start_runtime("cpu")
for fault in ("load", "micro_batch", "image_shape"):
    say(load_models, study(generator=fault), runtime)
models = load_models(study(), runtime)
for fault in ("list", "base", "latent", "nan", "evaluate", "unknown"):
    say(build_batch, study(kind=fault), models, 2)
"""


def test_a_plugin_that_fails_is_named(tmp_path):
    """A package with a generator and a sample kind, as somebody would install it."""
    (tmp_path / "broken.py").write_text(PLUGIN)
    metadata = tmp_path / "broken-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[lands_between.generators]\nbroken = broken\n[lands_between.samples]\nodd = broken\n"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    odd = "batch 2, kind odd: sample kind 'odd': draw "
    assert result.stdout.splitlines() == [
        "generator 'broken': load raised RuntimeError: no such device",
        "generator 'broken': micro_batch is 0; wanted is a whole number from 1",
        "generator 'broken': image_shape is (64,); wanted are height and width in pixels",
        odd + "gave list; wanted is Drawn",
        odd + "gave a sample of base 7; the batch has 2 bases",
        odd + "gave the latent of 'odd' as float32 (50,); wanted is float32 (100,)",
        odd + "gave the latent of 'odd' with numbers that are not finite",
        odd + "raised IndexError: index 7 is out of bounds for axis 0 with size 2",
        odd + "raised KeyError: 'unknown'",
    ]
