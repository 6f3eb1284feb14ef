"""The faces on which model and people differ, as they open on the page."""

import io
from dataclasses import replace

import numpy as np
from datasets import Dataset, Features, Image, Value
from PIL import Image as PILImage

from analysis.dataset import Pictures
from analysis.makers import answers_of
from analysis.report.contents import Contents
from analysis.report.findings import Findings
from analysis.studies.expression import ANALYSIS
from analysis.studies.expression.strips import draw_strips
from analysis.studies.expression.tables.disagreement import disagreement
from tests.analysis.studies.expression.faces import answers, faces


def picture(gray: int) -> bytes:
    content = io.BytesIO()
    PILImage.fromarray(np.full((8, 8, 3), gray, np.uint8)).save(content, "PNG")
    return content.getvalue()


def test_strips_show_the_largest_difference_first():
    given = answers([["happy"] * 4, ["happy"] * 4, ["happy", "happy", "sad", "sad"]])
    of = faces([None] * 3, {"fer": ["happy", "sad", "happy"]}, ratings=given, probabilities=True)
    features = Features({"image_id": Value("string"), "image": Image()})
    rows = {"image_id": list(of.images["image_id"]), "image": [{"bytes": picture(n), "path": None} for n in range(3)]}
    of = replace(of, pictures=Pictures(Dataset.from_dict(rows, features=features)))
    contents = Contents("simulated")
    strips = list(draw_strips(Findings(of, answers_of(of, ANALYSIS), {"disagreement": disagreement(of)}), contents))
    assert [strip.name for strip in strips] == ["surer-than-people-fer", "less-sure-than-people-fer"]
    assert [card.title for card in strips[0].cards] == ["Face face1", "Face face2"]
    assert (strips[0].cards[0].what, strips[0].cards[0].headline) == ("fer: sad 0.70", "people: happy 100 %")
    assert dict(strips[0].cards[0].scores)["difference"] == "0.700"
    assert "figures/strip-surer-than-people-fer.svg" in contents.files
