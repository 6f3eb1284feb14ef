"""A real `datasets` against a Hub on this machine, in a process of its own: it reads where the Hub is when imported."""

import json
import subprocess
import sys
import textwrap

import pytest

from builder.errors import StudyError
from builder.images.settings import ImageSettings
from tests.hub_server import hub_server

pytestmark = pytest.mark.slow

SCRIPT = """
import io, json, pickle
import numpy as np
from datasets import ClassLabel, Dataset, Features, Image, Value
from huggingface_hub import HfApi
from PIL import Image as Pillow

from builder.errors import LandsBetweenError
from builder.images.settings import ImageSettings
from builder.runtime import start_runtime

runtime, api = start_runtime("cpu", 1), HfApi()


def push(name, files):
    api.create_repo(f"user/{name}", repo_type="dataset")
    for path, content in files.items():
        api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=f"user/{name}", repo_type="dataset")
    return api.dataset_info(f"user/{name}").sha


def png(level):
    file = io.BytesIO()
    Pillow.new("RGB", (4, 3), (level, 0, 0)).save(file, "PNG")
    return file.getvalue()


def parquet(pictures, **columns):
    features = Features({"image": Image(), "emotion": ClassLabel(names=["sad", "happy"]), "gender": Value("string")})
    rows = {"image": pictures, "emotion": [1, 0, 1], "gender": ["woman", "man", "woman"]} | columns
    file = io.BytesIO()
    Dataset.from_dict(rows, features=features).to_parquet(file)
    return file.getvalue()


def read(model, **keys):
    try:
        source = ImageSettings(model=f"hf:{model}", **keys).load(runtime)
        rows = [
            [int(source.image(row)[0, 0, 0]), source.label(row), dict(source.groups(row))]
            for row in range(source.rows())
        ]
        return {"classes": source.classes, "rows": rows, "shape": source.image(0).shape, "license": source.license}
    except LandsBetweenError as error:
        return str(error)


kept = [{"bytes": png(level), "path": None} for level in (1, 2, 3)]
faces = push("faces", {"data/train-00000-of-00001.parquet": parquet(kept)})
folder = push("folder", {f"train/{name}/{level}.png": png(level) for level, name in enumerate(["cat", "dog"])})
evil = [{"bytes": None, "path": "/etc/hostname"}, *kept[1:]]
leads = push("leads", {"data/train-00000-of-00001.parquet": parquet(evil)})
gone = push("gone", {"data/train-00000-of-00001.parquet": parquet(kept, emotion=[1, -1, 0])})


class Evil:
    def __reduce__(self):
        return print, ("RUN",)


table = push("table", {"train.csv": b"image,label\\na.png,1\\n"})
pickled = push("pickled", {"train.pkl": pickle.dumps(Evil())})
columns = {"label": "emotion", "groups": ["gender"]}
print(json.dumps({
    "faces": read(f"user/faces@{faces}", **columns, side=8, license="CC0"),
    "folder": read(f"user/folder@{folder}"),
    "unlabeled": read(f"user/faces@{faces}", label=""),
    "leads": read(f"user/leads@{leads}", **columns),
    "gone": read(f"user/gone@{gone}", **columns),
    "table": read(f"user/table@{table}"),
    "pickled": read(f"user/pickled@{pickled}"),
    "column": read(f"user/faces@{faces}", label="feeling"),
    "no pictures": read(f"user/faces@{faces}", image="gender", label=""),
    "split": read(f"user/faces@{faces}", split="test", label=""),
    "none": read(f"user/none@{'0' * 40}"),
}))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with hub_server() as hub:
        result = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(SCRIPT)],
            env=hub.environment(home),
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert result.returncode == 0, result.stderr
    assert "RUN" not in result.stdout + result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_pictures_labels_and_groups_are_those_of_the_columns(said):
    assert said["faces"] == {
        "classes": ["sad", "happy"],
        "rows": [[1, 1, {"gender": "woman"}], [2, 0, {"gender": "man"}], [3, 1, {"gender": "woman"}]],
        "shape": [8, 8, 3],
        "license": "CC0",
    }
    assert said["folder"]["classes"] == ["cat", "dog"]
    assert said["folder"]["rows"] == [[0, 0, {}], [1, 1, {}]]
    assert said["unlabeled"]["rows"][0] == [1, None, {}]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("leads", "row 0 (from 0): its picture is '/etc/hostname', which is no file of the dataset"),
        ("gone", "row 1 (from 0): its label is '', which no class is called: sad, happy"),
        ("column", "has no column feeling; it has image, emotion, gender"),
        ("no pictures", "the column gender has no pictures"),
        ("table", "is stored as csv; arrow, imagefolder, parquet are read"),
        ("split", "cannot be fetched from the Hub"),
        ("none", "cannot be fetched from the Hub"),
    ],
)
def test_datasets_that_are_wrong_are_one_error(said, name, wanted):
    assert wanted in said[name]


def test_a_pickle_in_a_dataset_is_not_read(said):
    assert isinstance(said["pickled"], str)
    assert "cannot be fetched from the Hub: No (supported) data files found" in said["pickled"]


def test_an_address_without_a_commit_is_refused(runtime):
    for address in ("user/repo", "user/repo@main", "repo@" + "0" * 40, ""):
        with pytest.raises(StudyError, match="write hf:user/repo@commit, commit being a full hash"):
            ImageSettings(model=f"hf:{address}").load(runtime)
