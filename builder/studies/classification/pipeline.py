"""The making of one batch: some classes, what every classifier says of their pictures, and what people are asked.

A batch depends on the study and its own number alone; nothing here knows of folders or other batches.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from builder.boundary import context
from builder.errors import BuildError
from builder.studies import Batch
from builder.studies.classification import tables
from builder.studies.classification.adversarial import Adversarial, attack_rows
from builder.studies.classification.assignments import draw_assignments, shown_assignments
from builder.studies.classification.explained import Explanation, explain_images, to_explain
from builder.studies.classification.models import Models
from builder.studies.classification.predicted import Predictions, paired, predict
from builder.studies.classification.schema import KINDS, PAIR
from builder.studies.classification.study import ClassificationStudy

KEPT = 16
"""Pictures of a batch without labels that are kept, as examples of what classifiers say."""

_T = TypeVar("_T")


class Item(NamedTuple):
    """An item for people: kind, index of the row in `Predictions`, the shown class, what it stands for, and what its
    row does where all five classes of it are asked.
    """

    kind: str
    at: int
    shown_class: str
    weight: float | None = None
    top5_weight: float | None = None


def build_batch(study: ClassificationStudy, models: Models, batch: int) -> Batch:
    """Classifies, draws, reads the pictures that are shown.

    Raises:
        ModelError: a model that does not deliver.
        BuildError: no classifier found anything in any picture.
    """
    models.restart()
    with models.stopwatch.step("other"), context(batch=batch):  # "other": what lies in no step of its own
        predicted = predict(models, models.batch_rows(study, batch))
        attacks = attack_rows(study.attack, models, predicted) if study.attack else []
        items = draw_items(study, predicted, batch) + draw_attacks(study, attacks, batch) if models.rows else []
        if models.rows and not items:
            raise BuildError(f"batch {batch}: no classifier found anything in a picture, so there is nothing to ask")
        explanations: list[Explanation] = []
        if study.attack and study.explained:
            explanations = explain_images(study.attack, models, predicted, attacks, to_explain(items))
        picture_places = sorted({item.at for item in items if item.kind != "adversarial"})
        if not models.rows:
            picture_places = draw_examples(predicted, study.seed, batch)
        pictures = list(models.pictures([predicted.rows[at] for at in picture_places])) if picture_places else []
        assigned = None
        if study.assignment:
            assignments = draw_assignments(study, models, predicted, batch)
            assigned = shown_assignments(models, predicted, assignments, study.assignment.classifier)
        with models.stopwatch.step("tables", len(items)):
            shown_pictures = dict(zip(picture_places, pictures, strict=True))
            attacked = study.attack.classifier if study.attack else ""
            top5 = study.mistakes_top5 is not None
            arms = explanations if study.explained else None
            built = tables.build(
                study.name, batch, predicted, items, shown_pictures, attacked, attacks, arms, assigned, top5=top5
            )
    return Batch(built, [], [], models.stopwatch.steps(), models.forced_micro_batches())


def draw_items(study: ClassificationStudy, predicted: Predictions, batch: int) -> list[Item]:
    """The items of a batch, by kind, then by row. Each kind is drawn for itself; a larger cap adds to what is drawn."""
    mistakes = found_mistakes(predicted)
    sample = _some(mistakes, study.mistakes, study.seed, batch, "mistake")
    items = [Item("mistake", at, name, len(mistakes) / len(sample)) for at, name in sample]
    firsts = [[answers.first(at) for answers in predicted.answers.values()] for at in range(len(predicted.rows))]
    agreed = [at for at, label in enumerate(predicted.labels) if set(firsts[at]) == {label}]
    controls = _some(agreed, study.controls // 2, study.seed, batch, "agreed")
    items += [Item("agreed", at, predicted.labels[at]) for at in controls]
    others = [at for at in agreed if at not in controls]
    rng = _randomness(study.seed, batch, "foil", 1)
    for at in _some(others, study.controls - study.controls // 2, study.seed, batch, "foil"):
        far = far_classes(predicted, at)
        items.append(Item("foil", at, far[rng.integers(len(far))]))
    return with_top5(study.mistakes_top5, items, predicted, study.seed, batch) if study.mistakes_top5 else items


def with_top5(most: int, items: Sequence[Item], predicted: Predictions, seed: int, batch: int) -> list[Item]:
    """The items and those of at most so many rows of which all five classes are asked; an item that there is already
    takes part.
    """
    classes = top5_classes(predicted)
    sample = _some(list(classes), most, seed, batch, "mistake_top5")
    weights = {(at, name): len(classes) / len(sample) for at in sample for name in classes[at]}
    there = [item._replace(top5_weight=weights.pop((item.at, item.shown_class), None)) for item in items]
    return there + [Item("mistake_top5", *asked, top5_weight=weight) for asked, weight in weights.items()]


def top5_classes(predicted: Predictions) -> dict[int, list[str]]:
    """The first classes of every row that some classifier with many classes gets wrong, those of each such classifier,
    each class once, in the order of rows.
    """
    classes: dict[int, dict[str, None]] = {}
    for at, label in enumerate(predicted.labels):
        for answers in predicted.answers.values():
            firsts = answers.firsts(at)
            if answers.many and firsts and firsts[0] != label:
                classes.setdefault(at, {}).update(dict.fromkeys(firsts))
    return {at: list(names) for at, names in classes.items()}


def draw_attacks(study: ClassificationStudy, attacks: Sequence[Adversarial], batch: int) -> list[Item]:
    """The adversarial items of a batch, of the attacks that succeeded, by row."""
    if study.attack is None:
        return []
    successes = [each for each in attacks if each.success]
    sample = _some(successes, study.attack.items, study.seed, batch, "adversarial")
    return [Item("adversarial", each.at, each.shown_class, len(successes) / len(sample)) for each in sample]


def draw_examples(predicted: Predictions, seed: int, batch: int) -> list[int]:
    """A draw of at most KEPT rows of a batch without labels, of pairs the whole ones."""
    if not paired(predicted):
        return _some(range(len(predicted.rows)), KEPT, seed, batch, KINDS[0])
    pairs: dict[str, list[int]] = {}
    for at, groups in enumerate(predicted.groups):
        pairs.setdefault(groups[PAIR[0]], []).append(at)
    whole = [rows for rows in pairs.values() if len(rows) == 2]
    return [at for rows in _some(whole, KEPT // 2, seed, batch, KINDS[0]) for at in rows]


def found_mistakes(predicted: Predictions) -> list[tuple[int, str]]:
    """Every row with a class that some classifier wrongly gives it, each once, in the order of rows."""
    wrong: dict[tuple[int, str], None] = {}
    for at, label in enumerate(predicted.labels):
        for answers in predicted.answers.values():
            first = answers.first(at)
            if first is not None and first != label:
                wrong[at, first] = None
    return list(wrong)


def far_classes(predicted: Predictions, at: int) -> list[str]:
    """The half (rounded up) that all classifiers find least probable on average, of the classes that all of them have,
    but for the label of row `at`.
    """
    mean: dict[str, float] = {}
    for name in next(iter(predicted.answers.values())).classes:
        if name != predicted.labels[at] and all(name in answers.classes for answers in predicted.answers.values()):
            of_each = [answers.probabilities[at, answers.classes.index(name)] for answers in predicted.answers.values()]
            mean[name] = float(np.mean(of_each, dtype=np.float64))
    by_probability = sorted(mean, key=lambda name: mean[name])
    return by_probability[: -(-len(by_probability) // 2)]


def _some(of: Sequence[_T], most: int, seed: int, batch: int, kind: str) -> list[_T]:
    """A sample of at most so many, drawn without replacement, in their order."""
    order = _randomness(seed, batch, kind, 0).permutation(len(of))
    return [of[at] for at in sorted(order[:most].tolist())]


def _randomness(seed: int, batch: int, kind: str, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(batch, KINDS.index(kind), stream)))
