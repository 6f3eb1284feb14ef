"""A map shows the picture that it explains, so it is withheld where pictures are."""

from builder.publish.pictures import features_without_pictures
from builder.studies.explanation import KIND
from builder.studies.explanation.schema import maps


def test_maps_stay_with_the_pictures():
    (spec,) = (each for each in KIND.tables if each.name == "maps")
    assert {"map", "absolute", "diverging", "map_id", "image_id"} <= set(maps())
    left = set(features_without_pictures(spec, maps()))
    assert left & {"map", "absolute", "diverging"} == set()
    assert {"map_id", "image_id"} <= left
