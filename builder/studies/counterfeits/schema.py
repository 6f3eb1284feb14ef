"""The columns of the tables that a counterfeits study builds."""

from datasets import ClassLabel, Features, Image, Sequence, Value

COUNTERFEITS = ["soft", "one_hot", "hot_matrix"]
"""The kinds of items that are counterfeits: their conditionings."""

ITEM_KINDS = [*COUNTERFEITS, "control"]
"""The kinds of items, in the order of the ClassLabel `kind`."""

BASELINES = ["noise", "ifgsm_first", "ifgsm_last"]

HELD_OUT, TRAINING = "held_out", "training"

IMAGE_KINDS = [*COUNTERFEITS, HELD_OUT, *BASELINES, TRAINING]
"""The kinds of images, likewise."""

MEASURES = ("pixels", "features", "lpips")
"""Measures of distance: Euclidean in pixels, in units of 0..1, and in the classifier's features; LPIPS."""

DETECTORS = ("max_softmax", "energy", "mahalanobis", "k_nearest", "temperature")
"""Names of the detectors, see `detectors`; the larger, the stranger the image."""

TERMS = ("kl", "cross_entropy", "cosine", "orthogonality", "pixels")
"""The terms of a generator's loss."""

SPREAD = (
    *("pixels", "features", "nearest_pixels", "nearest_features"),
    *("percentile_pixels", "percentile_features", "frechet"),
)
"""The numbers of a row of `spreads`."""

TOP = 5
"""Classes of a prediction that are kept."""


def items() -> Features:
    """One row per item: an image.

    `class` and `confidence` are of the classifier that the round's generators invert, for the stored picture; `target`
    is the class that the generator was told, `converged` whether it reaches the study's bound. Of a control, an image
    of the world, these are null, `round` is 0, and `label` and `control` are its label.
    """
    return Features(
        {
            "item_id": Value("string"),
            "batch": Value("int32"),
            "kind": ClassLabel(names=ITEM_KINDS),
            "image_id": Value("string"),
            "image": Image(),
            "round": Value("int32"),
            "target": Value("string"),
            "converged": Value("bool"),
            "class": Value("string"),
            "confidence": Value("float64"),
            "label": Value("string"),
            "control": Value("string"),
        }
    )


def images() -> Features:
    """One row per image: counterfeits, by conditioning and round; held-out images; baselines; and those training images
    that are the nearest to an item.

    z, condition: what the generator made it from. `target`: the class that was wanted; `row`: that of the source's
    image, which baselines began from, and its `label`. `class`, `confidence`: as in items. `<measure>_distance`: to the
    nearest training image. `detector_<name>`: see `detectors`; by the classifier before any defense, as the distances
    in features.
    """
    columns = {
        "image_id": Value("string"),
        "image": Image(),
        "sha256": Value("string"),
        "batch": Value("int32"),
        "kind": ClassLabel(names=IMAGE_KINDS),
        "round": Value("int32"),
        "z": Sequence(Value("float32")),
        "condition": Sequence(Value("float32")),
        "target": Value("string"),
        "row": Value("string"),
        "label": Value("string"),
        "class": Value("string"),
        "confidence": Value("float64"),
    }
    columns |= {f"{measure}_distance": Value("float64") for measure in MEASURES}
    return Features(columns | {f"detector_{name}": Value("float64") for name in DETECTORS})


def predictions() -> Features:
    """One row per image, training images aside, and classifier: `round` is 0 for the study's own, and how often it was
    trained again. The first five classes, or all where it has fewer, and their probabilities.
    """
    return Features(
        {
            "image_id": Value("string"),
            "batch": Value("int32"),
            "round": Value("int32"),
            "classes": Sequence(Value("string")),
            "probabilities": Sequence(Value("float32")),
        }
    )


def runs() -> Features:
    """One row per generator: its settings, each term of its loss at each step (empty where it is no term of this
    conditioning), the share of its images that the classifier gives the class that it was told, and the least one of
    the classes; `converged` is whether that reaches `min_accuracy`. Images with a side below 32 pixels are enlarged for
    LPIPS, to `lpips_side` by `lpips_filter`; null where they are not.
    """
    whole = ("latent", "width", "enlarge", "steps", "images_per_class")
    numbers = ("learning_rate", "dropout", "noise", "soft_scale", *TERMS, "fade", "min_accuracy")
    columns = {"run_id": Value("string"), "batch": Value("int32"), "round": Value("int32")}
    columns |= {"kind": ClassLabel(names=COUNTERFEITS), "seed": Value("int64")}
    columns |= {name: Value("int32") for name in whole} | {name: Value("float64") for name in numbers}
    columns |= {f"curve_{name}": Sequence(Value("float32")) for name in TERMS}
    shares = {name: Value("float64") for name in ("accuracy", "least_accuracy", "confidence")}
    lpips = {"lpips_side": Value("int32"), "lpips_filter": Value("string")}
    return Features(columns | shares | {"converged": Value("bool")} | lpips)


def neighbors() -> Features:
    """One row per image, training images aside, and measure: the nearest training image, by its row in the source and
    its label; `neighbor_id` is its image, null where no item shows the image.
    """
    return Features(
        {
            "image_id": Value("string"),
            "batch": Value("int32"),
            "measure": Value("string"),
            "row": Value("string"),
            "label": Value("string"),
            "neighbor_id": Value("string"),
            "distance": Value("float64"),
        }
    )


def spreads() -> Features:
    """One row per class of the images of a kind and round: how they are spread (see `spread`), over `n` images.

    The class is the one that was wanted; of held-out images their label. Distances are in pixels and in features: of
    two images on average, of the nearest two, and the first percentile over all twos.
    """
    columns = {"batch": Value("int32"), "kind": ClassLabel(names=IMAGE_KINDS), "round": Value("int32")}
    columns |= {"class": Value("string"), "n": Value("int32")}
    return Features(columns | {name: Value("float64") for name in SPREAD})


FEATURES = {
    "items": items,
    "images": images,
    "predictions": predictions,
    "runs": runs,
    "neighbors": neighbors,
    "spreads": spreads,
}
