"""Age, gender, race and emotion of the faces in the images, as DeepFace's own models see them.

The models are DeepFace's graphs of ONNX, in DeepFace's folder for weights; a graph that is not there is said, never
downloaded. A graph runs no code of its own, and onnxruntime lets it read no file outside its folder. Labels and the
preparation of a face are those of the package `deepface`, an extra, so that the numbers are those of
`DeepFace.analyze(crop, detector_backend="skip")`.

A face is the box that an alignment of the dataset has found already, turned about its middle until the eyes are level
where it has landmarks, and clipped to the image: that of the alignment `deepface` where there is one, else of the
first that looks for faces, else the square of `center`.
"""

import importlib
import os
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import PIL.Image
from tqdm import tqdm

from analysis import frames
from analysis.dataset import Pictures
from analysis.errors import MissingDataError
from analysis.frames import Numbers, Table
from analysis.tables.attributes import pose

FILES: Final = {
    "age": "age_model_weights.onnx",
    "gender": "gender_model_weights.onnx",
    "race": "race_model_single_batch.onnx",
    "emotion": "facial_expression_model_weights.onnx",
}
"""The graphs of DeepFace 0.0.103, by what they tell."""

DOMINANT = ("deepface_gender", "deepface_race", "deepface_emotion")
"""Columns that say again, in a word, what others say in shares."""

INSTALL = "pip install 'lands-between[deepface]'"

_AGES = 101
_BATCH = 8
"""Faces at once, where a graph takes any number."""

_MOST_AT_ONCE = 64

_SIDE, _EMOTION_SIDE = 224, 48
_MOST_ELONGATED = 20
"""A box is no face whose longer side is more than so many times its shorter."""

_Floats = npt.NDArray[np.float32]


