"""Strips of the largest disagreements."""

import pandas as pd

from analysis.studies.verification.strips import recognizer_strips


def test_no_card_says_the_opposite_of_its_strip() -> None:
    scores = [0.6, 0.5, -0.5, -0.6]
    table = pd.DataFrame(
        {
            "pair_id": list("abcd"),
            "recognizer": "dlib",
            "identity_disagreement": scores,
            "disagreement": scores,
            "candidate": ["false accept", "false reject", "false accept", "false reject"],
        }
    )
    closer, farther, *_ = recognizer_strips(table, "dlib")
    assert (list(closer.table["pair_id"]), list(farther.table["pair_id"])) == (["a"], ["d"])
