"""What the tests of publishing share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.publish.prepare import Options
from builder.publish.publishing import Outcome, publish_to_folder
from tests.hub_server import Hub, hub_server
from tests.studies import copy_study


@pytest.fixture
def hub() -> Iterator[Hub]:
    """An empty Hub of its own on the loopback interface; `hub.environment(home)` makes a process use it."""
    with hub_server() as running:
        yield running


@pytest.fixture
def study(small_folder: Path, tmp_path: Path) -> Path:
    """A copy of the small study that can be published; no ratings."""
    return copy_study(small_folder, tmp_path / "study")


@pytest.fixture
def publish(study: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """Publishes the study as a version, by default to the folder `tmp_path / "published"`."""

    def run(version: str, folder: Path = tmp_path / "published", *, dry_run: bool = False, **options: bool) -> Outcome:
        return publish_to_folder(study, folder, version, Options(**options), dry_run=dry_run)

    return run


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Where `publish` publishes to."""
    return tmp_path / "published"
