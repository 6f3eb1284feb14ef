"""The meaning of the columns of an expression study's tables."""

from builder.columns import BATCH, IMAGE, IMAGE_ID, ITEM_ID, PIXELS, ROW, Column

_NO_FACE = "no face found"

ITEMS = (
    ITEM_ID,
    BATCH,
    IMAGE_ID,
    IMAGE,
    ROW,
    Column("kind", "kind of the item, see above"),
    Column("control", "the emotion that all votes name", null="not a control"),
    Column("label", "the face's emotion", null="nobody labeled it, or its votes name no one emotion first"),
    Column("label_shares", "how far it counts as each emotion, in the order above", null="it counts as none"),
    Column("dropped", "why it counts as none", null="it counts"),
    Column("votes", "people who chose each of what is named above", "votes", "no votes"),
    Column("group_*", "the group that the source states", null="it states none"),
    Column("predicted_*_confidence", "the model's probability of that group", null=_NO_FACE),
    Column("predicted_*", "the group that a model predicts; `unsure` below the study's bound", null=_NO_FACE),
    Column("*_class", "the classifier's most probable class", null=_NO_FACE),
    Column("*_confidence", "its probability", null=_NO_FACE),
    Column("*_found", "whether a face was found"),
    PIXELS,
)

PREDICTIONS = (
    IMAGE_ID,
    BATCH,
    Column("classifier", "name of the classifier"),
    Column("class", "a class of it"),
    Column("probability", "the probability that it gives this class"),
)
