import pytest
import torch

from builder.errors import StudyError
from builder.studies.counterfeits.network import Generator, hot_matrix, sizes_of
from builder.studies.counterfeits.study import GeneratorSettings


def test_row_and_column_of_the_class_are_hot():
    matrix = hot_matrix(torch.tensor([[0.0, 1.0, 0.0]]))
    assert matrix.tolist() == [[[0, 1, 0], [1, 1, 1], [0, 1, 0]]]


@pytest.mark.parametrize(
    ("shape", "classes", "enlarge", "sizes", "deeper"),
    [
        ((28, 28), 10, 1, [(7, 7), (10, 10), (14, 14), (28, 28)], 1),
        ((28, 28), 14, 1, [(7, 7), (14, 14), (28, 28)], 1),
        ((28, 28), 2, 1, [(2, 2), (7, 7), (14, 14), (28, 28)], 0),
        ((224, 224), 5, 4, [(5, 5), (7, 7), (14, 14), (28, 28), (56, 56)], 0),
        ((28, 28), 100, 1, [(7, 7), (14, 14), (28, 28)], None),
    ],
)
def test_there_is_a_feature_map_of_the_classes_where_there_is_room(shape, classes, enlarge, sizes, deeper):
    assert sizes_of(shape, classes, enlarge, matrix=False) == (sizes, deeper)


def test_what_does_not_fit_is_refused():
    with pytest.raises(StudyError, match=r'"hot_matrix" needs a feature map of 100 x 100.*draws 28 x 28 pixels'):
        sizes_of((28, 28), 100, 1, matrix=True)
    with pytest.raises(StudyError, match=r"generator.enlarge = 3: must divide the sides of the images, 28 x 28"):
        sizes_of((28, 28), 10, 3, matrix=False)


@pytest.mark.parametrize("conditioning", ["one_hot", "hot_matrix"])
@pytest.mark.parametrize("enlarge", [1, 2])
def test_images_are_a_function_of_latent_and_condition(conditioning, enlarge):
    torch.manual_seed(0)
    made = Generator(conditioning, 3, (16, 20), 3, GeneratorSettings(width=8, latent=4, enlarge=enlarge)).eval()
    latents, condition = torch.randn(2, 4), torch.eye(3)[:2]
    with torch.no_grad():
        images = made(latents, condition)
        assert images.shape == (2, 3, 16, 20)
        assert 0 <= images.min() <= images.max() <= 1
        torch.testing.assert_close(images[1:], made(latents[1:], condition[1:]))
        assert (images[:1] - made(latents[:1], condition[1:])).abs().max() > 1e-4
        made.train()
        assert not torch.equal(made(latents, condition), made(latents, condition))
