"""Names of columns, measures and methods as a reader writes them."""

import re
from collections.abc import Collection, Mapping

SPELLINGS = {
    "arcface": "ArcFace",
    "auc": "AUC",
    "auroc": "AUROC",
    "eer": "EER",
    "hog": "HOG",
    "holm": "Holm",
    "kendall": "Kendall",
    "l 2": "L2",
    "l inf": "L-infinity",
    "l2": "L2",
    "lpips": "LPIPS",
    "lpips alex": "LPIPS (AlexNet)",
    "lpips vgg": "LPIPS (VGG16)",
    "mse": "MSE",
    "pearson": "Pearson",
    "r2": "R²",
    "sd": "SD",
    "se": "SE",
    "spearman": "Spearman",
    "ssim": "SSIM",
    "std": "SD",
}
"""Words and phrases that every kind of study writes alike, from how its tables name them."""

_QUALIFIED = re.compile(r"^(\S+) (roll|eyes|yaw|pitch)$")
"""A pose, which an alignment says: the alignment is put behind it."""

_PROBABILITY = re.compile(r"^p (\S+)$")
"""A p value, and after which correction or of which unit it is."""


class Spelling:
    """The words for names: with `SPELLINGS`, `lpips_alex` is LPIPS (AlexNet) and `hog_yaw` is yaw (HOG).

    Args:
        own: Words and phrases of a kind of study beside the shared ones; where both write one, the kind's counts.
    """

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        self._spellings = {**SPELLINGS, **(own or {})}
        phrases = sorted(self._spellings, key=len, reverse=True)
        self._pattern = re.compile(rf"\b({'|'.join(map(re.escape, phrases))})\b")

    def __call__(self, name: str) -> str:
        """A name in words: `dlib_accept` is dlib accept."""
        words = self._pattern.sub(lambda match: self._spellings[match[0]], name.replace("_", " "))
        return _PROBABILITY.sub(r"p (\1)", _QUALIFIED.sub(r"\2 (\1)", words))

    def text(self, text: str, names: Collection[str]) -> str:
        """A text in which those of the names are written that have an underscore; a text that is a name is written."""
        if text in names:
            return self(text)
        return re.sub(r"\w+", lambda match: self(match[0]) if "_" in match[0] and match[0] in names else match[0], text)


written = Spelling()
"""The shared spelling, for names that no kind of study brings."""
