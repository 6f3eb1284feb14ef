import pytest

from builder.errors import FolderError
from builder.ratings.wordings import WORDINGS, record, recorded


def test_every_wording_is_kept_once(tmp_path):
    assert recorded(tmp_path) == {}
    for similarity in ("How alike?", "Wie ähnlich?", "How alike?"):
        record(tmp_path, {"similarity": similarity, "identity": "Same person?"})
    assert recorded(tmp_path) == {"similarity": ("How alike?", "Wie ähnlich?"), "identity": ("Same person?",)}


def test_a_damaged_file_is_an_error(tmp_path):
    (tmp_path / "ratings").mkdir()
    (tmp_path / WORDINGS).write_text('{"similarity": 3}')
    with pytest.raises(FolderError, match=r"wordings\.json: is damaged; write the wordings into \[survey\]"):
        recorded(tmp_path)