def deepface_attributes(
    images: Table, pictures: Pictures, joined: Collection[str] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """DeepFace's attributes of every image, and an account of those that it could not tell.

    joined: names of columns that are known already; what DeepFace would say in them is not asked for.

    Returns:
        A row per image: image_id, deepface_age (years), deepface_gender, deepface_race, deepface_emotion (the label
        with the largest share), deepface_gender_woman, and for each race and emotion its share, 0 to 1, such as
        deepface_race_asian; columns only of the models that are at hand, unknown where no face was found. And a row per
        model: attribute (age, gender, race, emotion), file, n_images, n_faces (images it has an answer for), reason
        (why it was not asked, else "").

    Raises:
        AnalysisError: an image cannot be read.
    """
    rows = frames.frame(images)
    attributes, account = pd.DataFrame({"image_id": rows["image_id"]}), []
    for attribute, file in FILES.items():
        try:
            if f"deepface_{attribute}" in joined:
                raise MissingDataError("it is in the attributes that were joined")
            shares = _shares(attribute, rows, pictures)
            attributes = attributes.join(_columns(attribute, shares))
            n_faces, reason = int((~np.isnan(shares).any(axis=1)).sum()), ""
        except MissingDataError as error:
            n_faces, reason = 0, str(error)
        account.append(
            {"attribute": attribute, "file": file, "n_images": len(rows), "n_faces": n_faces, "reason": reason}
        )
    return attributes, pd.DataFrame(account)


def names_at_hand() -> list[str]:
    """The columns that `deepface_attributes` adds on this machine, if their models can be used."""
    try:
        nothing = {attribute: np.empty((0, len(_labels(attribute)))) for attribute in FILES}
    except MissingDataError:
        return []
    at_hand = [attribute for attribute, file in FILES.items() if (folder() / file).is_file()]
    return [str(name) for attribute in at_hand for name in _columns(attribute, nothing[attribute])]


def folder() -> Path:
    """DeepFace's folder for weights."""
    return Path(os.environ.get("DEEPFACE_HOME", Path.home()), ".deepface", "weights")


def _columns(attribute: str, shares: Numbers) -> pd.DataFrame:
    if attribute == "age":
        return pd.DataFrame({"deepface_age": shares @ np.arange(_AGES)})
    labels = _labels(attribute)
    dominant = [None if np.isnan(row).any() else labels[int(row.argmax())] for row in shares]
    columns: dict[str, Any] = {f"deepface_{attribute}": pd.Series(dominant, dtype="str")}
    told = labels[:1] if len(labels) == 2 else labels  # of two shares, one says the other
    for place, label in enumerate(told):
        columns[f"deepface_{attribute}_{label.lower().replace(' ', '_')}"] = shares[:, place]
    return pd.DataFrame(columns)


def _labels(attribute: str) -> list[str]:
    """The classes of a model, in its order.

    Raises:
        MissingDataError: DeepFace is not installed.
    """
    if attribute == "age":
        return [str(age) for age in range(_AGES)]
    labels: list[str] = getattr(_module("deepface.models.demography.DemographyUtils"), f"{attribute.upper()}_LABELS")
    return labels


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDataError(f"DeepFace is not installed ({error}): {INSTALL}") from error


def _shares(attribute: str, rows: pd.DataFrame, pictures: Pictures) -> Numbers:
    """(images, classes): what a model says of every image, NaN where there is no face."""
    boxes, rolls = _faces(rows)
    session, size = _session(attribute)
    shares = np.full((len(rows), len(_labels(attribute))), np.nan)
    starts = range(0, len(rows), size)
    with ThreadPoolExecutor() as threads:  # decoding needs no lock
        for start in tqdm(starts, desc=f"DeepFace: {attribute}", unit="batch", leave=False, disable=None):
            of_batch = slice(start, start + size)
            cut = threads.map(partial(face, pictures), rows["image_id"][of_batch], boxes[of_batch], rolls[of_batch])
            faces = {place: face for place, face in enumerate(cut, start) if face is not None}
            if faces:
                shares[list(faces)] = _run(session, attribute, faces.values(), size)[: len(faces)]
    return shares


def _faces(rows: pd.DataFrame) -> tuple[list[Any], list[float]]:
    """The box of the face in every image (None where there is none), and by how many degrees its eyes are not level."""
    alignments = [str(column).removesuffix("_box") for column in rows if str(column).endswith("_box")]
    alignments = [name for name in alignments if rows[f"{name}_box"].notna().any()]
    if not alignments:
        raise MissingDataError("the dataset has no box of a face in any image")
    name = min(alignments, key=lambda alignment: (alignment != "deepface", alignment == "center"))
    landmarks = rows.get(f"{name}_landmarks", pd.Series([None] * len(rows)))
    return list(rows[f"{name}_box"]), [pose(points, 1)["roll"] for points in landmarks]


def face(pictures: Pictures, image_id: str, box: Any, roll: float) -> PIL.Image.Image | None:
    """The face alone, its eyes level; None where the box holds none."""
    if box is None or np.shape(box) != (4,) or not np.isfinite(edges := np.asarray(box, np.float64)).all():
        return None
    image = pictures.decoded(image_id)
    sides = [image.width, image.height] * 2
    left, top, right, bottom = (int(np.clip(round(edge), 0, side)) for edge, side in zip(edges, sides, strict=True))
    shorter, longer = sorted((right - left, bottom - top))
    if shorter < 2 or longer > _MOST_ELONGATED * shorter:
        return None
    if np.isfinite(roll) and roll:
        image = image.rotate(roll, PIL.Image.Resampling.BICUBIC, center=((left + right) / 2, (top + bottom) / 2))
    return image.crop((left, top, right, bottom))


def _session(attribute: str) -> tuple[Any, int]:
    """The graph of a model, tried on a gray face, and how many faces it is given at once.

    Raises:
        MissingDataError: DeepFace is not installed, or the graph is not there or is none of this model's.
    """
    path, onnxruntime = folder() / FILES[attribute], _module("onnxruntime")
    _module("deepface.modules.preprocessing")
    if not path.is_file():
        raise MissingDataError(
            f"{path.name} is not in DeepFace's folder (.deepface/weights in DEEPFACE_HOME or else the home folder); "
            f"DEEPFACE_BACKEND_ENGINE=onnx and DeepFace.build_model({attribute.capitalize()!r}, 'facial_attribute') "
            "download it"
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
        first = session.get_inputs()[0].shape[0]
    except Exception as error:  # onnxruntime raises kinds of its own, without a common base, and names folders
        raise MissingDataError(f"{path.name} cannot be used ({type(error).__name__}): fetch it again") from error
    for size in (first,) if isinstance(first, int) else (_BATCH, 1):
        if size <= _MOST_AT_ONCE and _gives_shares(session, attribute, size):
            return session, size
    raise MissingDataError(f"{path.name} cannot be used: it gives no shares of {len(_labels(attribute))} classes")


def _gives_shares(session: Any, attribute: str, size: int) -> bool:
    gray = PIL.Image.new("RGB", (_SIDE, _SIDE), "gray")
    try:
        shares = _run(session, attribute, [gray], size)
    except Exception:  # of onnxruntime, as above: a graph may be for another number of faces, or for other images
        return False
    right_shape = shares.shape == (size, len(_labels(attribute)))
    return right_shape and bool((shares >= 0).all()) and bool((abs(shares.sum(axis=1) - 1) < 1e-3).all())


def _run(session: Any, attribute: str, faces: Iterable[PIL.Image.Image], size: int) -> _Floats:
    """The answers (size, classes) to at most `size` faces; rows past the faces say the last one's again."""
    prepared = [_prepared(np.asarray(face), attribute) for face in faces]
    batch = np.concatenate(prepared + prepared[-1:] * (size - len(prepared)))
    return np.asarray(session.run(None, {session.get_inputs()[0].name: batch})[0], np.float32)


def _prepared(face: npt.NDArray[np.uint8], attribute: str) -> _Floats:
    """(h, w, 3) RGB -> (1, 224, 224, 3) BGR or, for emotion, (1, 48, 48, 1) gray, as `DeepFace.analyze` makes it."""
    bgr = face[:, :, ::-1]
    scaled = bgr / 255 if face.max() > 1 else bgr
    resized: _Floats = _module("deepface.modules.preprocessing").resize_image(scaled, (_SIDE, _SIDE))
    if attribute != "emotion":
        return resized
    cv2 = _module("cv2")
    gray = cv2.resize(cv2.cvtColor(resized[0], cv2.COLOR_BGR2GRAY), (_EMOTION_SIDE, _EMOTION_SIDE))
    small: _Floats = np.asarray(gray, np.float32)[None, :, :, None]
    return small
