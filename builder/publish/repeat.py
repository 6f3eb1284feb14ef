"""Repeats the answers of classifiers that a published version states, from its pictures.

The version may be anyone's. A model is loaded where it is a part of this project or its weights are in the version;
no path and no address that the version names is followed: who has the weights of another names them.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from datasets import Features

from builder import registry
from builder.classifiers import Classifier, Probabilities, Recorded
from builder.classifiers.hosting import classify
from builder.errors import LandsBetweenError, PublishError
from builder.hosting import ModelHost
from builder.manifest import MOST_BYTES
from builder.publish.layout import Part, part_of
from builder.publish.pictures import IMAGES, PICTURE, picture_columns
from builder.publish.provenance import Provenance, kind_of, read_provenance
from builder.publish.reading import read_table
from builder.runtime import Runtime, start_runtime
from builder.studies import Prediction, PublishParts, StudyKind
from builder.study import Study, parse_study
from builder.trained import trained_here
from loading_script.lands_between import PROVENANCE
from loading_script.untrusted.png import decode_rgb

TOLERANCE = 1e-5
"""The largest difference of a repeated probability: micro-batches of other sizes give results that differ by less."""

_BLOCK = 256
"""Pictures that are held decoded at a time."""

_MOST_NAMED = 10
"""Answers of a classifier that are named one by one where they differ."""


Wrong = defaultdict[str, list[str]]
"""Lines about answers that differ, by classifier."""


class Repetition(NamedTuple):
    """The outcome: what differs, a line each, and in words how much was repeated and what was not."""

    wrong: list[str]
    accounts: list[str]


def repeat(folder: Path, addresses: Mapping[str, str]) -> Repetition:
    """Repeats every answer to a published picture of a version in which `verify` finds nothing wrong.

    Args:
        folder: the version's.
        addresses: by name of a classifier: the model that it is here, as a study file says it.

    Raises:
        PublishError: nothing can be repeated, with the reasons; or a name is none of a classifier.
        StudyError: the settings in the version are not those of a study that is known here.
    """
    provenance = read_provenance(folder)
    kind = kind_of(provenance)
    if kind is None:
        raise PublishError(f"{folder}: its kind of study is not installed, so no prediction can be repeated")
    if provenance.withheld:
        raise PublishError(
            f"{folder}: its pictures are withheld, so no prediction can be repeated from them; all that "
            "`verify` checks without --predictions is as it should be"
        )
    study, parts = parse_study(_with_models(provenance.study, addresses), PROVENANCE), kind.publish()
    runtime = replace(start_runtime("cpu"), weights=_weights(folder, provenance))
    classifiers, absent = _loaded(study, parts, addresses, runtime)
    for name, classifier in classifiers.items():
        classifier.micro_batch = provenance.micro_batches.get(name, classifier.micro_batch)
    host, repeated, without, wrong = ModelHost(runtime=runtime), Counter[str](), Counter[str](), Wrong(list)
    for tables in _batches(folder, provenance, kind):
        light = {name: rows.drop_columns(_pictures(rows)) for name, rows in tables.items()}
        stated = list(parts.predictions(study, light))
        for name, classifier in classifiers.items():
            of_classifier = [each for each in stated if each.classifier == name]
            image_ids = {each.image_id for each in of_classifier if each.image_id is not None}
            answers = _answers(host, name, classifier, tables[IMAGES], image_ids)
            for each in of_classifier:
                if each.image_id is None:
                    without[name] += 1
                else:
                    repeated[name] += 1
                    wrong[name] += _differs(each, classifier.classes, answers[each.image_id])
    if not repeated:
        raise PublishError(f"{folder}: no prediction was repeated: {'; '.join(absent) or 'it has none of a picture'}")
    accounts = [_account(name, repeated[name], without[name]) for name in classifiers]
    return Repetition(_listed(wrong), [*accounts, *absent, *_builds(provenance, runtime)])


def _weights(folder: Path, provenance: Provenance) -> dict[str, bytes]:
    """The weights that were trained for the study, by model."""
    paths = provenance.weights()
    for path in paths.values():
        if provenance.files[path].bytes > MOST_BYTES:
            raise PublishError(f"{folder / path}: larger than {MOST_BYTES} bytes; `publish` writes no such file")
    return {name: (folder / path).read_bytes() for name, path in paths.items()}


def _with_models(keys: Any, addresses: Mapping[str, str]) -> Any:
    """The settings of a study in which each named model is the one that is given."""
    if isinstance(keys, list):
        return [_with_models(each, addresses) for each in keys]
    if not isinstance(keys, dict):
        return keys
    changed = {key: _with_models(value, addresses) for key, value in keys.items()}
    if "model" in keys and keys.get("name") in addresses:
        changed["model"] = addresses[keys["name"]]
    return changed


def _loaded(
    study: Study, parts: PublishParts, addresses: Mapping[str, str], runtime: Runtime
) -> tuple[dict[str, Classifier], list[str]]:
    """The classifiers that can be had, and why the others cannot."""
    loaders = parts.classifiers(study)
    unknown = sorted(addresses.keys() - loaders.keys())
    if unknown:
        raise PublishError(
            f"--model {unknown[0]}: no classifier of the study; there are: {', '.join(loaders) or 'none'}"
        )
    models = {each.name: each.model for each in parts.models(study)}
    trained = trained_here(study)
    classifiers, absent = dict[str, Classifier](), list[str]()
    for name, load in loaders.items():
        entry, argument = registry.split_model(models[name])
        if argument is not None and name not in addresses:
            why = f"{models[name]} is of whoever built it; who has it adds --model {name}={entry}:..."
        elif argument is None and entry in trained and entry not in runtime.weights:
            why = "it was trained for the study, and its weights are not in the version"
        else:
            try:
                loaded = load(runtime)
            except LandsBetweenError as error:
                why = str(error)
            else:
                if not isinstance(loaded, Recorded):
                    classifiers[name] = loaded
                    continue
                why = "it is a table of what was said elsewhere"
        absent.append(f"predictions of {name}: not repeated: {why}")
    return classifiers, absent


def _batches(folder: Path, provenance: Provenance, kind: StudyKind) -> Iterator[dict[str, pa.Table]]:
    """The tables of each batch that has pictures."""
    of_batch: dict[tuple[str, int | None], list[Part]] = {}
    for path in provenance.files:
        part = part_of(path)
        if part and part.batch is not None and part.table != "ratings":
            of_batch.setdefault((part.split, part.batch), []).append(part)
    for parts in of_batch.values():
        rows = {part.table: provenance.files[part.path].rows or 0 for part in parts}
        if IMAGES in rows:
            yield {part.table: read_table(folder / part.path, part.table, rows[part.table], kind) for part in parts}


def _pictures(rows: pa.Table) -> list[str]:
    return picture_columns(Features.from_arrow_schema(rows.schema))


def _answers(
    host: ModelHost, name: str, classifier: Classifier, images: pa.Table, image_ids: set[str]
) -> dict[str, Probabilities]:
    """A classifier's probabilities for pictures of the table `images`, by id."""
    rows = [row for row, image_id in enumerate(images["image_id"].to_pylist()) if image_id in image_ids]
    answers: dict[str, Probabilities] = {}
    for start in range(0, len(rows), _BLOCK):
        block = images.take(rows[start : start + _BLOCK])
        ids = block["image_id"].to_pylist()
        pngs = block[PICTURE].combine_chunks().field("bytes").to_pylist()
        try:
            pixels = np.stack([np.asarray(decode_rgb(png)) for png in pngs])
        except ValueError as error:
            raise PublishError(f"{IMAGES}: pictures of a batch cannot be decoded together: {error}") from error
        answers |= dict(zip(ids, classify(host, name, classifier, pixels, ids), strict=True))
    return answers


