import numpy as np
import pytest

from builder import registry
from builder.errors import StudyError
from builder.images import mnist
from builder.images.settings import ImageSettings


@pytest.fixture(scope="module")
def load(runtime):
    return lambda argument: mnist.load(argument, mnist.Settings(), runtime)


def test_it_is_found_by_its_name(runtime):
    source = ImageSettings(model="mnist-5k").load(runtime)
    assert source.rows() == 5000
    assert source.classes == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    assert source.redistributable
    assert source.license == "CC BY-SA 3.0"
    assert "mnist-5k" in registry.names("images")


def test_every_class_has_500_digits_of_which_the_first_100_are_for_training(load):
    for argument, each in ((None, 500), ("train", 100), ("audit", 400)):
        source = load(argument)
        labels = [source.label(row) for row in range(source.rows())]
        assert np.bincount(labels).tolist() == [each] * 10
    everything, train, audit = load(None), load("train"), load("audit")
    assert [train.row_id(row) for row in (0, 99, 100, 999)] == ["0", "99", "500", "4599"]
    assert [audit.row_id(row) for row in (0, 399, 400, 3999)] == ["100", "499", "600", "4999"]
    assert {train.row_id(row) for row in range(1000)}.isdisjoint(audit.row_id(row) for row in range(4000))
    np.testing.assert_array_equal(audit.image(400), everything.image(600))


def test_a_digit_is_what_pandas_reads_in_the_same_row_of_the_file(load):
    import pandas as pd

    from builder import assets

    table = pd.read_csv(assets.path(mnist.TABLE), header=None).to_numpy()
    source = load(None)
    for row in (0, 1234, 4999):
        image = source.image(row)
        assert (image.shape, image.dtype) == ((28, 28, 3), np.uint8)
        np.testing.assert_array_equal(image, np.stack([table[row, :784].reshape(28, 28)] * 3, axis=2))
        assert source.label(row) == table[row, 784]
        assert source.votes(row) is None
        assert source.groups(row) == {}


def test_another_part_is_refused(load):
    with pytest.raises(StudyError, match=r"'mnist-5k:test': must be mnist-5k .* mnist-5k:train .* or mnist-5k:audit"):
        load("test")
