import numpy as np
import pytest

from builder.errors import StudyError
from builder.images.settings import ImageSettings


def test_pictures_are_the_generators_for_their_seeds_in_any_order(runtime, generator):
    source = ImageSettings(model="generated", first_seed=5, count=40).load(runtime)
    wanted = generator.render(generator.sample(range(5, 45)))
    for row in (39, 0, 17, 16, 15):
        np.testing.assert_array_equal(source.image(row), wanted[row])
    assert (source.rows(), source.row_id(0), source.row_id(39)) == (40, "5", "44")
    assert (source.classes, source.label(0), source.votes(0)) == ((), None, None)
    assert source.redistributable
    assert "dcgan-digiface: MIT" in source.license


def test_the_generator_is_a_key_and_seeds_have_an_end(runtime):
    with pytest.raises(StudyError, match=r'generator = \{ model = "stylegan2" \}'):
        ImageSettings(model="generated:stylegan2").load(runtime)
    with pytest.raises(StudyError, match=r"seeds must stay below 2\*\*32"):
        ImageSettings(model="generated", first_seed=2**32 - 5).load(runtime)
    with pytest.raises(ValueError, match="must be one of: dcgan-digiface"):
        ImageSettings(model="generated", generator={"model": "none"})
