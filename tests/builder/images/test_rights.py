"""What may become of a source's pictures, and what may not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.errors import PublishError
from builder.images.rights import picture_rights
from builder.images.settings import ImageSettings
from builder.publish.gate import check_license
from builder.publish.models import models_of
from builder.runtime import Runtime
from builder.studies import PictureRights, load_kind, packaged
from builder.study import Study, parse_study, read_study


def digits(license: str, **publish: object) -> Study:
    return parse_study(
        {"study": "classification", "name": "a", "publish": {"license": license, **publish}}, "study.toml"
    )


def rights_of(study: Study, runtime: Runtime) -> PictureRights | None:
    return load_kind(study.study).publish().rights(study, runtime)


def test_pictures_of_a_user_are_to_be_published_where_the_study_file_says_so(tmp_path: Path, runtime: Runtime):
    for label in ("3", "5"):
        (tmp_path / label).mkdir()
        Image.fromarray(np.zeros((28, 28, 3), np.uint8)).save(tmp_path / label / "0.png")
    rights = picture_rights(ImageSettings(model=f"folder:{tmp_path}"), runtime)
    assert (rights.redistributable, rights.license, rights.demands) == (False, None, ())
    assert "redistributable = true and license in [images]" in rights.remedy
    stated = {"redistributable": True, "license": "CC BY-SA 4.0"}
    rights = picture_rights(ImageSettings(model=f"folder:{tmp_path}", **stated), runtime)
    assert rights[1:4] == ("CC BY-SA 4.0", True, ("cc-by-sa-4.0",))


def test_rights_that_no_study_file_can_change_have_no_remedy(runtime: Runtime):
    rights = picture_rights(ImageSettings(model="imagenet-samples"), runtime)
    assert (rights.redistributable, rights.remedy) == (False, "")


def test_a_license_that_contradicts_that_of_the_pictures_is_refused(runtime: Runtime):
    rights = rights_of(digits("cc-by-4.0"), runtime)
    with pytest.raises(PublishError) as refused:
        check_license(digits("cc-by-4.0"), rights)
    assert str(refused.value) == (
        '[publish] license = "cc-by-4.0" contradicts the license of the pictures, CC BY-SA 3.0, which demands of what '
        "is made of them one of: cc-by-sa-3.0, cc-by-sa-4.0"
    )
    for license in ("cc-by-sa-3.0", "cc-by-sa-4.0"):
        check_license(digits(license), rights)
    assert rights is not None
    check_license(digits("cc-by-4.0"), rights._replace(redistributable=False))
    check_license(digits("cc-by-4.0"), None)


def test_the_license_of_a_source_is_its_own(runtime: Runtime):
    study = digits("cc-by-sa-3.0")
    source, *_ = models_of(study, rights_of(study, runtime))
    assert (source.model, source.license) == ("mnist-5k:audit", "CC BY-SA 3.0")
    study = digits("cc-by-sa-3.0", licenses={"images": "CC BY-SA 3.0 (MNIST)"})
    assert models_of(study, rights_of(study, runtime))[0].license == "CC BY-SA 3.0 (MNIST)"
    study = digits("cc-by-sa-3.0", licenses={"images": "CC0"})
    with pytest.raises(PublishError, match=r"the license of these pictures is CC BY-SA 3.0; leave it out"):
        models_of(study, rights_of(study, runtime))


@pytest.mark.parametrize("name", packaged())
def test_packaged_studies_contradict_no_license(name: str, runtime: Runtime):
    study = read_study(name)
    if study.publish.license is not None:
        check_license(study, rights_of(study, runtime))
