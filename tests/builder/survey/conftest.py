"""The page as `make survey` bundles it, a study to ask about, and its server as a process."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

SURVEY = """[survey]
purpose = "To learn where people and models disagree."
institution = "Example University"
contact = "survey@example.org"
expected_minutes = 7.5
consent = "You can stop at any time.\\n\\n<img src=x onerror=alert(1)>"
question_identity = "One and the same person?"
completion_code = "C0DE"
completion_url = "https://example.org/done?cc=C0DE"
"""


@dataclass
class Server:
    """A running `survey serve`."""

    process: subprocess.Popen[str]
    address: str

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The folder of the page's files; made where it is absent or older than its sources."""
    if not shutil.which("npm"):
        pytest.skip("no npm: install nodejs and npm")
    made = subprocess.run(["make", "survey"], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / "builder" / "survey" / "static"


@pytest.fixture
def survey_folder(small_folder: Path, tmp_path: Path) -> Path:
    """The small study, with what a survey needs to say."""
    folder = tmp_path / "study"
    shutil.copytree(small_folder, folder)
    study = folder / "study.toml"
    text = study.read_text()
    assert text.count("[survey]\n") == 1
    study.write_text(text.replace("[survey]\n", SURVEY))
    return folder


@pytest.fixture
def serve(bundle: Path) -> Iterator[Callable[[Path, int], Server]]:
    """Starts the server of a study folder at a port (0: any)."""
    started: list[Server] = []

    def start(folder: Path, port: int = 0) -> Server:
        command = [sys.executable, "-m", "builder", "survey", "serve", str(folder), "--port", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        first = process.stdout.readline()
        started.append(Server(process, first.split()[-1] if first else ""))
        assert first.startswith("survey"), first
        return started[-1]

    yield start
    for server in started:
        server.kill()
