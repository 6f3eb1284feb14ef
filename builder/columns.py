"""The meaning of columns, which the card of a published dataset states; declared with the tables."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """The meaning of a column, or of all whose names a `*` in `name` stands for.

    unit: of numbers; "" for none. null: when there is no value; "" for never.
    """

    name: str
    meaning: str
    unit: str = ""
    null: str = ""


ITEM_ID = Column("item_id", "id of the item")
BATCH = Column("batch", "number of the batch, from 0")
IMAGE_ID = Column("image_id", "id of the image, a row of `images`")
IMAGE = Column("image", "the picture, a PNG")
SHA256 = Column("sha256", "SHA-256 of the PNG, hexadecimal")
ROW = Column("row", "the picture's row in its source")
LABEL = Column("label", "the label that the source gives the picture", null="the source gives none")
PIXELS = Column("pixels_sha256", "SHA-256 of the picture's RGB pixels, row by row, hexadecimal")

IMAGES = (IMAGE_ID, IMAGE, ROW, SHA256, PIXELS, BATCH)
"""Columns of `images` where they are a source's."""

RATINGS = (
    Column("rating_id", "id of the rating"),
    Column("participant_id", "pseudonym of who gave it, a row of `participants`"),
    Column("response_time_ms", "from when the images were shown to the answer", "ms", "not recorded"),
    Column("position", "place of the item in the participant's order, from 0", null="not recorded"),
    Column("side", "where the item's first image stood, `left` or `right`", null="not recorded"),
    Column("rated_at", "day of the answer, at midnight UTC", null="not recorded"),
    Column("source", "whose answer it is: `human`, `expert`, `simulated` or `model`"),
)
"""Columns of `ratings` beside the id of the item and the answers."""

PARTICIPANTS = (
    Column("participant_id", "pseudonym, whose key is not published"),
    Column("source", "`human`, `expert`, `simulated` or `model`"),
    Column("batch", "the batch of which they rated most", null="rated nothing of this version"),
    Column("age", "a number or a range of numbers", "years", "not stated, or withheld"),
    Column("gender", "as they say it", null="not stated, or withheld"),
    Column("continent", "where they live", null="not stated, or withheld"),
    Column("duration_s", "from beginning to end", "s", "not recorded"),
    Column("flags", "reasons to doubt the answers: `attention`, `speed`, `straight-lining`, `too-few`; [] for none"),
)
"""Columns of `participants` beside the free texts."""

AGGREGATED = (
    Column("n_ratings", "ratings of the item; a question that was not asked each time has fewer answers"),
    Column("ratings_source", "whose ratings these are"),
)
"""Columns of rated items beside those of each question."""
