"""Names of columns, measures and methods as a reader writes them."""

import re
from collections.abc import Collection

_WORDS = {
    "arcface": "ArcFace",
    "auc": "AUC",
    "auroc": "AUROC",
    "deeplift": "DeepLIFT",
    "eer": "EER",
    "frechet": "Fréchet",
    "hog": "HOG",
    "holm": "Holm",
    "ifgsm": "IFGSM",
    "kendall": "Kendall",
    "l2": "L2",
    "lime": "LIME",
    "lpips": "LPIPS",
    "lrp": "LRP",
    "mse": "MSE",
    "pearson": "Pearson",
    "r2": "R²",
    "sd": "SD",
    "se": "SE",
    "smoothgrad": "SmoothGrad",
    "spearman": "Spearman",
    "ssim": "SSIM",
    "std": "SD",
}

_PHRASES = {
    "LPIPS alex": "LPIPS (AlexNet)",
    "LPIPS vgg": "LPIPS (VGG16)",
    "grad cam": "Grad-CAM",
    "held out": "held-out",
    "kernel shap": "KernelSHAP",
    "l 2": "L2",
    "l inf": "L-infinity",
    "no op": "no-op",
    "one hot": "one-hot",
}

_QUALIFIED = re.compile(r"^(\S+) (roll|eyes|yaw|pitch)$")
"""A pose, which an alignment says: the alignment is put behind it."""

_PROBABILITY = re.compile(r"^p (\S+)$")
"""A p value, and after which correction or of which unit it is."""


def written(name: str) -> str:
    """A name in words: `lpips_alex` is LPIPS (AlexNet), `hog_yaw` is yaw (HOG), `dlib_accept` is dlib accept."""
    words = re.sub(r"[a-z0-9]+", lambda match: _WORDS.get(match[0], match[0]), name.replace("_", " "))
    for phrase, better in _PHRASES.items():
        words = re.sub(rf"\b{phrase}\b", better, words)
    return _PROBABILITY.sub(r"p (\1)", _QUALIFIED.sub(r"\2 (\1)", words))


def in_words(text: str, names: Collection[str]) -> str:
    """A text in which those of the names are written that have an underscore; a text that is a name is written."""
    if text in names:
        return written(text)
    return re.sub(r"\w+", lambda match: written(match[0]) if "_" in match[0] and match[0] in names else match[0], text)
