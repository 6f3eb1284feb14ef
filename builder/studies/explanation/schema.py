"""The columns of the tables that an explanation study builds."""

from collections.abc import Sequence as Names

import pyarrow as pa
from datasets import ClassLabel, Features, Image, Sequence, Value

from builder.studies.explanation.tasks import CONTROL, SAME_PICTURE

MANIPULATED, NO_OP = "manipulated", "no_op"
"""The versions of a picture: after a manipulation, and after noise of the same size."""

KINDS = ["cascading", "independent", "labels", "explainers", CONTROL, MANIPULATED, NO_OP, SAME_PICTURE]
"""The kinds of items, in the order of the ClassLabel `kind`: the check or version that they are of, or a control."""


def items(measures: Names[str]) -> Features:
    """One row per item: two maps of one picture.

    `class` is the one that is explained, the classifier's own, and `probability` what it has there. `explainer` made
    the first map and `other_explainer` the second; where they are the same, the second map is of a network whose
    weights were drawn anew up to `layer` (`cascading`) or in it alone (`independent`), or which was trained on permuted
    labels (`labels`), or is the first map again (`control`). `task` names the question that is asked. `changed` is the
    picture that the `run` of a `manipulation` made of `image` (`manipulated`), or noise of the same size (`no_op`),
    `l_inf` apart; where nothing is manipulated it is `image`. In the task `trust`, `side` says on which side the map of
    the changed picture is. Then what each measure says of the two maps, null where it is not defined.
    """
    columns = {
        "item_id": Value("string"),
        "batch": Value("int32"),
        "check": Value("string"),
        "kind": ClassLabel(names=KINDS),
        "task": Value("string"),
        "classifier": Value("string"),
        "image_id": Value("string"),
        "image": Image(),
        "row": Value("string"),
        "label": Value("string"),
        "class": Value("string"),
        "probability": Value("float32"),
        "explainer": Value("string"),
        "other_explainer": Value("string"),
        "layer": Value("string"),
        "manipulation": Value("string"),
        "run": Value("int32"),
        "changed_id": Value("string"),
        "changed": Image(),
        "l_inf": Value("float64"),
        "side": Value("string"),
        "first_id": Value("string"),
        "first": Image(),
        "second_id": Value("string"),
        "second": Image(),
    }
    return Features(columns | {name: Value("float64") for name in measures})


def images() -> Features:
    """One row per picture that is explained, as it is or manipulated, and per view of a map that an item shows, which
    `map_id` names; `row` names the picture in its source, `sha256` is that of the PNG.
    """
    return Features(
        {
            "image_id": Value("string"),
            "image": Image(),
            "map_id": Value("string"),
            "row": Value("string"),
            "sha256": Value("string"),
            "batch": Value("int32"),
        }
    )


def maps() -> Features:
    """One row per map.

    `map` has its rows of pixels, signed, divided by `scale`, its largest absolute value. `network` is `trained`,
    `drawn` (whose weights were drawn up to `layer`, or in it alone), `memorized` (which knows a few pictures by heart),
    `permuted` (which knows them by permuted labels), or `none` of the edge detector; `manipulated` and `no_op` are the
    trained one, of such a picture. `absolute` and `diverging` are the map's two views.
    """
    return Features(
        {
            "map_id": Value("string"),
            "batch": Value("int32"),
            "image_id": Value("string"),
            "explainer": Value("string"),
            "network": Value("string"),
            "layer": Value("string"),
            "scale": Value("float64"),
            "map": Sequence(Sequence(Value("float16"))),
            "absolute": Image(),
            "diverging": Image(),
        }
    )


def comparisons() -> Features:
    """One row per two maps of a picture that are compared, and measure; `item_id` is null where no item asks how alike
    they are, `value` where the measure is not defined. Of `patch` there is the measure `hidden`, too: how much of the
    new class's second map lies beside the patch, 0 where the class stayed. `network` is that of the second map; where
    something is manipulated, `place` is the number of the run.
    """
    return Features(
        {
            "item_id": Value("string"),
            "batch": Value("int32"),
            "check": Value("string"),
            "classifier": Value("string"),
            "image_id": Value("string"),
            "explainer": Value("string"),
            "other_explainer": Value("string"),
            "network": Value("string"),
            "layer": Value("string"),
            "place": Value("int32"),
            "first_map": Value("string"),
            "second_map": Value("string"),
            "measure": Value("string"),
            "value": Value("float64"),
        }
    )


