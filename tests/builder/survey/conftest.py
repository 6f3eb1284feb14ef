"""A study that may be shown to people, the page as `make survey` bundles it, and the databases that hold answers."""

import os
import random
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.builder.survey.participant import inform
from tests.builder.survey.serving import Page, Server, serving

ROOT = Path(__file__).parents[3]

SURVEY = """[survey]
consent = "I am an adult & take part <voluntarily>."
contact = "Jane Doe, jane.doe@example.org"
completion_code = "C1A2B3"
raters_per_pair = {raters}
"""


@pytest.fixture(scope="session")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In place of the bundle, for tests that need no page."""
    folder = tmp_path_factory.mktemp("stub")
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "survey.js").write_text("// page")
    return folder


def _with_survey(small_folder: Path, folder: Path, raters: int) -> Path:
    shutil.copytree(small_folder, folder)
    study = folder / "study.toml"
    before, _, after = study.read_text().partition("[survey]\n")
    study.write_text(before + SURVEY.format(raters=raters) + after.partition("\n\n")[2])
    return folder


@pytest.fixture
def survey_folder(small_folder: Path, tmp_path: Path) -> Path:
    """SMALL_STUDY with a survey: 2 batches of 20 pairs, 3 raters each."""
    return _with_survey(small_folder, tmp_path / "study", 3)


@pytest.fixture
def page_folder(small_folder: Path, tmp_path: Path) -> Path:
    """SMALL_STUDY with all that the page can tell participants; batches of 20 pairs."""
    shutil.copytree(small_folder, tmp_path / "study")
    inform(tmp_path / "study", question_identity="One and the same person?")
    return tmp_path / "study"


@pytest.fixture
def serve_page(bundle: Path) -> Iterator[Callable[..., Server]]:
    """Serves a study folder with the real page, at `port` if given; every server started is ended."""
    with ExitStack() as servers:
        yield lambda folder, port=0: servers.enter_context(serving(folder, bundle, port=port))


@pytest.fixture(scope="module")
def server(small_folder: Path, stub: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same with room for many, served by a process of its own, for all tests of a module."""
    folder = _with_survey(small_folder, tmp_path_factory.mktemp("served") / "study", 1000)
    with serving(folder, stub) as running:
        yield running


@pytest.fixture
def address() -> str:
    """A loopback address of the test's own: what one test asks for counts for no other."""
    return f"127.{random.randint(2, 250)}.{random.randint(1, 250)}.{random.randint(1, 250)}"


@pytest.fixture
def client(server: Server, address: str) -> Iterator[httpx.Client]:
    with server.client(address) as client:
        yield client


@pytest.fixture
def page(client: httpx.Client) -> Page:
    """A participant who has consented."""
    page = Page(client)
    page.enter()
    page.consent()
    return page


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of our own; each test makes its own database there."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not programs:
        pytest.skip("no PostgreSQL: install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="lands-between-postgres-"))
    user = []
    if os.getuid() == 0:  # PostgreSQL does not run as root
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")
    binaries, data = programs[-1].parent, folder / "data"
    initdb = [*user, binaries / "initdb", "-D", data, "-A", "trust", "-U", "survey", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder)
    options = ["-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]  # nothing of it outlives the tests
    running = subprocess.Popen([*user, binaries / "postgres", "-D", data, *options], stderr=subprocess.DEVNULL)
    try:
        ready = [binaries / "pg_isready", "-h", folder, "-U", "survey"]
        while subprocess.run(ready, capture_output=True).returncode:
            assert running.poll() is None, "PostgreSQL did not start"
        yield f"postgresql://survey@/postgres?host={folder}"
    finally:
        running.send_signal(signal.SIGINT)  # at once, whoever is connected
        running.wait(300)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'survey.sqlite'}"
    address: str = request.getfixturevalue("postgres_database")
    return address


@pytest.fixture
def postgres_database(postgres: str) -> str:
    """The address of an empty database of PostgreSQL."""
    import psycopg

    name = f"survey_{os.urandom(6).hex()}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres.replace("/postgres?", f"/{name}?")
