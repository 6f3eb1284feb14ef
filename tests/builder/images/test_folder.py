import numpy as np
import pandas as pd
import pytest
from datasets import load_dataset
from PIL import Image as Pillow

from builder.errors import AssetError, StudyError
from builder.images import folder, imagenet
from builder.images.settings import ImageSettings


def draw(path, color=(10, 20, 30), size=(6, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.new("RGB", size, color).save(path)


@pytest.fixture
def root(tmp_path):
    """Two cats and a dog, each of a color of its own."""
    draw(tmp_path / "pets" / "cat" / "1.png", (1, 0, 0))
    draw(tmp_path / "pets" / "cat" / "2.png", (2, 0, 0))
    draw(tmp_path / "pets" / "dog" / "1.png", (3, 0, 0), size=(8, 8))
    return tmp_path / "pets"


@pytest.fixture
def load(runtime):
    return lambda path, **keys: ImageSettings(model=f"folder:{path}", **keys).load(runtime)


def same_as_datasets(source, root, groups=()):
    """Whether `datasets` reads the same pictures, labels and columns, in whatever order."""
    read = load_dataset("imagefolder", data_dir=str(root), split="train")
    label = read.features.get("label")
    theirs = sorted(
        (
            np.asarray(row["image"].convert("RGB")).tobytes(),
            label.int2str(row["label"]) if hasattr(label, "int2str") else row.get("label"),
            *(row[group] for group in groups),
        )
        for row in read
    )
    ours = []
    for row in range(source.rows()):
        index = source.label(row)
        of = source.groups(row)
        name = None if index is None else source.classes[index]
        ours.append((source.image(row).tobytes(), name, *(of[group] for group in groups)))
    return sorted(ours) == theirs


def test_folders_of_classes_are_read_as_datasets_reads_them(load, root):
    (root / "cat" / "notes.txt").write_text("no picture")
    source = load(root)
    assert (source.rows(), source.classes) == (3, ("cat", "dog"))
    assert [source.row_id(row) for row in range(3)] == ["cat/1.png", "cat/2.png", "dog/1.png"]
    assert [source.label(row) for row in range(3)] == [0, 0, 1]
    assert [source.image(row)[0, 0, 0] for row in range(3)] == [1, 2, 3]
    assert source.image(2).shape == (8, 8, 3)
    assert (source.redistributable, source.license) == (False, "not stated")
    assert same_as_datasets(source, root)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_metadata_is_read_as_datasets_reads_it(load, root, kind):
    rows = {
        "file_name": ["dog/1.png", "cat/1.png"],
        "label": ["happy", "sad"],
        "gender": ["woman", "man"],
    }
    if kind == "csv":
        pd.DataFrame(rows).to_csv(root / "metadata.csv", index=False)
    else:
        pd.DataFrame(rows).to_parquet(root / "metadata.parquet")
    source = load(root, groups=["gender"])
    assert (source.rows(), source.classes) == (2, ("happy", "sad"))
    assert [source.row_id(row) for row in range(2)] == ["dog/1.png", "cat/1.png"]
    assert [source.label(row) for row in range(2)] == [0, 1]
    assert source.groups(1) == {"gender": "man"}
    assert same_as_datasets(source, root, ["gender"])


def test_pictures_without_folders_or_metadata_have_no_labels(load, tmp_path):
    draw(tmp_path / "b.png")
    draw(tmp_path / "a.jpg")
    source = load(tmp_path)
    assert ([source.row_id(0), source.row_id(1)], source.classes, source.label(0)) == (["a.jpg", "b.png"], (), None)


def test_rights_and_size_stand_in_the_study_file(load, root):
    source = load(root, license="CC BY 4.0", redistributable=True, side=16, center=0.5)
    assert (source.redistributable, source.license) == (True, "CC BY 4.0")
    assert source.image(0).shape == source.image(2).shape == (16, 16, 3)
    with pytest.raises(ValueError, match="pictures that are published need a license"):
        ImageSettings(model=f"folder:{root}", redistributable=True)
    with pytest.raises(ValueError, match="center: needs side"):
        ImageSettings(model=f"folder:{root}", center=0.5)


def test_the_center_is_cut_and_scaled(load, tmp_path):
    """Of 40 x 20 pixels the central 10 x 10, which alone are white."""
    picture = np.zeros((20, 40, 3), np.uint8)
    picture[5:15, 15:25] = 255
    Pillow.fromarray(picture).save(tmp_path / "a.png")
    assert (load(tmp_path, side=10, center=0.5).image(0) == 255).all()
    whole = load(tmp_path, side=20).image(0)
    assert (whole[5:15, 5:15] == 255).all()
    assert whole.sum() == 100 * 3 * 255


def test_classes_may_be_named_in_order_and_no_other_label_may_occur(load, root):
    source = load(root, classes=["dog", "bird", "cat"])
    assert (source.classes, [source.label(row) for row in range(3)]) == (("dog", "bird", "cat"), [2, 2, 0])
    with pytest.raises(AssetError, match=r"cat/1\.png, row 0 \(from 0\): its label is 'cat', which no class is called"):
        load(root, classes=["dog", "bird"])


def test_numbers_as_classes_are_in_their_order(load, tmp_path):
    for name in ("10", "9", "0"):
        draw(tmp_path / name / "a.png")
    assert load(tmp_path).classes == ("0", "9", "10")


def test_no_link_is_followed_and_none_is_left_out_silently(load, root, tmp_path):
    draw(tmp_path / "private.png")
    link = root / "cat" / "3.png"
    link.symlink_to(tmp_path / "private.png")
    with pytest.raises(AssetError, match=r"cat/3\.png: is a link, which may lead anywhere"):
        load(root)
    link.unlink()
    (root / "bird").symlink_to(tmp_path)
    with pytest.raises(AssetError, match="bird: is a link"):
        load(root)
    (root / "metadata.csv").write_text("file_name,label\nbird/private.png,a\n")
    with pytest.raises(AssetError, match=r"metadata\.csv, row 0 \(from 0\): .*/bird: is a link"):
        load(root)
    (root / "metadata.csv").unlink()
    (root / "metadata.csv").symlink_to(tmp_path / "private.png")
    with pytest.raises(AssetError, match=r"metadata\.csv: is a link"):
        load(root)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file_name,label\ncat/1.png,a\n../private.png,b\n", r"row 1 \(from 0\): .*leads out of it"),
        ("file_name,label\n/etc/passwd,a\n", r"row 0 \(from 0\): .*leads out of it"),
        ("file_name,label\ncat/9.png,a\n", r"row 0 \(from 0\): there is no file 'cat/9\.png'.*take the row out"),
        ("file_name,label\na\0b,a\n", r"row 0 \(from 0\): .*is no name of a file"),
        ("file_name,label\n,a\n", r"row 0 \(from 0\): there is no file ''"),
        ("file_name,label\ncat/1.png,a\ncat/1.png,b\n", r"row 1 \(from 0\): 'cat/1\.png' is row 0 already"),
        ("file_name,label\ncat/1.png,a\ncat/2.png\n", r"row 1 \(from 0\): label is empty; label it"),
        ("file_name,label\ncat/1.png,a\ncat/2.png,a\n", r"has one class, 'a'"),
        ("name,label\ncat/1.png,a\n", r"has no column file_name; it has name, label"),
        ("file_name,label\n", "has no rows"),
        ("", "not a table that can be read"),
        ("file_name,label\ncat/1.png,a,b,c\n,\n,\n\xff", "not a table that can be read|there is no file"),
    ],
)
def test_metadata_that_is_wrong_is_one_error_with_file_and_row(load, root, text, said):
    (root / "metadata.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(AssetError, match=said) as raised:
        load(root)
    assert "metadata.csv" in str(raised.value) or "has one class" in str(raised.value)


def test_columns_that_are_asked_for_must_be_there_and_tell_groups_apart(load, root):
    (root / "metadata.csv").write_text("file_name,label,gender\ncat/1.png,a,woman\ncat/2.png,b,woman\n")
    with pytest.raises(AssetError, match=r"metadata\.csv, row 0 \(from 0\): the column gender, by .* 'woman', here"):
        load(root, groups=["gender"])
    with pytest.raises(AssetError, match="has no column race; it has file_name, label, gender"):
        load(root, groups=["race"])
    with pytest.raises(AssetError, match="has no column emotion"):
        load(root, label="emotion")
    (root / "metadata.parquet").touch()
    with pytest.raises(AssetError, match=r"has both metadata\.csv and metadata\.parquet; keep one"):
        load(root)
    for name in ("metadata.csv", "metadata.parquet"):
        (root / name).unlink()
    with pytest.raises(StudyError, match=r"images\.groups: names columns of metadata"):
        load(root, groups=["gender"])


def test_folders_that_are_none_of_pictures_are_one_error(load, root, tmp_path):
    with pytest.raises(StudyError, match="the folder is missing; write folder:PATH"):
        folder.load(None, folder.Settings(), None)
    with pytest.raises(AssetError, match="there is no such folder"):
        load(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AssetError, match="empty: has no pictures"):
        load(tmp_path / "empty")
    draw(tmp_path / "one" / "cat" / "a.png")
    with pytest.raises(AssetError, match="has one class, 'cat'"):
        load(tmp_path / "one")
    draw(root / "train" / "cat" / "a.png")
    with pytest.raises(AssetError, match=r"train/cat/a\.png: pictures lie either all in"):
        load(root)


def test_a_file_that_is_no_picture_is_named_with_its_row(load, root):
    (root / "cat" / "2.png").write_bytes(b"no picture")
    source = load(root)
    assert source.image(0).shape == (4, 6, 3)
    with pytest.raises(AssetError, match=r"cat/2\.png, row 1 \(from 0\): not a picture that can be read .* Replace it"):
        source.image(1)
    (root / "cat" / "2.png").unlink()
    with pytest.raises(AssetError, match=r"cat/2\.png: no such file \(row 1, from 0\)"):
        source.image(1)


def test_pictures_of_imagenet_are_named_by_wordnet_id_or_number_among_all_its_classes(runtime, tmp_path):
    def load(path, **keys):
        return ImageSettings(model=f"imagenet:{path}", **keys).load(runtime)

    draw(tmp_path / "ids" / "n02012849" / "a.jpg")
    source = load(tmp_path / "ids")
    assert (len(source.classes), source.label(0), source.classes[134]) == (1000, 134, "crane (n02012849)")
    assert (source.image(0).shape, source.redistributable) == ((224, 224, 3), False)
    assert "ImageNet's terms" in source.license
    assert load(tmp_path / "ids", side=64).image(0).shape == (64, 64, 3)
    draw(tmp_path / "numbers" / "a.jpg")
    (tmp_path / "numbers" / "metadata.csv").write_text("file_name,label\na.jpg,999\n")
    assert imagenet.names()[load(tmp_path / "numbers").label(0)] == "toilet tissue"
    (tmp_path / "numbers" / "metadata.csv").write_text("file_name,label\na.jpg,1000\n")
    with pytest.raises(AssetError, match=r"a\.jpg, row 0 \(from 0\): its label is '1000', which no class is called"):
        load(tmp_path / "numbers")
    with pytest.raises(StudyError, match="leave classes and redistributable out"):
        load(tmp_path / "ids", redistributable=True, license="mine")
