"""The meaning of the columns of a counterfeits study's tables."""

from builder.columns import BATCH, IMAGE, IMAGE_ID, ITEM_ID, PIXELS, SHA256, Column

_ROUND = Column("round", "round of the defense, from 0")
_KIND = Column("kind", "kind of the image, see above")
_CLASS = Column("class", "the class that the classifier of its round gives the stored picture", null="not classified")
_CONFIDENCE = Column("confidence", "its probability of that class", null="not classified")

ITEMS = (
    ITEM_ID,
    BATCH,
    Column("kind", "kind of the item, see above"),
    IMAGE_ID,
    IMAGE,
    _ROUND,
    Column("target", "the class that the generator was told", null="a control"),
    Column("converged", "whether the generator reached the study's bound", null="a control"),
    _CLASS,
    _CONFIDENCE,
    Column("label", "the label of a control", null="a counterfeit"),
    Column("control", "the right answer to a control", null="a counterfeit"),
    PIXELS,
)

IMAGES = (
    IMAGE_ID,
    IMAGE,
    SHA256,
    BATCH,
    _KIND,
    _ROUND,
    Column("z", "noise that the generator made it from", null="no counterfeit"),
    Column("condition", "condition that the generator made it from", null="no counterfeit"),
    Column("target", "the class that was wanted", null="none was wanted"),
    Column("row", "the row of the source's image that it is, or began from", null="no such image"),
    Column("label", "the label of that row", null="no such image"),
    _CLASS,
    _CONFIDENCE,
    Column(
        "pixels_distance",
        "Euclidean distance to the nearest training image, over pixels and channels",
        "share of the range",
        "training",
    ),
    Column("features_distance", "the same in the classifier's features", null="training"),
    Column("lpips_distance", "the same by LPIPS", null="training"),
    Column("detector_*", "what the detector of this name says; larger is stranger", null="training"),
    PIXELS,
)

PREDICTIONS = (
    IMAGE_ID,
    BATCH,
    Column("round", "the classifier: 0 for the study's own, else how often it was trained again"),
    Column("classes", "its first five classes, the most probable first"),
    Column("probabilities", "their probabilities"),
)

RUNS = (
    Column("run_id", "id of the generator"),
    BATCH,
    _ROUND,
    Column("kind", "its conditioning"),
    Column("seed", "seed of its training"),
    Column("latent", "numbers of its noise"),
    Column("width", "channels of its first feature map"),
    Column("enlarge", "how many times its images are enlarged for the classifier"),
    Column("steps", "steps of its training", "steps"),
    Column("images_per_class", "images of each class in a step of its training", "images"),
    Column("learning_rate", "of its training"),
    Column("dropout", "share of its units that are dropped in training"),
    Column("noise", "standard deviation of noise in training"),
    Column("soft_scale", "scale of soft conditions"),
    Column("kl", "weight of this term of the loss"),
    Column("cross_entropy", "weight of this term of the loss"),
    Column("cosine", "weight of this term of the loss"),
    Column("orthogonality", "weight of this term of the loss"),
    Column("pixels", "weight of this term of the loss"),
    Column("fade", "share of the steps in which the weights of the last three fall to 0"),
    Column("min_accuracy", "the bound for `converged`"),
    Column("curve_*", "this term of the loss at each step; [] where it is no term"),
    Column("accuracy", "share of its images that get the class that was wanted"),
    Column("least_accuracy", "the same of the class with the least"),
    Column("confidence", "mean probability of the class that its images get"),
    Column("converged", "whether `least_accuracy` is at least `min_accuracy`"),
    Column("lpips_side", "side to which images are enlarged for LPIPS", "pixels", "they are not"),
    Column("lpips_filter", "filter by which they are", null="they are not"),
)

NEIGHBORS = (
    IMAGE_ID,
    BATCH,
    Column("measure", "`pixels`, `features` or `lpips`"),
    Column("row", "the nearest training image's row in the source"),
    Column("label", "its label"),
    Column("neighbor_id", "its image, a row of `images`", null="no item shows the image"),
    Column("distance", "the distance to it"),
)

SPREADS = (
    BATCH,
    _KIND,
    _ROUND,
    Column("class", "the class that was wanted; of held-out images their label"),
    Column("n", "images of the class", "images"),
    Column("pixels", "mean distance of two of them, in pixels", "share of the range"),
    Column("features", "the same in the classifier's features"),
    Column("nearest_*", "distance of the nearest two"),
    Column("percentile_*", "first percentile of the distances of all twos"),
    Column("frechet", "Frechet distance of their features from those of training images"),
)
