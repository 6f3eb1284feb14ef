import numpy as np
import pytest

from builder.errors import AssetError, StudyError
from builder.images.settings import ImageSettings

COLUMNS = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
"""FERPlus's own; the name of a picture that it left out is empty."""

VOTES = [
    "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0",
    "PublicTest,fer0000001.png,5,0,0,3,1,0,0,0,0,0",
    "PrivateTest,,0,0,0,0,0,0,0,0,0,10",
]
FACES = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
USAGE = ["Training", "PublicTest", "PrivateTest"]


def write(folder, faces=FACES, votes=VOTES, emotions=("0", "6", "3")):
    rows = [
        f"{emotion},{' '.join(map(str, face.ravel()))},{usage}"
        for emotion, face, usage in zip(emotions, faces, USAGE, strict=True)
    ]
    (folder / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    (folder / "fer2013new.csv").write_text("\n".join([COLUMNS, *votes]) + "\n")
    return folder / "fer2013.csv"


@pytest.fixture
def load(runtime):
    return lambda path, **keys: ImageSettings(model=f"fer2013:{path}", **keys).load(runtime)


def test_faces_and_votes_are_those_of_the_tables(load, tmp_path):
    source = load(write(tmp_path))
    assert source.rows() == 3
    assert source.classes == (
        *("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt"),
        *("unknown", "no face"),
    )
    assert source.votes(0) == (4, 0, 0, 1, 3, 2, 0, 0, 0, 0)
    assert sum(source.votes(1)) == 9
    assert source.votes(2)[-1] == 10
    assert source.label(0) is None
    for row in range(3):
        np.testing.assert_array_equal(source.image(row), np.stack([FACES[row]] * 3, axis=2))
        assert source.groups(row) == {"usage": USAGE[row]}
    assert (source.row_id(2), source.redistributable) == ("2", False)


def test_its_own_labels_are_taken_where_the_study_says_so(load, tmp_path):
    source = load(write(tmp_path), votes="")
    assert [source.classes[source.label(row)] for row in range(3)] == ["angry", "neutral", "happy"]
    assert source.votes(0) is None


@pytest.mark.parametrize(
    ("votes", "said"),
    [
        (VOTES[:2], r"fer2013new\.csv, row 2 \(from 0\): is in one table alone: 2 faces have votes, 3 have pixels"),
        ([VOTES[1], VOTES[0], VOTES[2]], r"row 0 \(from 0\): Usage is 'PublicTest', in the table of pixels 'Training'"),
        ([*VOTES[:2], "PrivateTest,,x,0,0,0,0,0,0,0,0,9"], r"row 2 \(from 0\): neutral is 'x'; it must be a count"),
        ([*VOTES[:2], "PrivateTest,,6,6,0,0,0,0,0,0,0,0"], r"row 2 \(from 0\): has 12 votes; a face has at most 10"),
        ([*VOTES[:2], "PrivateTest,,6"], r"row 2 \(from 0\): happiness is ''"),
        ([], r"fer2013new\.csv: has no rows"),
    ],
)
def test_a_table_of_votes_that_is_wrong_is_one_error_with_its_row(load, tmp_path, votes, said):
    path = write(tmp_path, votes=votes)
    with pytest.raises(AssetError, match=said):
        load(path)


def test_a_table_of_pixels_that_is_wrong_is_one_error_with_its_row(load, tmp_path):
    path = write(tmp_path, emotions=("0", "7", "1"))
    with pytest.raises(AssetError, match=r"fer2013\.csv, row 1 \(from 0\): emotion is '7'; it must be a number from 0"):
        load(path, votes="")
    text = path.read_text()
    first = text.splitlines()[1]
    for wrong in ("0,1 2 3,Training", first.replace(" ", " 256 ", 1), first.replace(" ", " x ", 1), "0,,Training"):
        path.write_text(text.replace(text.splitlines()[2], wrong))
        with pytest.raises(AssetError, match=r"row 1 \(from 0\): pixels must be 48 x 48 numbers from 0 to 255"):
            load(path)
    path.write_text("emotion,pixel\n0,1\n")
    with pytest.raises(AssetError, match="is no table of FER-2013: it has no column pixels"):
        load(path)


def test_tables_that_are_not_there_are_named(load, tmp_path):
    with pytest.raises(AssetError, match=r"none\.csv: no such file"):
        load(tmp_path / "none.csv")
    with pytest.raises(AssetError, match=r"a table must be a file that ends in \.csv or \.parquet"):
        load(tmp_path)
    path = write(tmp_path)
    (tmp_path / "fer2013new.csv").unlink()
    with pytest.raises(AssetError, match=r"no file fer2013new\.csv in .*write votes = \"\" to take"):
        load(path)
    with pytest.raises(AssetError, match=r"there is no file \.\./fer2013\.csv"):
        load(path, votes="../fer2013.csv")
    with pytest.raises(StudyError, match="write fer2013:PATH"):
        load("")
    (tmp_path / "fer2013new.csv").write_text("Usage,neutral\nTraining,1\n")
    with pytest.raises(AssetError, match="is no table of FERPlus: it has no column happiness and no column surprise"):
        load(path)
