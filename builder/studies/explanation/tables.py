"""The way from what a check of a batch gives to its Arrow tables."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from builder.studies.explanation import runs, schema
from builder.studies.explanation.compare import MEASURES, Source
from builder.studies.explanation.study import EDGES, ExplanationStudy
from builder.studies.explanation.tasks import LEFT, LIKENESS, RIGHT, TRUST
from builder.tables import image_value, png_bytes

if TYPE_CHECKING:
    from builder.studies.explanation.checked import Checked, Pictures
    from builder.studies.explanation.pipeline import Item
    from builder.studies.explanation.versions import Version

Rows = list[dict[str, Any]]


class Ids:
    """The ids of a batch, which are made from what they name."""

    def __init__(self, study: str, batch: int, rows: Sequence[int]) -> None:
        self._stem, self._rows = f"{study}-{batch:05d}", rows

    def image(self, at: int) -> str:
        """The id of a picture."""
        return f"{self._stem}-row{self._rows[at]}"

    def version(self, version: "Version | None", at: int) -> str:
        """The id of a version of a picture; of None, or where it was left alone, of the picture as it is."""
        return (
            self.image(at)
            if version is None or version.images is None
            else f"{self.image(at)}-{version.name}{version.run}"
        )

    def map(self, source: Source, at: int) -> str:
        """The id of a map; the edge detector's is the same whatever the network."""
        network = "" if source.explainer == EDGES else f"-{_network(source)}"
        return f"{self.image(at)}-{source.explainer}{network}"

    def item(self, item: "Item") -> str:
        """The id of an item."""
        first, second = item.comparison.first, item.comparison.second
        other = f"-{second.explainer}" if second.explainer != first.explainer else ""
        against = f"-{_network(second)}" if second.network != first.network else ""
        task = f"-{item.task}" if item.task != LIKENESS else ""
        return f"{self._stem}-{item.kind}-row{self._rows[item.at]}-{first.explainer}{other}{against}{task}"


def build(
    study: ExplanationStudy, batch: int, pictures: "Pictures", checked: "Checked", items: "Sequence[Item]"
) -> dict[str, pa.Table]:
    """The tables of a batch by name."""
    ids = Ids(study.name, batch, pictures.rows)
    pngs = {ids.image(at): png_bytes(picture) for at, picture in enumerate(pictures.pixels)}
    for version in checked.versions().values():
        for at, picture in enumerate(() if version.images is None else version.images):
            pngs[ids.version(version, at)] = png_bytes(picture)
    maps, halves, views = _maps(ids, batch, checked, study.view)
    rows: dict[str, Rows] = {
        "items": [_item(study, batch, ids, pictures, checked, item, pngs, views) for item in items],
        "images": list(_images(ids, batch, pictures, pngs, checked, items, views, study.view)),
        "maps": maps,
        "comparisons": list(_comparisons(study, batch, ids, checked, items)),
        "sanity": list(_sanity(study, batch, checked)),
        "manipulations": list(runs.pictures(study, batch, ids, checked.runs)),
        "runs": list(runs.settings(study, batch, checked.runs)),
    }
    features = {
        "items": schema.items([each.name for each in MEASURES]),
        "images": schema.images(),
        "maps": schema.maps(),
        "comparisons": schema.comparisons(),
        "sanity": schema.sanity(),
        "manipulations": schema.manipulations(),
        "runs": schema.runs(),
    }
    built = {name: pa.Table.from_pylist(rows[name], features[name].arrow_schema) for name in rows}
    at = built["maps"].column_names.index("map")
    built["maps"] = built["maps"].set_column(at, built["maps"].schema.field(at), _nested(halves))
    return built


def _maps(
    ids: Ids, batch: int, checked: "Checked", view: str
) -> tuple[Rows, list[npt.NDArray[np.float16]], dict[str, bytes]]:
    """The rows of `maps` without the maps, these, and the view of each that people may see, as a PNG, by map_id."""
    rows: dict[str, dict[str, Any]] = {}
    halves: list[npt.NDArray[np.float16]] = []
    views: dict[str, bytes] = {}
    versions = checked.versions()
    for source, stored in checked.maps.items():
        pictures = {
            "absolute": checked.views.absolute(stored.maps),
            "diverging": checked.views.diverging(stored.maps),
        }
        for at, half in enumerate(stored.halves):
            map_id = ids.map(source, at)
            if map_id in rows:
                continue
            pngs = {name: png_bytes(each[at]) for name, each in pictures.items()}
            rows[map_id] = {
                "map_id": map_id,
                "batch": batch,
                "image_id": ids.version(versions.get((source.network, source.place)), at),
                "explainer": source.explainer,
                "network": source.network,
                "layer": source.layer,
                "scale": float(stored.scales[at]),
                **{name: image_value(f"{map_id}-{name}", png) for name, png in pngs.items()},
            }
            halves.append(half)
            views[map_id] = pngs[view]
    return list(rows.values()), halves, views


def _nested(halves: list[npt.NDArray[np.float16]]) -> pa.ListArray:
    """Maps (h, w) as lists of lists."""
    stacked = np.stack(halves)
    n, height, width = stacked.shape
    rows = pa.ListArray.from_arrays(np.arange(n * height + 1, dtype=np.int32) * width, pa.array(stacked.ravel()))
    return pa.ListArray.from_arrays(np.arange(n + 1, dtype=np.int32) * height, rows)


