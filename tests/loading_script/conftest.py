from pathlib import Path

import pytest

from builder.publish.prepare import Options
from builder.publish.publishing import publish_to_folder
from tests.studies import copy_study, rate


@pytest.fixture(scope="session")
def published(small_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study with ratings of 24 people, published with a batch in each of two splits. Read only."""
    root = copy_study(
        small_folder, tmp_path_factory.mktemp("rated") / "study", publish={"splits": {"train": [0], "test": [1]}}
    )
    rate(root, 24)
    folder = tmp_path_factory.mktemp("published") / "faces"
    publish_to_folder(root, folder, "1.0.0", Options())
    return folder
