import pytest

from builder.errors import StudyError
from builder.images import imagenet, imagenet_samples
from builder.images.settings import ImageSettings


def test_classes_have_a_name_each_of_its_own_in_imagenets_order():
    names, ids = imagenet.names(), imagenet.wordnet_ids()
    assert len(set(names)) == len(set(ids)) == 1000
    assert list(ids) == sorted(ids)
    assert (ids[0], names[0], ids[999], names[999]) == ("n01440764", "tench", "n15075141", "toilet tissue")
    assert (names[134], names[517]) == ("crane (n02012849)", "crane (n03126707)")


def test_samples_are_those_that_foolbox_names_and_are_not_redistributed(runtime):
    source = ImageSettings(model="imagenet-samples").load(runtime)
    assert source.rows() == 20
    assert not source.redistributable
    assert [source.label(row) for row in range(5)] == [243, 559, 438, 990, 949]
    assert source.image(10).shape == (224, 224, 3)  # of 1024 x 683
    assert source.row_id(10) == "10"


def test_they_take_no_argument(runtime):
    with pytest.raises(StudyError, match="imagenet-samples takes no argument"):
        imagenet_samples.load("x", imagenet_samples.Settings(), runtime)
