import numpy as np
import pytest
import torch

from builder import assets
from builder.errors import AssetError, BuildError, StudyError
from builder.generators import dcgan


def test_it_renders_what_the_package_that_trained_it_renders(generator):
    """The package's own network, read by torch; its weights are the asset."""
    from gan_face_generate.models import Generator

    reference = Generator(0, 3, 100, 64)
    checkpoint = torch.load(assets.path(dcgan.CHECKPOINT), weights_only=True, map_location="cpu")
    reference.load_state_dict(checkpoint["netG_state_dict"])
    latents = generator.sample(range(40))
    with torch.no_grad():
        wanted = reference.eval()(torch.from_numpy(latents)[:, :, None, None]).permute(0, 2, 3, 1).numpy()
    rendered = generator.render(latents)
    assert rendered.shape == (40, 64, 64, 3)
    assert rendered.dtype == np.uint8
    # half a step of rounding to 8 bits, and the noise of float32
    assert np.abs(rendered / 127.5 - 1 - wanted).max() <= 0.5 / 127.5 + 1e-4


def test_seeds_mean_what_they_mean_elsewhere(generator):
    latents = generator.sample([7, 2**32 - 1])
    assert latents.dtype == np.float32
    np.testing.assert_array_equal(latents[0], np.random.RandomState(7).randn(100).astype(np.float32))
    np.testing.assert_array_equal(latents[1], np.random.RandomState(2**32 - 1).randn(100).astype(np.float32))


def test_an_image_does_not_depend_on_its_company(generator):
    latents = generator.sample(range(generator.micro_batch + 5))
    together = generator.render(latents)
    np.testing.assert_array_equal(together[[17, 3]], generator.render(latents[[17, 3]]))


def test_an_argument_is_refused(runtime):
    with pytest.raises(StudyError, match="takes no argument"):
        dcgan.load("x", dcgan.Settings(), runtime)


class RunsCode:
    def __reduce__(self):
        return print, ("this must never run",)


@pytest.mark.parametrize("content", [{"netG_state_dict": {}}, {}, {"netG_state_dict": RunsCode()}, b"not a checkpoint"])
def test_weights_that_are_not_its_own_are_refused_and_run_nothing(tmp_path, runtime, content, capsys):
    path = tmp_path / "weights.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(AssetError, match=r"weights\.pt"):
        dcgan.DCGAN(path, runtime)
    assert capsys.readouterr().out == ""


def test_pixels_that_are_no_numbers_are_refused(generator):
    """As uint8 they would be some color or other."""
    with pytest.raises(BuildError, match="pixels that are not finite"):
        generator.render(np.full((1, 100), np.nan, np.float32))
