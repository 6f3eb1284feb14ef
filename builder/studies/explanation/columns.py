"""The meaning of the columns of an explanation study's tables."""

from builder.columns import BATCH, IMAGE, IMAGE_ID, ITEM_ID, LABEL, PIXELS, ROW, SHA256, Column

_CHECK = Column("check", "the check: `cascading`, `independent`, `labels`, `explainers` or `manipulation`")
_CLASSIFIER = Column("classifier", "name of the classifier that is explained")
_EXPLAINER = Column("explainer", "explainer of the first map")
_OTHER = Column("other_explainer", "explainer of the second map")
_NOTHING_CHANGED = "nothing is manipulated"
_LAYER = Column("layer", "the layer up to which, or in which, weights were drawn anew", null="no weights were drawn")
_PLACE = Column(
    "place", "the layer's place from the output, which is 1; of a manipulation the number of the run", null="neither"
)
_MEASURE = Column("measure", "name of the measure, see above")

ITEMS = (
    ITEM_ID,
    BATCH,
    _CHECK,
    Column("kind", "the check or the version that the item is of, or a control, see above"),
    Column("task", "the question that is asked: `likeness`, `difference` or `trust`"),
    _CLASSIFIER,
    IMAGE_ID,
    IMAGE,
    ROW,
    LABEL,
    Column("class", "the class that is explained, the classifier's own"),
    Column("probability", "the classifier's probability of it"),
    _EXPLAINER,
    _OTHER,
    _LAYER,
    Column("manipulation", "name of the manipulation", null=_NOTHING_CHANGED),
    Column("run", "number of the setting that was tried", null=_NOTHING_CHANGED),
    Column("changed_id", "id of the changed picture, a row of `images`; of `image` where nothing is manipulated"),
    Column("changed", "the changed picture, a PNG"),
    Column(
        "l_inf",
        "largest change of a channel of a pixel",
        "share of the range",
        null=f"{_NOTHING_CHANGED}, or the network is",
    ),
    Column("side", "where the map of the changed picture stands, `left` or `right`", null="not of the task `trust`"),
    Column("first_id", "id of the first map's view, a row of `images`"),
    Column("first", "the first map, a PNG"),
    Column("second_id", "id of the second map's view, a row of `images`"),
    Column("second", "the second map, a PNG"),
    PIXELS,
    Column("*", "what the measure of this name says of the two maps, see above", null="it is not defined"),
)

IMAGES = (
    IMAGE_ID,
    IMAGE,
    Column("map_id", "the map that the image is a view of", null="it is a picture"),
    Column("row", "the picture's row in its source", null="it is a view of a map"),
    SHA256,
    PIXELS,
    BATCH,
)

MAPS = (
    Column("map_id", "id of the map"),
    BATCH,
    Column("image_id", "the picture that is explained, a row of `images`"),
    Column("explainer", "name of the explainer"),
    Column(
        "network",
        "whose explanation it is: `trained`, `drawn`, `memorized`, `permuted`, `none` of edges; `manipulated` and "
        "`no_op` are the trained one, of such a picture",
    ),
    _LAYER,
    Column("scale", "largest absolute value of the map"),
    Column("map", "the map, rows of pixels, divided by `scale`"),
    Column("absolute", "view of its absolute values, a PNG"),
    Column("diverging", "view of its signed values, a PNG"),
)

COMPARISONS = (
    Column("item_id", "the item that shows the two maps", null="no item does"),
    BATCH,
    _CHECK,
    _CLASSIFIER,
    Column("image_id", "the picture, a row of `images`"),
    _EXPLAINER,
    _OTHER,
    Column("network", "the second map's, as in `maps`"),
    _LAYER,
    _PLACE,
    Column("first_map", "id of the first map"),
    Column("second_map", "id of the second map"),
    _MEASURE,
    Column("value", "what it says of the two maps", null="it is not defined"),
)

SANITY = (
    BATCH,
    _CHECK,
    _CLASSIFIER,
    Column("network", "what took the trained network's place, as in `maps`"),
    _LAYER,
    _PLACE,
    Column("same_class", "share of the pictures that this network gives the trained one's class"),
    Column("explainer", "name of the explainer"),
    _MEASURE,
    Column("pictures", "pictures that were explained", "pictures"),
    Column("defined", "those of which the measure is defined", "pictures"),
    Column("mean", "mean of the measure over these", null="it is defined of none"),
)

_OF_RUN = (
    BATCH,
    Column("manipulation", "name of the manipulation"),
    _CLASSIFIER,
    Column("explainer", "name of the explainer"),
    Column("run", "number of the setting that was tried"),
    Column("version", "`manipulated`, or `no_op`: what costs as much and is after nothing"),
)
_GOALS = (
    Column("goal_before", "the goal, see `runs`, before the manipulation; a mean in `runs`", null="not defined"),
    Column("goal_after", "the goal after it; a mean in `runs`", null="not defined"),
)

MANIPULATIONS = (
    *_OF_RUN,
    Column("image_id", "the picture, a row of `images`"),
    Column("changed_id", "the changed picture, a row of `images`; `image_id` where the network was changed"),
    Column("reached", "whether the class stayed, or where it is to change, changed, and the goal is nearer"),
    Column("steps", "after how many steps", "steps"),
    Column("same_class", "whether the class is the same"),
    Column("fooled", "whether it is and the explanation is another, see `runs`", null="the class is to change"),
    Column(
        "distance",
        "to the nearest picture that trains the model, Euclidean between the inputs of its last layer",
        null="none does",
    ),
    Column("probability_change", "largest change of a class's probability"),
    Column("l_inf", "largest change of a channel of a pixel", "share of the range", "the network was changed"),
    Column("l_2", "Euclidean length of the change", "share of the range", "the network was changed"),
    Column("lpips", "LPIPS from the picture as it is", null="not asked for, or the network was changed"),
    *_GOALS,
)

RUNS = (
    *_OF_RUN,
    Column("level", "what is changed, `input`, `model` or `table`"),
    Column("settings", "settings of the manipulation, JSON"),
    Column("goal", "what the manipulation is after, in words"),
    Column("wanted", "the direction in which the goal is a success"),
    Column("likeness_wanted", "the same of how alike maps are"),
    Column("pictures", "pictures that were manipulated", "pictures"),
    Column("reached", "those for which `reached` holds", "pictures"),
    Column("same_class", "share of the pictures that keep their class"),
    Column("fooled", "those that do and whose explanation is another", "pictures", "the class is to change"),
    Column(
        "fooled_below",
        "Spearman's correlation of absolute values with the map as it was at which it is another",
        null="the class is to change; of rows another is one in which the sensitive column is not the first",
    ),
    *_GOALS,
    Column("trained_goal_before", "the goal before, of pictures that trained the model", null="none did"),
    Column("trained_goal_after", "the same after", null="none did"),
    Column("accuracy_before", "share of labeled pictures that get their label, before", null="none is labeled"),
    Column("accuracy_after", "the same after", null="none is labeled"),
    Column("steps", "steps of the search or the training", "steps"),
    Column("losses", "cross-entropy of the training, a mean for each epoch; [] without one"),
    Column("penalties", "its penalty on the maps, a mean for each epoch; [] without one"),
    Column("parameters_changed", "parameters that a training changed", "parameters"),
    Column("lpips_side", "shorter side to which pictures are enlarged for LPIPS", "pixels", "they are not"),
    Column("lpips_filter", "filter by which they are", null="they are not"),
)