def _images(
    ids: Ids,
    batch: int,
    pictures: "Pictures",
    pngs: dict[str, bytes],
    checked: "Checked",
    items: "Sequence[Item]",
    views: dict[str, bytes],
    view: str,
) -> Iterator[dict[str, Any]]:
    changed = [each for each in checked.versions().values() if each.images is not None]
    for version in (None, *changed):
        for at, row in enumerate(pictures.ids):
            image_id = ids.version(version, at)
            yield _image(image_id, pngs[image_id], batch) | {"row": row}
    sources = [(source, item.at) for item in items for source in (item.comparison.first, item.comparison.second)]
    for map_id in dict.fromkeys(ids.map(*each) for each in sources):
        yield _image(f"{map_id}-{view}", views[map_id], batch) | {"map_id": map_id}


def _image(image_id: str, png: bytes, batch: int) -> dict[str, Any]:
    digest = hashlib.sha256(png).hexdigest()
    return {"image_id": image_id, "image": image_value(image_id, png), "sha256": digest, "batch": batch}


def _item(
    study: ExplanationStudy,
    batch: int,
    ids: Ids,
    pictures: "Pictures",
    checked: "Checked",
    item: "Item",
    pngs: dict[str, bytes],
    views: dict[str, bytes],
) -> dict[str, Any]:
    check, at = study.check_of(batch), item.at
    first, second = item.comparison.first, item.comparison.second
    version = checked.versions().get((second.network, second.place))
    changed_id = ids.version(version, at)
    row = {
        "item_id": ids.item(item),
        "batch": batch,
        "check": check.check,
        "kind": schema.KINDS.index(item.kind),
        "task": item.task,
        "classifier": check.explained,
        "image_id": ids.image(at),
        "image": image_value(ids.image(at), pngs[ids.image(at)]),
        "row": pictures.ids[at],
        "label": pictures.labels[at],
        "class": pictures.names[at],
        "probability": pictures.probabilities[at],
        "explainer": first.explainer,
        "other_explainer": second.explainer,
        "layer": second.layer,
        "manipulation": check.manipulation,
        "run": version.run if version else None,
        "changed_id": changed_id,
        "changed": image_value(changed_id, pngs[changed_id]),
        "l_inf": runs.at(version.l_inf, at) if version else 0.0 if check.manipulation else None,
        "side": (LEFT if item.turned else RIGHT) if item.task == TRUST else None,
    }
    both = (second, first) if item.turned else (first, second)
    for side, source in zip(("first", "second"), both, strict=True):
        map_id = ids.map(source, at)
        image_id = f"{map_id}-{study.view}"
        row |= {f"{side}_id": image_id, side: image_value(image_id, views[map_id])}
    return row | {name: runs.finite(values[at]) for name, values in item.comparison.values.items()}


def _comparisons(
    study: ExplanationStudy, batch: int, ids: Ids, checked: "Checked", items: "Sequence[Item]"
) -> Iterator[dict[str, Any]]:
    check = study.check_of(batch)
    of_likeness = [item for item in items if item.task == LIKENESS]
    item_of = {(item.comparison.first, item.comparison.second, item.at): ids.item(item) for item in of_likeness}
    twice = {each.first: each for each in (item.comparison for item in of_likeness) if each.first == each.second}
    for each in (*checked.comparisons, *twice.values()):
        for name, values in each.values.items():
            for at, value in enumerate(values):
                item_id = item_of.get((each.first, each.second, at))
                if item_id is None and each.first in twice and each.first == each.second:
                    continue  # one map twice tells something of people alone
                yield {
                    "item_id": item_id,
                    "batch": batch,
                    "check": check.check,
                    "classifier": check.explained,
                    "image_id": ids.image(at),
                    "explainer": each.first.explainer,
                    "other_explainer": each.second.explainer,
                    "network": each.second.network,
                    "layer": each.second.layer,
                    "place": each.second.place,
                    "first_map": ids.map(each.first, at),
                    "second_map": ids.map(each.second, at),
                    "measure": name,
                    "value": runs.finite(value),
                }


def _sanity(study: ExplanationStudy, batch: int, checked: "Checked") -> Iterator[dict[str, Any]]:
    check = study.check_of(batch)
    replaced = [each for each in checked.comparisons if each.first.explainer == each.second.explainer]
    for each in replaced if checked.same_class else ():
        network = next(name for name, place in checked.same_class if place == each.second.place)
        for name, values in each.values.items():
            mask = values[np.isfinite(values)]
            yield {
                "batch": batch,
                "check": check.check,
                "classifier": check.explained,
                "network": network,
                "layer": each.second.layer,
                "place": each.second.place,
                "same_class": checked.same_class[network, each.second.place],
                "explainer": each.first.explainer,
                "measure": name,
                "pictures": len(values),
                "defined": len(mask),
                "mean": float(mask.mean()) if len(mask) else None,
            }


def _network(source: Source) -> str:
    return f"{source.network}{source.place}" if source.place else source.network
