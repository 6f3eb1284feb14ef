import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from builder import progress
from builder.errors import BuildError
from builder.runtime import Running, in_micro_batches, is_out_of_memory, start_runtime


def test_the_peak_is_in_bytes_and_holds_what_was_held_once():
    """Of 400 MB held for a moment, in a process whose peak nothing else has raised, such as that of the tests."""
    script = """
import numpy as np
from builder.runtime import start_runtime
runtime = start_runtime("cpu")
before = runtime.peak_memory()["peak_memory_bytes"]
np.ones(400_000_000, np.uint8)
print(before, runtime.peak_memory()["peak_memory_bytes"])
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    before, after = map(int, result.stdout.split())
    assert 100e6 < before < 4e9  # of torch alone, in bytes
    assert 300e6 < after - before < 500e6


@pytest.fixture(scope="module")
def one_stream():
    return start_runtime("cpu", 1)


@pytest.fixture(scope="module")
def three_streams():
    return start_runtime("cpu", 3)


def test_a_slow_call_of_a_model_has_a_bar_and_a_fast_one_has_none(one_stream, monkeypatch, capfd):
    def wait(rows):
        time.sleep(0.03)
        return rows

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    rows = np.zeros((8, 1), np.float32)
    for slow, said in ((0.0, True), (60.0, False)):
        monkeypatch.setattr(progress, "SLOW", slow)
        with one_stream.calling(Running("recognizer 'dlib'")):
            in_micro_batches(wait, rows, size=1, runtime=one_stream)
        shown = capfd.readouterr().err
        assert ("recognizer 'dlib'" in shown) == said
        assert ("/8" in shown) == said


def test_every_stream_has_one_thread_of_torchs_and_all_are_at_work(three_streams):
    met, counts = threading.Barrier(3, timeout=60), []

    def double(rows):
        met.wait()  # until three calls are under way
        counts.append((threading.get_ident(), torch.get_num_threads()))
        return rows * 2

    rows = np.arange(18, dtype=np.float32).reshape(9, 2)
    np.testing.assert_array_equal(in_micro_batches(double, rows, size=1, runtime=three_streams), rows * 2)
    assert len({thread for thread, _ in counts}) == 3
    assert {threads for _, threads in counts} == {1}


def test_a_model_that_takes_one_call_at_a_time_gets_no_more(three_streams):
    at_work = threading.Lock()

    def double(rows):
        assert at_work.acquire(blocking=False)
        time.sleep(0.01)
        at_work.release()
        return rows * 2

    rows = np.arange(9, dtype=np.float32)
    doubled = in_micro_batches(double, rows, size=1, runtime=three_streams, one_at_a_time=True)
    np.testing.assert_array_equal(doubled, rows * 2)


def test_fewer_streams_are_tried_before_smaller_micro_batches(three_streams):
    """Memory for one call at a time: the rows that it sees stay the same, and so does what they give."""
    at_work, seen = threading.Semaphore(1), []

    def double(rows):
        if not at_work.acquire(blocking=False):
            raise MemoryError
        time.sleep(0.2)
        seen.append(len(rows))
        at_work.release()
        return rows * 2

    rows, model = np.arange(16, dtype=np.float32), Running("a model")
    with three_streams.calling(model):
        np.testing.assert_array_equal(in_micro_batches(double, rows, size=4, runtime=three_streams), rows * 2)
    assert seen == [4, 4, 4, 4]
    assert (model.most, model.streams) == (None, 1)


def test_the_first_rows_that_fail_are_those_named(three_streams):
    """Rows 6 to 8 fail at once, rows 3 to 5 a moment later; rows 12 to 14 are never begun."""
    begun = []

    def fail(rows):
        begun.append(int(rows[0]))
        if rows[0] == 3:
            time.sleep(0.3)
        if rows[0] in (3, 6):
            raise RuntimeError(f"row {int(rows[0])}")
        time.sleep(0.1)
        return rows

    model = Running("a model")
    with three_streams.calling(model), pytest.raises(RuntimeError, match="row 3"):
        in_micro_batches(fail, np.arange(15, dtype=np.float32), size=3, runtime=three_streams)
    assert (model.rows, model.total) == (range(3, 6), 15)
    assert sorted(begun) == [0, 3, 6]


def test_rows_of_two_shapes_are_no_result(one_stream):
    with pytest.raises(ValueError, match="rows of"):
        in_micro_batches(
            lambda rows: rows[:, : int(rows[0, 0]) + 1],
            np.eye(3, 4, dtype=np.float32)[::-1].copy(),
            size=1,
            runtime=one_stream,
        )


@pytest.mark.parametrize(
    ("memory", "row_bytes", "pixels", "rows"),
    [
        (8 * 2**30, 2_000_000, 64**2, 16),  # an eighth of memory has room for 536
        (8 * 2**30, 1300 * 1024**2, 1024**2, 1),  # LPIPS over VGG16 at 1024 pixels: one pair, 1.4 GB
        (64 * 2**30, 1300 * 1024**2, 1024**2, 1),  # and one where memory is plenty: pixels are at most 2**20
        (8 * 2**30, 350 * 256**2, 256**2, 16),
        (8 * 2**30, 2**20, 512**2, 4),
        (2**30, 10_000_000, 1, 8),  # room for 13
        (2**20, 10_000_000, 1, 1),
    ],
)
def test_a_micro_batch_fits_memory_and_pixels(one_stream, three_streams, memory, row_bytes, pixels, rows):
    for runtime in (one_stream, three_streams):
        assert replace(runtime, memory=memory).micro_batch(16, row_bytes, pixels) == rows


def test_as_many_streams_run_as_memory_has_room_for(three_streams):
    runtime = replace(three_streams, memory=8 * 2**30)  # half of it for networks at work
    assert [runtime.streams(size) for size in (0, 2**30, 2 * 2**30, 3 * 2**30, 9 * 2**30)] == [3, 3, 2, 1, 1]


def test_micro_batches_are_halved_until_they_fit_and_every_row_comes_once(one_stream):
    seen = []

    def double(rows):
        seen.append(len(rows))
        if len(rows) > 3:
            raise MemoryError
        return rows * 2

    rows = np.arange(14, dtype=np.float32).reshape(7, 2)
    model = Running("a model")
    with one_stream.calling(model):
        for _ in range(2):
            np.testing.assert_array_equal(in_micro_batches(double, rows, size=12, runtime=one_stream), rows * 2)
    assert seen == [12, 6, 3, 3, 3, 3, 3, 3]
    assert model.most == 3
    with pytest.raises(BuildError, match="ran out of memory with 12 rows at a time, the fewest"):
        in_micro_batches(double, rows, size=12, runtime=one_stream, fixed=True)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 33554432 bytes. Error code 12"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        # onnxruntime's own kind, with its arena and without.
        Exception("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code returned while running Conv node. "
                  "bfc_arena.cc:360 Failed to allocate memory for requested buffer of size 802816"),
        Exception("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Status Message: std::bad_alloc"),
    ],
)  # fmt: skip
def test_lack_of_memory_is_known_by_what_libraries_say_of_it(error):
    assert is_out_of_memory(error)


def test_an_error_that_is_no_lack_of_memory_is_tried_once(one_stream):
    seen = []

    def fail(rows):
        seen.append(len(rows))
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        in_micro_batches(fail, np.zeros((7, 2), np.float32), size=4, runtime=one_stream)
    assert seen == [4]


def test_a_gpu_is_counted_round_those_there_are():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    count = torch.cuda.device_count()
    runtime = start_runtime("cuda", gpu=count)
    assert runtime.device == torch.device("cuda", 0)
    assert runtime.peak_memory()["peak_device_memory_bytes"] >= 0


LITTLE_MEMORY = """
import contextlib, json, logging, resource, sys
import numpy as np
from builder.studies.verification.models import load_models
from builder.studies.verification.pipeline import build_batch
from builder.runtime import Running, start_runtime
from builder.study import parse_study

