import pytest

from builder.images.licenses import demanded


@pytest.mark.parametrize(
    ("license", "wanted"),
    [
        ("CC BY-SA 3.0", ("cc-by-sa-3.0", "cc-by-sa-4.0")),
        ("pictures of MNIST, cc-by-sa-4.0", ("cc-by-sa-4.0",)),
        ("CC BY-NC-SA 4.0", ("cc-by-nc-sa-4.0",)),
        ("CC BY-SA 1.0", ("cc-by-sa-1.0",)),
        ("CC BY 4.0", ()),
        ("CC0", ()),
        ("MIT; trained on faces", ()),
        ("not stated", ()),
    ],
)
def test_share_alike_demands_itself_or_a_later_version(license: str, wanted: tuple[str, ...]):
    assert demanded(license) == wanted


def test_noncommercial_demands_a_license_that_is():
    allowed = demanded("CC BY-NC 4.0")
    assert {"cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0"} <= set(allowed)
    assert all("-nc" in each for each in allowed)
