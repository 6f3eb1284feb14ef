"""The properties of a manipulation side by side, never success alone: how alike the predictions stay, how visible the
change is, how unlike explanations become, what it took, and what other explainers show.

The list is that of the survey "Why you shouldn't trust me" (Heusser). Ask for them once more of a change of equal cost
that is after nothing: noise of signs of the same L-inf (`outcome.no_op`), training with lambda 0, `scaffold.no_op`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from builder.classifiers import Classifier
from builder.distances import Distance
from builder.explainers import Classes, Explainer
from builder.explainers.measures import Values
from builder.explainers.measures.maps import mse, pearson, spearman
from builder.explainers.tables import TableClassifier, TableExplainer
from builder.generators import Images
from builder.manipulations.outcome import largest_change, outcome
from builder.manipulations.table import Table

ROW_MEASURES = {"spearman": spearman, "pearson": pearson, "mse": mse}
"""Between the weights of a row's columns; measures of pictures have no sense there."""


class Method(NamedTuple):
    """A manipulation.

    level: what it changes. wanted: how unlike the explanations before and after are to be; small where the model is
    biased before and after and its explanation is to look as that of an innocent one. decides: whether the decision is
    to stay; it is no success where it should and does not.
    """

    level: Literal["input", "model", "table"]
    wanted: Literal["large", "small"] = "large"
    decides: Literal["same", "other"] = "same"


METHODS = {
    "random": Method("input"),
    "top_k": Method("input"),
    "mass_center": Method("input"),
    "target_map": Method("input"),
    "black_box": Method("input"),
    "patch": Method("input", decides="other"),
    "location": Method("model"),
    "top_k_model": Method("model"),
    "center_model": Method("model"),
    "active": Method("model"),
    "conceal": Method("table", wanted="small"),
    "scaffold": Method("table", wanted="small"),
}


class Effort(NamedTuple):
    """The effort of a manipulation: seconds, steps of its search or training, and how many parameters changed."""

    seconds: float
    steps: int
    parameters: int = 0


@dataclass(frozen=True)
class Properties:
    """The properties for n pictures or rows.

    accuracy: before and after, 0..1; None where there are no labels. different: the share with another answer.
    probability_change: (n,), the largest of any class. l_inf, l_2, lpips: (n,); None of what changes no picture.
    unlike: explainer -> measure -> (n,), between the explanations before and after.
    """

    method: Method
    accuracy: tuple[float, float] | None
    different: float
    probability_change: Values
    l_inf: Values | None
    l_2: Values | None
    lpips: Values | None
    unlike: dict[str, dict[str, Values]]
    effort: Effort


class Version(NamedTuple):
    """A classifier and the pictures (n, h, w, 3) that it is shown."""

    classifier: Classifier
    images: Images


def of_pictures(
    method: Method,
    before: Version,
    after: Version,
    classes: Classes,
    explainers: Mapping[str, Explainer],
    effort: Effort,
    *,
    labels: Classes | None = None,
    distance: Distance | None = None,
) -> Properties:
    """The properties of a manipulation of pictures or of a classifier of pictures.

    Args:
        method: which it is.
        before: the classifier and the n pictures.
        after: both after it; one of them is the same.
        classes: (n,), those explained.
        explainers: by name, one or more: the one that was manipulated, and those to which the change may transfer.
        effort: what it took.
        labels: (n,), where they are known.
        distance: LPIPS, where it is wanted.
    """
    pictures = method.level == "input"
    compared = {
        name: outcome(
            before.classifier,
            explainer,
            before.images,
            after.images,
            classes,
            after=after.classifier,
            distance=distance if pictures and not at else None,  # it is the same for every explainer
        )
        for at, (name, explainer) in enumerate(explainers.items())
    }
    first = next(iter(compared.values()))
    answers = [each.classifier.probabilities(each.images).argmax(axis=1) for each in (before, after)]
    return Properties(
        method=method,
        accuracy=None if labels is None else _accuracy(answers[0], answers[1], labels),
        different=float((~first.same_class).mean()),
        probability_change=first.probability_change,
        l_inf=first.l_inf if pictures else None,
        l_2=first.l_2 if pictures else None,
        lpips=first.lpips if pictures else None,
        unlike={name: each.maps for name, each in compared.items()},
        effort=effort,
    )


def of_rows(
    method: Method,
    before: TableClassifier,
    after: TableClassifier,
    table: Table,
    explainers: Mapping[str, TableExplainer],
    effort: Effort,
) -> Properties:
    """The properties of a manipulation of a classifier of rows, on the rows of a table; explained is the answer before.

    explainers: by name, one or more.
    """
    answers = [each.probabilities(table.rows) for each in (before, after)]
    classes = [each.argmax(axis=1) for each in answers]
    unlike = {}
    for name, explainer in explainers.items():
        weights = [explainer.explain(each, table.rows, classes[0])[:, None] for each in (before, after)]
        unlike[name] = {measure: between(*weights) for measure, between in ROW_MEASURES.items()}
    return Properties(
        method=method,
        accuracy=_accuracy(classes[0], classes[1], table.labels),
        different=float((classes[0] != classes[1]).mean()),
        probability_change=largest_change(*answers),
        l_inf=None,
        l_2=None,
        lpips=None,
        unlike=unlike,
        effort=effort,
    )


def _accuracy(before: Classes, after: Classes, labels: Classes) -> tuple[float, float]:
    return float(np.mean(before == labels)), float(np.mean(after == labels))
