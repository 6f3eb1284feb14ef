"""Reports of one small study: with simulated ratings, with human ones, with none."""

from pathlib import Path

import pytest

from analysis.report.make import make_report
from tests.analysis.report.rated import write_published


@pytest.fixture(scope="session")
def simulated_dataset(small_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published(small_folder, tmp_path_factory.mktemp("simulated") / "study", source="simulated")


@pytest.fixture(scope="session")
def simulated_report(simulated_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder. Read only."""
    return make_report(str(simulated_dataset), tmp_path_factory.mktemp("report") / "simulated").parent


@pytest.fixture(scope="session")
def human_report(small_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    dataset = write_published(small_folder, tmp_path_factory.mktemp("human") / "study", source="human")
    return make_report(str(dataset), tmp_path_factory.mktemp("report") / "human").parent


@pytest.fixture(scope="session")
def models_report(small_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the study folder itself, which nobody rated."""
    return make_report(str(small_folder), tmp_path_factory.mktemp("report") / "models").parent