def _differs(stated: Prediction, classes: Sequence[str], answer: Probabilities) -> Iterator[str]:
    """A line where an answer is another than the one stated."""
    here = None if math.isnan(answer[0]) else classes[int(answer.argmax())]
    difference = f"{stated.where}: {stated.classifier} said {stated.top or 'nothing'}, and says {here or 'nothing'}"
    if stated.top is None or here is None:
        if stated.top != here:
            yield difference
        return
    of_class = dict(zip(classes, answer.tolist(), strict=True))
    if of_class.get(stated.top, -1.0) < answer.max() - TOLERANCE:
        yield difference
        return
    off = {name: of_class.get(name, math.inf) - value for name, value in stated.probabilities.items()}
    worst = max(off, key=lambda name: abs(off[name]), default="")
    if off and not abs(off[worst]) <= TOLERANCE:
        yield f"{stated.where}: {stated.classifier}: the probability of {worst} is off by {off[worst]:.3g}"


def _listed(wrong: Mapping[str, list[str]]) -> list[str]:
    lines = []
    for name, of_classifier in wrong.items():
        lines += of_classifier[:_MOST_NAMED]
        if len(of_classifier) > _MOST_NAMED:
            lines.append(f"{name}: {len(of_classifier) - _MOST_NAMED} more predictions differ")
    return lines


def _account(name: str, repeated: int, without: int) -> str:
    rest = f"; {without} of pictures that are not published were not" if without else ""
    return f"predictions of {name}: {repeated} repeated, to within {TOLERANCE:g}{rest}"


def _builds(provenance: Provenance, runtime: Runtime) -> Iterator[str]:
    """Says where the version was made by another torch or device, whose last bits may be others."""
    then, now = provenance.environment, runtime.environment()
    for name in ("torch", "device", "machine"):
        if name in then and then[name] != now[name]:
            yield f"made with {name} {then[name]}, repeated with {now[name]}"