def sanity() -> Features:
    """One row per network that took the trained one's place, explainer and measure.

    `place` counts layers from the output, which is 1. `same_class` is the share of the `pictures` to which this
    network gives the class that the trained one does; `mean` is over the `defined` pictures of which the measure is
    defined.
    """
    return Features(
        {
            "batch": Value("int32"),
            "check": Value("string"),
            "classifier": Value("string"),
            "network": Value("string"),
            "layer": Value("string"),
            "place": Value("int32"),
            "same_class": Value("float64"),
            "explainer": Value("string"),
            "measure": Value("string"),
            "pictures": Value("int32"),
            "defined": Value("int32"),
            "mean": Value("float64"),
        }
    )


def manipulations() -> Features:
    """One row per picture and version of it, for each run (a setting that was tried) of a manipulation.

    `reached`: whether the class stayed, or of `patch` changed, and the goal is nearer; `steps`: of the search after
    which a picture was found, or of the training. `fooled`: whether the class stayed and the map of the explainer is no
    more like what it was than the table `runs` says in `fooled_below`, or of a classifier of rows the sensitive column
    is not the first; null of `patch`, which is to change the class. `probability_change` is the largest of any class,
    0..1. `l_inf`, `l_2` and `lpips` (null where it was not asked for) are from the picture as it is, in units of 0..1;
    null where the model is manipulated, and `changed_id` is `image_id` there. `goal_before` and `goal_after` are what
    the table `runs` calls `goal`. `distance` is that to the nearest picture that trains the model, Euclidean between
    the inputs of its last layer; null where none does.
    """
    return Features(
        _OF_RUN
        | {
            "image_id": Value("string"),
            "changed_id": Value("string"),
            "reached": Value("bool"),
            "steps": Value("int32"),
            "same_class": Value("bool"),
            "fooled": Value("bool"),
            "distance": Value("float64"),
            "probability_change": Value("float64"),
            "l_inf": Value("float64"),
            "l_2": Value("float64"),
            "lpips": Value("float64"),
            "goal_before": Value("float64"),
            "goal_after": Value("float64"),
        }
    )


def runs() -> Features:
    """One row per setting of a manipulation that was tried, and version.

    `level` is what is changed, `input`, `model` or `table`. `settings` is JSON. `goal` says in words what the
    manipulation is after, `wanted` in which direction that is success, and `likeness_wanted` the same of how alike maps
    are. `same_class` is a share of the `pictures`, `reached` and `fooled` count them, the goals are their means;
    `trained_goal_` is of as many pictures that trained the model, as the others did not. The accuracies are of those
    that have a label and, where the model is manipulated, of held out pictures or rows. `losses` (cross-entropy) and
    `penalties` are means of the epochs of its training, and `parameters_changed` counts its parameters; without a
    training there are none. For LPIPS pictures are enlarged to `lpips_side` by `lpips_filter`; null where they are not.
    """
    return Features(
        _OF_RUN
        | {
            "level": Value("string"),
            "settings": Value("string"),
            "goal": Value("string"),
            "wanted": Value("string"),
            "likeness_wanted": Value("string"),
            "pictures": Value("int32"),
            "reached": Value("int32"),
            "same_class": Value("float64"),
            "fooled": Value("int32"),
            "fooled_below": Value("float64"),
            "goal_before": Value("float64"),
            "goal_after": Value("float64"),
            "trained_goal_before": Value("float64"),
            "trained_goal_after": Value("float64"),
            "accuracy_before": Value("float64"),
            "accuracy_after": Value("float64"),
            "steps": Value("int32"),
            "losses": Sequence(Value("float64")),
            "penalties": Sequence(Value("float64")),
            "parameters_changed": Value("int64"),
            "lpips_side": Value("int32"),
            "lpips_filter": Value("string"),
        }
    )


_OF_RUN = {
    "batch": Value("int32"),
    "manipulation": Value("string"),
    "classifier": Value("string"),
    "explainer": Value("string"),
    "run": Value("int32"),
    "version": Value("string"),
}

_OTHERS = {
    "images": images,
    "maps": maps,
    "comparisons": comparisons,
    "sanity": sanity,
    "manipulations": manipulations,
    "runs": runs,
}


def read_features(table: str, columns: pa.Schema) -> Features:
    """The features of a table as a build writes it, made from the names of its columns.

    Raises:
        KeyError: there is no such table.
    """
    if table != "items":
        return _OTHERS[table]()
    own = list(items(()))
    return items([name for name in columns.names if name not in own])