MEGABYTE = 2**20
logging.basicConfig(format="%(message)s")


@contextlib.contextmanager
def memory(megabytes):
    "No more address space than is taken now and so much."
    pages = int(open("/proc/self/statm").read().split()[0])
    most = pages * resource.getpagesize() + megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


runtime = start_runtime("cpu", threads=1)
study = parse_study(
    {
        "name": "little",
        "bases_per_batch": 2,
        "distances": ["lpips_vgg"],
        "recognizers": [{"name": "dlib", "model": "dlib", "alignment": "center"}],
        "samples": {"optimized": {"levels": []}, "positive": {"directions": 1}},
    },
    "test",
)
models = load_models(study, runtime)
"""


def in_little_memory(script: str) -> subprocess.CompletedProcess[str]:
    """Runs a script after LITTLE_MEMORY; what is freed goes back to the system, so that the limit is one."""
    if not Path("/proc/self/statm").exists():
        pytest.skip("the limit is set by Linux's count of what is taken")
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "1000000", "MALLOC_TRIM_THRESHOLD_": "1000000"}
    return subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY + script], env=environment, capture_output=True, text=True
    )


def test_where_memory_does_not_suffice_the_micro_batch_is_halved_and_results_agree():
    """A batch in which LPIPS cannot have its 16 pairs at a time: two layers of 33 MB; then one as ever."""
    result = in_little_memory("""
