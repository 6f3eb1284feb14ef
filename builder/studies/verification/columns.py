"""The meaning of the columns of a verification study's tables."""

from builder.columns import BATCH, IMAGE, IMAGE_ID, Column

KINDS = {
    "genuine": "the base itself: one image twice",
    "positive": "the base plus `level` times a random direction, `direction`, whose numbers are normal",
    "negative": "another base of the batch: another person",
    "interpolation": "the point at share `level` of the way from the base to a negative, `anchor_id`",
    "optimized": "the first candidate with a distance of at most `level` that a search met on its way from a negative, "
    "`anchor_id`, to the base, after `evaluations` candidates; where it met none, `reached` is false and the sample is "
    "the closest",
    "controversial": "the first candidate, on the way from a negative, `anchor_id`, that one recognizer took for the "
    "base and another for a stranger, each by a margin of at least `level` in units of its threshold; `direction` is 0 "
    "where the first of the two was to accept, 1 where the second was; `reached`, `evaluations` and `search_id` as for "
    "optimized, and in `searches` `best_distance` is the negative of the largest margin so far",
}
"""The meaning of each sample kind; those of other packages are not here."""

_SEARCH = "id of the search, in `searches`, that found the sample"

PAIRS = (
    Column("pair_id", "id of the pair"),
    BATCH,
    Column("base_id", "id of the base, a row of `images`"),
    Column("sample_id", "id of the sample, a row of `images`"),
    Column("base", "the base, a PNG"),
    Column("sample", "the sample, a PNG"),
    Column("kind", "kind of the sample, see above"),
    Column(
        "level",
        "positive: length of the step; interpolation: share of the way to the anchor; optimized: distance wanted",
        null="genuine and negative",
    ),
    Column("direction", "positive: number of the random direction, from 0", null="other kinds"),
    Column("anchor_id", "the negative that the sample starts from", null="genuine, positive and negative"),
    Column("search_id", _SEARCH, null="not optimized"),
    Column("reached", "whether the search met a distance of at most `level`", null="not optimized"),
    Column(
        "evaluations", "candidates that the search had scored when it met this sample", "candidates", "not optimized"
    ),
    Column(
        "*_distance", "the recognizer's distance of the two images; larger is less alike", "its own", "no face found"
    ),
    Column("*_accept", "whether that distance is at most the recognizer's threshold", null="no face found"),
    Column("latent_l2", "Euclidean distance of the two latents", "of the latent space"),
    Column("lpips_*", "LPIPS 0.1 of the two images; 0 is the same image"),
    Column("*", "distance of the two images by the measure of this name"),
)

IMAGES = (
    IMAGE_ID,
    IMAGE,
    Column("latent", "what the generator made the image from"),
    Column("latent_norm", "Euclidean length of the latent"),
    BATCH,
    Column("seed", "seed of a base", null="not a base"),
    Column("*_found", "whether this alignment found a face"),
    Column("*_box", "the face: left, top, right, bottom", "pixels", "no face found"),
    Column("*_landmarks", "points of the face: x, y of each", "pixels", "no face found"),
)

EMBEDDINGS = (IMAGE_ID, Column("*", "the recognizer's embedding of the image", null="no face found"))

SEARCHES = (
    Column("search_id", "id of the search"),
    Column("base_id", "the base that it moves towards"),
    Column("anchor_id", "the negative that it starts from"),
    Column("iteration", "round of the search, from 1"),
    Column("evaluations", "candidates scored up to this round", "candidates"),
    Column("best_distance", "least distance of the target recognizer so far", "its own", "no face found so far"),
    Column("stop", "why the search ended, by the names of CMA-ES's rules", null="not the last round"),
)
