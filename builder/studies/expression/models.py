"""The source of faces and the classifiers of a study, loaded, and what a batch asks of them."""

import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from builder.boundary import Boundary
from builder.classifiers import Classifier, Probabilities, Recorded
from builder.classifiers.hosting import class_indices, classify, classify_faces
from builder.classifiers.settings import ClassifierSettings
from builder.errors import StudyError
from builder.frames import named, quoted
from builder.generators import Images
from builder.hosting import load_model
from builder.images import ImageSource
from builder.images.hosting import SOURCE, SourceHost
from builder.recognizers import Alignment, Faces, alignments
from builder.recognizers.hosting import align
from builder.runtime import Runtime
from builder.studies.expression.study import ExpressionStudy, PredictedGroup
from builder.studies.expression.tasks import EMOTIONS, VOTED

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Models(SourceHost):
    """A study's source and classifiers; what they return is checked, and the time it took kept.

    All raise ModelError where one of them raises or returns what it must not.

    classifiers: of emotions; groups: of groups; both by the names that columns carry. alignments: by their names;
    alignment_of: the name of the one of each classifier that has one. voted: whether the source has
    votes. order: its rows, in the order in which batches take them.
    """

    classifiers: dict[str, Classifier]
    groups: dict[str, Classifier]
    alignments: dict[str, Alignment]
    alignment_of: dict[str, str]
    voted: bool
    order: Sequence[int]

    def sized(self) -> dict[str, Any]:
        """The classifiers, by name."""
        return {**self.classifiers, **self.groups}

    def answers(self, images: Images, ids: Sequence[str]) -> dict[str, Probabilities]:
        """Every classifier's probabilities, of emotions or groups, for rows, (n, k), by its name; a row of NaN where
        its alignment, or it, found no face. An alignment looks at the images once.
        """
        faces = {name: align(self, name, each, images) for name, each in self.alignments.items()}
        return {name: self._answer(name, classifier, images, ids, faces) for name, classifier in self.sized().items()}

    def _answer(
        self, name: str, classifier: Classifier, images: Images, ids: Sequence[str], faces: Mapping[str, Faces]
    ) -> Probabilities:
        alignment = self.alignment_of.get(name)
        if alignment is None:
            return classify(self, name, classifier, images, ids)
        return classify_faces(self, name, classifier, images, alignment, faces[alignment])