def distances(built):
    return {name: built.tables["pairs"][name].to_pylist() for name in ("lpips_vgg", "dlib_distance")}

models.distances["lpips_vgg"].micro_batch = 16
for size in (8, 4, 2, 1):  # oneDNN compiles a kernel for each size, and may crash where it cannot
    with models.runtime.calling(Running(most=size)):
        models.distances["lpips_vgg"].between(*np.zeros((2, 1, 64, 64, 3), np.uint8))
free = build_batch(study, models, 0)
with memory(40):
    forced = build_batch(study, models, 0)
again = build_batch(study, models, 0)
print(json.dumps({
    "free": distances(free),
    "forced": distances(forced),
    "sizes": [each.micro_batches for each in (free, forced, again)],
    "same": again.tables == free.tables,
}))
""")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    free, forced, again = told["sizes"]
    assert free == again == {}
    assert told["same"]
    assert 1 <= forced["lpips_vgg"] < 16
    sizes = [8, 4, 2, 1][: [8, 4, 2, 1].index(forced["lpips_vgg"]) + 1]
    assert result.stderr.splitlines()[: len(sizes)] == [
        f"distance 'lpips_vgg': out of memory with {2 * size} rows at a time; now {size}" for size in sizes
    ]
    for name, wanted in told["free"].items():
        np.testing.assert_allclose(told["forced"][name], wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("most", [8, 1])
def test_images_and_embeddings_of_smaller_micro_batches_agree(generator, recognizer, runtime, faces, most):
    latents, crops = generator.sample(range(18)), faces.crops[:18]
    images, embeddings = generator.render(latents), recognizer.embed(crops)
    with runtime.calling(Running(most=most)):
        assert np.abs(generator.render(latents).astype(int) - images).max() <= 1  # what rounds the other way
        np.testing.assert_allclose(recognizer.embed(crops), embeddings, rtol=0, atol=1e-5)


def test_where_one_row_is_too_much_the_error_says_so():
    result = in_little_memory("""
from builder.errors import BuildError
images = np.zeros((3, 512, 512, 3), np.uint8)
try:
    with memory(40):
        models.between("lpips_vgg", images, images)
except BuildError as error:
    print(error)
print(models.forced_micro_batches())
""")
    assert result.returncode == 0, result.stderr
    said, forced = result.stdout.splitlines()
    assert said.startswith("distance 'lpips_vgg': ran out of memory with 1 row at a time, the fewest: ")
    assert "134217728 bytes" in said  # the first layer of a pair: 2 images of 512 by 512, 64 channels of float32
    assert forced == "{'lpips_vgg': 1}"
