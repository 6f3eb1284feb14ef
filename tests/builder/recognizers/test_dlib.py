import dlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from builder import assets
from builder.errors import AssetError, StudyError
from builder.recognizers import dlib as dlib_recognizer
from builder.recognizers.dlib_format import read_network

TOLERANCE = 1e-4
"""Per component of a descriptor, whose components are about 0.1."""


@pytest.fixture(scope="module")
def reference():
    """dlib's own runtime on the same file."""
    return dlib.face_recognition_model_v1(str(assets.path(dlib_recognizer.NETWORK)))


def descriptors(reference, crops):
    return np.array([reference.compute_face_descriptor(crop) for crop in crops])


def test_chips_of_generated_faces_have_dlibs_descriptors(recognizer, reference, faces):
    assert len(faces.crops) == 64
    embeddings = recognizer.embed(faces.crops)
    np.testing.assert_allclose(embeddings, descriptors(reference, faces.crops), rtol=0, atol=TOLERANCE)


def test_chips_of_photographs_have_dlibs_descriptors(recognizer, reference, alignment, photographs):
    crops = np.concatenate([alignment.align(photograph[None]).crops for photograph in photographs])
    np.testing.assert_allclose(recognizer.embed(crops), descriptors(reference, crops), rtol=0, atol=TOLERANCE)


def test_an_embedding_does_not_depend_on_its_company(recognizer, faces):
    together = recognizer.embed(faces.crops)
    np.testing.assert_array_equal(together[[40, 3]], recognizer.embed(faces.crops[[40, 3]]))


def test_distance_is_scipys_and_zero_for_the_same_image(recognizer, faces):
    embeddings = recognizer.embed(faces.crops[:8])
    distances = recognizer.distance(embeddings[:4], embeddings[4:])
    np.testing.assert_allclose(distances, np.diag(cdist(embeddings[:4], embeddings[4:])), rtol=1e-6)
    assert (recognizer.distance(embeddings, embeddings) == 0).all()


def test_the_threshold_is_where_the_file_was_trained():
    """dlib trained the network to put one person within 0.6; the file holds that number."""
    data = assets.path(dlib_recognizer.NETWORK).read_bytes()
    mantissa = int.from_bytes(data[data.index(b"\x03\x9a\x99\x99") + 1 :][:3], "little")
    assert mantissa * 2.0**-24 == pytest.approx(dlib_recognizer.THRESHOLD, abs=1e-7)


def test_an_argument_is_refused(runtime):
    with pytest.raises(StudyError, match="takes no argument"):
        dlib_recognizer.load("x", dlib_recognizer.Settings(), runtime)


LAYERS = 29 * 3 + 14 + 6 + 1
"""29 convolutions, each with its affine layer and a relu behind it or its block; 14 sums, 6 pools, 1 dense layer."""

HEAD = 4_000
"""The stored network's preamble, its first layer's settings and some of its parameters."""


@given(st.integers(0, HEAD), st.binary(min_size=1, max_size=8))
def test_a_file_with_other_bytes_is_read_or_refused(tmp_path_factory, position, replacement):
    data = assets.path(dlib_recognizer.NETWORK).read_bytes()
    path = tmp_path_factory.mktemp("dat") / "network.dat"
    path.write_bytes(data[:position] + replacement + data[position + len(replacement) :])
    try:
        outcome = f"{len(read_network(path).layers)} layers"
    except AssetError as error:
        outcome = str(error)
    assert outcome == f"{LAYERS} layers" or "network.dat: no dlib network" in outcome


@pytest.mark.parametrize("size", [0, 1, 300, 20_000, 22_466_065])
def test_a_file_cut_short_is_refused(tmp_path, size):
    path = tmp_path / "network.dat"
    path.write_bytes(assets.path(dlib_recognizer.NETWORK).read_bytes()[:size])
    with pytest.raises(AssetError, match="are left"):
        read_network(path)


def test_a_network_of_other_layers_is_refused(tmp_path, runtime):
    data = assets.path(dlib_recognizer.NETWORK).read_bytes()
    path = tmp_path / "network.dat"
    path.write_bytes(data[: data.rindex(b"\x01\x04fc_2")])
    with pytest.raises(AssetError, match="not dlib's face recognition network"):
        dlib_recognizer.DlibRecognizer(path, runtime)