def load_models(study: ExpressionStudy, runtime: Runtime) -> Models:
    """Loads what a study names, fetching embedded weights that are missing.

    Raises:
        AssetError: weights or pictures are absent and cannot be fetched, or are not what they should be.
        StudyError: a model refuses its argument or lacks an extra; labels or classifiers have other emotions; or the
            study asks for more batches than there are.
        ModelError: a model fails in another way.
    """
    log.info("loading models on %s, %d threads", runtime.device, runtime.threads)
    with Boundary(SOURCE, study.images.model).call("load"):
        source = study.images.load(runtime)
        voted = has_votes(source)
        (check_votes if voted else check_labels)(study.images.model, source)
        shape = source.image(0).shape
    most = -(-source.rows() // study.faces_per_batch)
    if study.batches > most:
        raise StudyError(
            f"batches = {study.batches}: {source.rows()} faces, {study.faces_per_batch} a batch (faces_per_batch), "
            f"make {most}; no more can be built"
        )
    classifiers, groups = _loaded(study.classifiers, runtime), _loaded(study.groups, runtime)
    for name, classifier in classifiers.items():
        class_indices(EMOTIONS, name, classifier)
    for group in study.groups:
        check_bounds(group, groups[group.name].classes)
    alignment_of = {each.name: each.alignment for each in (*study.classifiers, *study.groups) if each.alignment}
    models = Models(
        runtime=runtime,
        source=source,
        source_name=study.images.model,
        shape=shape,
        classifiers=classifiers,
        groups=groups,
        alignments={name: alignments.load(name, runtime) for name in sorted(set(alignment_of.values()))},
        alignment_of=alignment_of,
        voted=voted,
        order=order(source, study.seed),
    )
    _check_alignments(models)
    _check_recorded(models, models.order[: study.batches * study.faces_per_batch])
    return models


def _check_alignments(models: Models) -> None:
    """Has every classifier that has an alignment see one of its crops.

    Raises:
        StudyError: it cannot take it, or takes no pictures.
    """
    gray = np.full((1, *models.shape), 128, np.uint8)
    for name, alignment in models.alignment_of.items():
        classifier = models.sized()[name]
        if isinstance(classifier, Recorded):
            raise StudyError(
                f"classifiers: {name} is a table of answers and sees no picture: take alignment out; a row without "
                "scores says that no face was found"
            )
        faces = align(models, alignment, models.alignments[alignment], gray)
        sample = faces._replace(found=np.ones(1, np.bool_))
        classify_faces(models, name, classifier, gray, alignment, sample)


def _check_recorded(models: Models, rows: Sequence[int]) -> None:
    """Has every table of answers say what it says of the rows that the study takes, before any batch is built.

    Raises:
        AssetError: it has none of some row.
    """
    ids = models.ids(rows)
    for name, classifier in models.sized().items():
        if isinstance(classifier, Recorded):
            with models.boundary(name, "classifier", name).call("recorded"):
                classifier.recorded(ids)


def check_bounds(group: PredictedGroup, classes: Sequence[str]) -> None:
    """Checks that classes which are numbers are put together to groups, and no others are.

    Raises:
        StudyError: they are not, or all of them are one group.
    """
    numbers = [int(name) for name in classes if name.isascii() and name.isdigit()]
    if group.bounds is None and len(numbers) == len(classes):
        raise StudyError(
            f"groups: the classes of {group.name} are the numbers {min(numbers)} to {max(numbers)}, each of which "
            "would be a group; add bounds, at which groups begin, such as bounds = [18, 40, 60]"
        )
    if group.bounds is None:
        return
    if len(numbers) < len(classes):
        raise StudyError(
            f"groups: {group.name} has bounds, and its classes are no numbers: {named(classes)}; take bounds out"
        )
    if not any(min(numbers) < bound <= max(numbers) for bound in group.bounds):
        raise StudyError(
            f"groups: bounds of {group.name} make one group of all classes, which are the numbers {min(numbers)} to "
            f"{max(numbers)}; name bounds among them"
        )


def has_votes(source: ImageSource) -> bool:
    """Whether people voted on any row of a source."""
    return any(source.votes(row) is not None for row in range(source.rows()))


def check_votes(model: str, source: ImageSource) -> None:
    """Checks that a source's voters could choose every emotion, and nothing that has no place among the votes.

    Raises:
        StudyError: they could not, or they could.
    """
    lacking = [name for name in EMOTIONS if name not in source.classes]
    if lacking:
        raise StudyError(f"images.model = {model!r}: nobody could vote for {named(lacking)}; it has other classes")
    others = [name for name in source.classes if name not in VOTED]
    if others:
        raise StudyError(
            f"images.model = {model!r}: people could vote for {named(map(quoted, others))}, and votes are counted for "
            f"{named(VOTED)} alone; give the source these names, and count the others as unknown"
        )


def check_labels(model: str, source: ImageSource) -> None:
    """Checks that a source's labels are emotions.

    Raises:
        StudyError: they are not; or the source is empty.
    """
    if not source.rows():
        raise StudyError(f"images.model = {model!r}: has no picture")
    if set(source.classes) <= set(EMOTIONS):
        return
    for row in range(source.rows()):
        label = source.label(row)
        if label is not None and source.classes[label] not in EMOTIONS:
            raise StudyError(
                f"images.model = {model!r}: row {source.row_id(row)} is labeled {quoted(source.classes[label])}, which "
                f"no emotion is called: {named(EMOTIONS)}. Name it so, or take the row out"
            )


def order(source: ImageSource, seed: int) -> Sequence[int]:
    """The rows of a source as batches take them: drawn where there are labels, for tables are often sorted by these;
    else as they come.
    """
    if not source.classes:
        return range(source.rows())
    rows: list[int] = np.random.default_rng(np.random.SeedSequence(seed)).permutation(source.rows()).tolist()
    return rows


def _loaded(described: Iterable[ClassifierSettings], runtime: Runtime) -> dict[str, Classifier]:
    return {each.name: load_model("classifier", each.name, functools.partial(each.load, runtime)) for each in described}
