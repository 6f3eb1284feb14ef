"""What the tests share: models loaded once, faces drawn once, one small and the default study built once."""

import os

# Several test processes share the CPUs: threads that wait should not keep them busy. Read when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import hypothesis
import numpy as np
import pytest
from selenium import webdriver

from builder.generators import Images, dcgan
from builder.recognizers import Faces
from builder.recognizers import dlib as dlib_recognizer
from builder.recognizers.alignments import hog
from builder.runtime import Runtime, start_runtime

hypothesis.settings.register_profile(
    "here", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)  # the machines are slow and noisy
hypothesis.settings.load_profile("here")

# Read by `datasets` when it is first imported, here and in the processes that tests start.
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp(prefix="lands-between-tests-")

SHARED = Path(__file__).parents[2] / "shared"

SMALL_STUDY = """
name = "small"
batches = 2
bases_per_batch = 2

[[recognizers]]
name = "dlib"
model = "dlib"
alignment = "center"

[samples.positive]
directions = 1

[samples.optimized]
levels = [0.5, 0.3]
max_iterations = 3
max_norm = 1.2
"""
"""Every kind and table at the least work: about two seconds a batch."""


def run_builder(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`python -m builder ...` in a process of its own."""
    command = [sys.executable, "-m", "builder", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    return start_runtime("cpu")


@pytest.fixture(scope="session")
def generator(runtime: Runtime) -> dcgan.DCGAN:
    return dcgan.load(None, dcgan.Settings(), runtime)


@pytest.fixture(scope="session")
def recognizer(runtime: Runtime) -> dlib_recognizer.DlibRecognizer:
    return dlib_recognizer.load(None, dlib_recognizer.Settings(), runtime)


@pytest.fixture(scope="session")
def alignment(runtime: Runtime) -> hog.HogAlignment:
    return hog.load(runtime)


@pytest.fixture(scope="session")
def images(generator: dcgan.DCGAN, alignment: hog.HogAlignment) -> Images:
    """64 generated images in which a face is found, (64, 64, 64, 3)."""
    drawn = generator.render(generator.sample(range(128)))
    return drawn[alignment.align(drawn).found][:64]


@pytest.fixture(scope="session")
def faces(images: Images, alignment: hog.HogAlignment) -> Faces:
    """The same, aligned."""
    aligned = alignment.align(images)
    assert aligned.found.all()
    return aligned


@pytest.fixture(scope="session")
def photographs() -> list[Images]:
    """The photographs for tests, which are no part of the project."""
    from PIL import Image

    paths = sorted((SHARED / "faces").glob("*.jpg"))
    if not paths:
        pytest.skip(f"no photographs: {SHARED / 'faces'} is absent")
    return [np.asarray(Image.open(path).convert("RGB")) for path in paths]


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all processes of this run of the tests, to make things in, under a lock, once."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with SMALL_STUDY."""
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(SMALL_STUDY)
    return path


@pytest.fixture(scope="session")
def small_folder(small_study: Path, shared_folder: Path) -> Path:
    """SMALL_STUDY, built undisturbed. Read only: copy it to change it."""
    folder = shared_folder / "small" / "out"
    with filelock.FileLock(shared_folder / "small.lock"):
        if not folder.exists():
            result = run_builder("build", small_study, "--out", folder)
            assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="session")
def small_dataset(small_folder: Path, shared_folder: Path) -> Path:
    """The small study with ratings of 24 people, published with a batch in each of two splits. Read only."""
    from builder.publish.prepare import Options  # imports `datasets`, which reads the variable above
    from builder.publish.publishing import publish_to_folder
    from tests.studies import copy_study, rate

    folder = shared_folder / "small-dataset" / "faces"
    with filelock.FileLock(shared_folder / "small-dataset.lock"):
        if not folder.exists():
            splits = {"train": [0], "test": [1]}
            root = copy_study(small_folder, folder.parent / "study", publish={"splits": splits})
            rate(root, 24)
            publish_to_folder(root, folder, "1.0.0", Options())
    return folder


@pytest.fixture(scope="session")
def default_folder(shared_folder: Path) -> Path:
    """The packaged study, built by the command without arguments. Read only."""
    cwd = shared_folder / "default"
    with filelock.FileLock(shared_folder / "default.lock"):
        if not cwd.exists():
            cwd.mkdir()
            result = run_builder("build", cwd=cwd)
            assert result.returncode == 0, result.stderr
    return cwd / "out" / "lands-between-demo"


@pytest.fixture(scope="session")
def bundle(shared_folder: Path) -> Path:
    """The folder of the page's files; made where it is absent or older than its sources."""
    if not shutil.which("npm"):
        pytest.skip("no npm: install nodejs and npm")
    root = Path(__file__).parents[1]
    with filelock.FileLock(shared_folder / "page.lock"):
        made = subprocess.run(["make", "survey"], cwd=root, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return root / "builder" / "survey" / "static"


@contextlib.contextmanager
def browsers() -> Iterator[Callable[[int, int], webdriver.Chrome]]:
    """Opens Debian's Chromium at a width and a height of the page in CSS pixels; every one opened is ended."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no browser: install chromium and chromium-driver")
    opened = []

    def open_at(width: int, height: int) -> webdriver.Chrome:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        opened.append(browser)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)  # windows cannot be 360 px narrow
        return browser

    try:
        yield open_at
    finally:
        for browser in opened:
            browser.quit()


@pytest.fixture
def open_browser() -> Iterator[Callable[[int, int], webdriver.Chrome]]:
    """Opens browsers for one test."""
    with browsers() as open_at:
        yield open_at
