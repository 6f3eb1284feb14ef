"""The meaning of the columns of a classification study's tables."""

from builder.columns import BATCH, IMAGE, IMAGE_ID, ITEM_ID, LABEL, PIXELS, ROW, Column

_SHOWN = Column("image_id", "id of the image, a row of `images`", null="no item shows it")
_NOTHING = "it found nothing"

ITEMS = (
    ITEM_ID,
    BATCH,
    Column("kind", "kind of the item, see above"),
    IMAGE_ID,
    IMAGE,
    ROW,
    LABEL,
    Column("arm", "the arm of the study that shows the item", null="every arm does"),
    Column("shown_class", "the class that people are asked about", null="an assignment"),
    Column("task", "what people are asked: `relevance` of a class, or `assignment` to one of six"),
    Column("condition", "how the six classes are shown", null="no assignment"),
    Column("right_panel", "the letter of the label among these", null="no assignment"),
    Column("panels", "the letters of the six classes", null="no assignment"),
    Column("panel_ids", "their images, six of each in turn, rows of `images`", null="no assignment"),
    Column("weight", "mistakes, or successful attacks, of the batch that the item stands for", null="other kinds"),
    Column("top5_weight", "rows of the batch with a mistake that the item's row stands for", null="the row is none"),
    Column("*_top1", "the classifier's most probable class", null=_NOTHING),
    Column("*_mistake", "whether the shown class is its class and not the label", null="it was not asked about"),
    PIXELS,
)

PREDICTIONS = (
    ROW,
    BATCH,
    LABEL,
    _SHOWN,
    Column("pair", "the row's pair"),
    Column("side", "which of the pair the row is, `first` or `second`"),
    Column("attribute", "what the two of a pair differ in"),
    Column("*_classes", "the classifier's first five classes, the most probable first", null=_NOTHING),
    Column("*_probabilities", "their probabilities", null=_NOTHING),
    Column("*_label_in_top5", "whether the label is among them", null="it found nothing, or has at most 10 classes"),
)

ATTACKS = (
    ROW,
    BATCH,
    LABEL,
    Column("classifier", "the classifier that is attacked"),
    Column("image_id", "id of the attacked image, a row of `images`", null="no item shows it"),
    Column("class", "its class for the attacked image in 8 bits, as it is stored"),
    Column("success", "whether that is not the label"),
    Column("steps", "steps of the attack", "steps", "no success"),
    Column("float_class", "its class before rounding", null="the image kept its label"),
    Column("float_steps", "steps before rounding", "steps", "the image kept its label"),
    Column("linf", "largest change of a channel of a pixel", "share of the range"),
    Column("l2", "Euclidean length of the change", "share of the range"),
)

EXPLANATIONS = (
    Column("image_id", "the explained image, a row of `images`"),
    Column("explained_id", "the image that it is a part of, a row of `images`", null="no item shows it"),
    BATCH,
    ROW,
    LABEL,
    Column("classifier", "the classifier that is explained"),
    Column("attacked", "whether the image was attacked"),
    Column("class", "the class that is explained"),
    Column("rank", "place of the superpixel by weight, from 1; 0 is the image in which all is hidden"),
    Column("superpixel", "number of the superpixel in the image", null="rank 0"),
    Column("pixels", "pixels of the superpixel", "pixels", "rank 0"),
    Column("weight", "what it adds to the probability of the class", null="rank 0"),
    Column("shown", "whether the explained image shows it", null="rank 0"),
    Column("n_shown", "superpixels that the explained image shows", "superpixels"),
    Column("probability", "probability of the class where the superpixels up to this rank are shown, the rest gray"),
)

EXAMPLES = (
    Column("class", "the class that is represented"),
    BATCH,
    Column("method", "`adversarial`, `mmd`, `probability` or `random`"),
    Column("role", "`prototype` or `criticism`"),
    Column("rank", "place by class, method and role, from 1; the first are shown"),
    ROW,
    Column("image_id", "id of the image, a row of `images`", null="no item of the batch shows it"),
    Column("classifier", "the classifier whose example it is"),
    Column("score", "what the method goes by", null="the class was kept through all steps, or the method is `random`"),
    Column("qualified", "whether it is what the method asks for; else it is the nearest to that"),
    Column("n_qualified", "rows that are", "rows"),
    Column("n_candidates", "rows that examples were chosen from", "rows"),
)

PANELS = (
    ITEM_ID,
    BATCH,
    Column("panel", "the letter of the class"),
    Column("class", "the class that the panel shows"),
    Column("method", "how its images were chosen"),
    Column("right", "whether it is the label of the item's image"),
    Column("image_ids", "its images, rows of `images`"),
    Column("rows", "their rows in the source"),
    Column("roles", "`prototype` or `criticism`, of each"),
)

LABELS = (
    ROW,
    BATCH,
    LABEL,
    Column("class", "a class that people found relevant"),
    Column("n_yes", "people who did", "answers"),
    Column("n", "people who were asked, five or more", "answers"),
    Column("share", "`n_yes` of `n`"),
    Column("accepted", "whether the share is at least .8"),
    Column("ratings_source", "whose answers they are"),
)
