"""`imagenet-samples`: 20 labeled pictures of ImageNet, as the package foolbox brings them.

Of each the center, 224 pixels, as classifiers of ImageNet are tested. The pictures keep ImageNet's terms, research use,
and are not published.
"""

from builder import assets, settings
from builder.assets import Asset, Package
from builder.catalog import Entry, embedded
from builder.errors import StudyError
from builder.images import Image, ImageSource, PlainSource, imagenet, pictures
from builder.runtime import Runtime

_FOOLBOX = Package("foolbox", "3.3.4", "11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb")
_LICENSE = "ImageNet's terms (research use); not redistributed"

_FILES = (
    ("00_243", 86_225, "28b7b933c8028c6e20bf74a86a709eda42ce99f14c8742cb657cb386f08a4c9d"),
    ("01_559", 60_981, "5f03b0c74dff01b5b4195d0beabcae2a625a406e6917957ab9c455b5b7dea6d6"),
    ("02_438", 38_174, "ccef0734c1a65549c6cb5adb0f5d9b1c0b2e2104aba50a9e5f9202dc6d4532ed"),
    ("03_990", 91_433, "c7f0b2f1e9ee39d8f900759e8983afa2e4a2d7de090060e8bb947f6e90cace5f"),
    ("04_949", 64_224, "a7f62f3c1d214de4718c7253871ab38209283249e131faf65b8f2b7fdc970669"),
    ("05_853", 82_330, "8a449436c61da867528b1f4efaf8ae832ab9c9201705eae0d3af1353fbdac131"),
    ("06_609", 91_478, "fb061102a4e58b3ed942bb2a4f9542e1e1acdc8f225ef95498e93889290e192f"),
    ("07_609", 93_555, "2c297ad1e5c4804a647e9b34bc02ee2fc348b05a4d49050d170fb61c948efa5c"),
    ("08_915", 92_322, "c6a3411a3987799f0de45adc142f00ca412c3e14073c635e2adfae1f3913180c"),
    ("09_455", 130_424, "ace3716b60ac5843269b270e17020e4f8138440cd30ef3487f7d6e54da9745a4"),
    ("10_541", 99_497, "f325c71d9f4290ee45e99bd7ad42f4bffe513b1450ad21e7bd61c7cb137395d9"),
    ("11_630", 27_498, "892dff58fc528fe63d2df0c783aa3eca2342637798578ce01763fbc0553eda01"),
    ("12_741", 112_576, "6c256e17545b25bbf2e06cf6513ff48d049583569515ac4d4c3a52aea804a529"),
    ("13_471", 72_748, "52ed0e738b90d27afcabc3e92c81ae637f160c2d9f75b93a65211005ab5dcd81"),
    ("14_129", 18_186, "ad9371d813bf24b0365ee2f78f28c08718ee7c5975f060caa16c3f264e828139"),
    ("15_99", 111_008, "4b588649cd835d4c65521727ebee03d9621baff1f54d3e8a53a26b53d983ec2e"),
    ("16_251", 73_665, "ce3440a3b7beb6ca3009817504c44d39fa789e7c2f70a2eef7e2f9cc9a87b129"),
    ("17_22", 30_745, "b432341845620e9cfd67d848c4783c32dd6eaddad45513866b17180d2b09fcf5"),
    ("18_317", 35_421, "b9412f92f0b1c3faede45b55a44940977daa744f2040118d0538cf597fca785d"),
    ("19_305", 38_110, "e1f58f00e2e47ce930d7ecab0e46a78316054f68c10d0742e87c1cc092324556"),
)
"""Number and label, size in bytes, SHA-256."""

PICTURES = tuple(
    Asset(f"imagenet-sample-{name}.jpg", _FOOLBOX, f"foolbox/data/imagenet_{name}.jpg", size, sha256, _LICENSE)
    for name, size, sha256 in _FILES
)
LABELS = tuple(int(name.partition("_")[2]) for name, _, _ in _FILES)
ASSETS = (*PICTURES, *imagenet.ASSETS)

SIDE, CENTER = 224, 0.875
"""Pixels, and the share of the shorter side that is kept: 224 of 256."""


class Samples(PlainSource):
    """The pictures, each read when it is asked for."""

    redistributable = False
    license = _LICENSE

    def __init__(self) -> None:
        """Fetches what is missing.

        Raises:
            AssetError: it cannot be fetched.
        """
        self._files = assets.paths(ASSETS)[: len(PICTURES)]
        self.classes = imagenet.names()

    def rows(self) -> int:
        """20."""
        return len(self._files)

    def image(self, row: int) -> Image:
        """(224, 224, 3)."""
        picture = pictures.read(self._files[row].read_bytes(), str(self._files[row]))
        return pictures.pixels(pictures.squared(picture, SIDE, CENTER))

    def label(self, row: int) -> int:
        """Index in ImageNet's classes."""
        return LABELS[row]


class Settings(settings.Settings):
    """`[images]` has no keys for imagenet-samples besides `model`."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> ImageSource:
    """The pictures.

    Raises:
        StudyError: there is an argument.
        AssetError: they cannot be fetched.
    """
    if argument is not None:
        raise StudyError(f"images.model = 'imagenet-samples:{argument}': imagenet-samples takes no argument")
    return Samples()


def describe(name: str, runtime: Runtime) -> list[Entry]:
    """Its line in the catalog."""
    return [embedded(name, PICTURES, runtime)]
