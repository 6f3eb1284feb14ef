"""A network of the user's, in the format of transformers: explained, checked and manipulated as ours are."""

from pathlib import Path

import pytest

from builder.runtime import Runtime
from builder.studies.explanation.models import load_models
from builder.studies.explanation.pipeline import build_batch
from builder.studies.explanation.study import explanation
from tests.builder.classifiers.test_transformers import save, sha256
from tests.builder.studies.explanation.test_study import explainers, manipulation, pictures, study

EXPLAINERS = ("gradient", "grad_cam", "guided_backpropagation", "lrp", "deeplift")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A study with a check of the network's layers, and one that manipulates pictures of noise."""
    root: Path = tmp_path_factory.mktemp("transformers")
    (root / "model").mkdir()
    folder = save(root / "model")
    resnet = {"name": "resnet", "model": f"transformers:{folder}", "sha256": sha256(folder)}
    return explanation(
        study(
            images=pictures(root / "noise", 4, side=32),
            images_per_batch=2,
            classifiers=[resnet],
            explainers=explainers(*EXPLAINERS),
            checks=[
                {"check": "cascading", "classifier": "resnet", "layers": 3},
                manipulation("top_k", "gradient", radius=0.2, steps=8) | {"classifier": "resnet"},
            ],
        )
    )


def test_a_resnet_of_transformers_is_explained_and_manipulated(own, runtime: Runtime):
    models = load_models(own, runtime)
    checked, manipulated = (build_batch(own, models, batch).tables for batch in (0, 1))
    layers = {row["layer"] for row in checked["sanity"].to_pylist()}
    assert [name for name in layers if name.endswith("classifier.1")]
    assert [name for name in layers if name.endswith("embedder.embedder.convolution")]
    assert {row["explainer"] for row in checked["maps"].to_pylist()} == {*EXPLAINERS, "edges"}
    said = models.classifiers["resnet"].probabilities(models.pictures(models.order[:2])).argmax(axis=1)
    names = {row["image_id"]: row["class"] for row in checked["items"].to_pylist()}
    assert set(names.values()) <= {models.classifiers["resnet"].classes[each] for each in said}
    top_k, no_op = manipulated["runs"].to_pylist()
    assert top_k["same_class"] == 1
    assert top_k["goal_after"] < min(no_op["goal_after"], top_k["goal_before"])
