"""The making of one batch: some pictures, the maps of one check, and how alike they are.

A batch depends on the study and its own number alone; nothing here knows of folders or other batches.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from builder.boundary import context
from builder.classifiers import Classifier
from builder.errors import BuildError
from builder.explainers import sanity
from builder.explainers.base import network_of
from builder.studies import Batch
from builder.studies.explanation import tables
from builder.studies.explanation.checked import Checked, Pictures
from builder.studies.explanation.compare import Comparison, Source, Stored, compare
from builder.studies.explanation.manipulated import manipulate_all
from builder.studies.explanation.models import Models
from builder.studies.explanation.networks import Network, couples, replacements
from builder.studies.explanation.row_checks import check_rows
from builder.studies.explanation.rows import manipulate_rows
from builder.studies.explanation.schema import MANIPULATED, NO_OP
from builder.studies.explanation.study import EDGES, CheckSettings, ExplanationStudy
from builder.studies.explanation.tasks import CONTROL, DIFFERENCE, LIKENESS, SAME_PICTURE, TRUST
from builder.studies.explanation.versions import TRAINED

FIRST = (TRAINED, "memorized")
"""The networks whose decisions are explained."""

_STREAMS = (
    *("cascading", "independent", "labels", "explainers", CONTROL, "permutation", "weights"),
    *("manipulation", MANIPULATED, NO_OP, SAME_PICTURE, DIFFERENCE, TRUST, "sides"),
)
"""Streams of randomness of a batch; their order counts."""

_SEEDS = {
    "cascading": "weights",
    "independent": "weights",
    "labels": "permutation",
    "explainers": "explainers",
    "manipulation": "manipulation",
}
"""The streams of what checks draw, search and train."""


class Item(NamedTuple):
    """An item for people: its kind, which comparison it shows, of which picture, and its task; turned: whether the
    second map is on the left.
    """

    kind: str
    comparison: Comparison
    at: int
    task: str = LIKENESS
    turned: bool = False


def build_batch(study: ExplanationStudy, models: Models, batch: int) -> Batch:
    """Reads, explains, compares, draws what people are shown.

    Raises:
        ModelError: a model that does not deliver.
        BuildError: the classifier found nothing in any picture.
    """
    models.restart()
    check = study.check_of(batch)
    seed = int(_randomness(study.seed, batch, _SEEDS[check.check]).integers(2**31))
    with models.stopwatch.step("other"), context(batch=batch):  # "other": what lies in no step of its own
        if check.of_rows:
            of_rows = manipulate_rows if check.check == "manipulation" else check_rows
            pictures, checked = of_rows(study, check, models, batch, seed)
        else:
            networks = networks_of(check, models, seed)
            pictures = read_pictures(study, check, models, batch, networks[0])
            if check.check == "manipulation":
                checked = Checked(*manipulate_all(check, models, pictures, seed))
            else:
                checked = explain_all(check, models, networks, pictures)
        draw = draw_manipulated if checked.runs else draw_items
        items = draw(study, check, checked, len(pictures.rows), batch)
        with models.stopwatch.step("tables", len(items)):
            built = tables.build(study, batch, pictures, checked, items)
    return Batch(built, [], [], models.stopwatch.steps(), models.forced_micro_batches())


def networks_of(check: CheckSettings, models: Models, seed: int) -> list[Network[Classifier]]:
    """The network whose decisions are explained, then those that take its place."""
    name = check.classifier
    own = models.classifiers[name]
    match check.check:
        case "explainers" | "manipulation":
            return [Network(TRAINED, own)]
        case "labels":
            memorized, permuted = (models.in_place_of(name, models.memorized(name, each)) for each in (None, seed))
            return [Network("memorized", memorized), Network("permuted", permuted)]
        case "cascading" | "independent":
            others = replacements(
                check, network_of(own, check.check), seed, lambda network: models.in_place_of(name, network)
            )
            return [Network(TRAINED, own), *others]


def read_pictures(
    study: ExplanationStudy, check: CheckSettings, models: Models, batch: int, explained: Network[Classifier]
) -> Pictures:
    """The pictures of a batch in which the classifier found something, and what it says they are.

    Raises:
        BuildError: it found nothing in any.
    """
    rows = study.rows_of(batch, models.order)
    ids, pixels = models.ids(rows), models.pictures(rows)
    probabilities = models.probabilities(check.classifier, explained.classifier, pixels, ids)
    places = np.flatnonzero(~np.isnan(probabilities[:, 0]))
    if not len(places):
        raise BuildError(
            f"batch {batch}: {check.classifier} found nothing in a picture, so there is nothing to explain; name "
            "another source or classifier"
        )
    classes = probabilities[places].argmax(axis=1)
    return Pictures(
        rows=[rows[at] for at in places],
        ids=[ids[at] for at in places],
        labels=models.labels([rows[at] for at in places]),
        pixels=pixels[places],
        classes=classes,
        names=[explained.classifier.classes[at] for at in classes],
        probabilities=probabilities[places, classes].tolist(),
    )


def explain_all(
    check: CheckSettings, models: Models, networks: Sequence[Network[Classifier]], pictures: Pictures
) -> Checked:
    """The maps of every explainer and network, those of the edge detector, and what measures say of them."""
    edges = Source(EDGES, "none")
    maps = {edges: Stored.of(sanity.edges(pictures.pixels))}
    for network in networks:
        for name in models.explainers:
            explained = models.maps(name, network.classifier, pictures.pixels, pictures.classes)
            maps[Source(name, network.name, network.place, network.layer)] = Stored.of(explained)
    same_class = {}
    for network in networks[1:]:
        probabilities = models.probabilities(check.classifier, network.classifier, pictures.pixels, pictures.ids)
        same_class[network.name, network.place] = float((probabilities.argmax(axis=1) == pictures.classes).mean())
        maps[edges._replace(place=network.place, layer=network.layer)] = maps[edges]
    with models.stopwatch.step("compare", len(pictures.rows)):
        comparisons = compare(maps, couples(networks, list(models.explainers), edges))
    return Checked(maps, comparisons, same_class=same_class)


def draw_items(
    study: ExplanationStudy, check: CheckSettings, checked: Checked, pictures: int, batch: int
) -> list[Item]:
    """The items of a batch: of all that is compared, but for the edge detector with itself; and controls, which show a
    map of the first network twice. A larger cap adds to what is drawn.
    """
    compared = [each for each in checked.comparisons if {each.first.explainer, each.second.explainer} != {EDGES}]
    candidates = [Item(check.check, comparison, at) for comparison in compared for at in range(pictures)]
    firsts = [source for source in checked.maps if source.network in FIRST]
    same = compare(checked.maps, [(each, each) for each in firsts])
    twice = [Item(CONTROL, comparison, at) for comparison in same for at in range(pictures)]
    return [
        *_some(candidates, study.items, study.seed, batch, check.check),
        *_some(twice, study.controls, study.seed, batch, CONTROL),
    ]


def draw_manipulated(
    study: ExplanationStudy, check: CheckSettings, checked: Checked, pictures: int, batch: int
) -> list[Item]:
    """The items of a batch that manipulates: as many for each task, as far as there are so many, drawn from manipulated
    maps and their no-ops alike; and controls, half of them with one map, half with one picture twice. Where pictures
    are as they were nobody is asked whether they differ.
    """
    compared = [each for each in checked.comparisons if each.first.explainer == check.explainer]
    trained = Source(str(check.explainer), TRAINED)
    (same,) = compare(checked.maps, [(trained, trained)])
    turned = _randomness(study.seed, batch, "sides").random((len(compared), pictures)) < 0.5
    items = []
    streams = {LIKENESS: MANIPULATED, DIFFERENCE: DIFFERENCE, TRUST: TRUST}
    if all(version.images is None for version in checked.versions().values()):
        del streams[DIFFERENCE]
    for number, (task, stream) in enumerate(streams.items()):
        shown = [
            Item(each.second.network, each, at, task, task == TRUST and bool(turned[number_of, at]))
            for number_of, each in enumerate(compared)
            for at in range(pictures)
        ]
        items += _some(shown, -(-(study.items - number) // len(streams)), study.seed, batch, stream)
    for kind, task, most in (
        (CONTROL, LIKENESS, (study.controls + 1) // 2),
        (SAME_PICTURE, DIFFERENCE, study.controls // 2 if DIFFERENCE in streams else 0),
    ):
        twice = [Item(kind, same, at, task) for at in range(pictures)]
        items += _some(twice, most, study.seed, batch, kind)
    return items


def _some(of: Sequence[Item], most: int, seed: int, batch: int, stream: str) -> list[Item]:
    """A sample of at most so many, drawn without replacement, in their order."""
    order = _randomness(seed, batch, stream).permutation(len(of))
    return [of[at] for at in sorted(order[:most].tolist())]


def _randomness(seed: int, batch: int, stream: str) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(batch, _STREAMS.index(stream))))
