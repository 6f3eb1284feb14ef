"""The order in which tables are made: each behind those that it needs."""

import sys

import pandas as pd
import pytest

from analysis.errors import AnalysisError, MissingDataError
from analysis.makers import Maker, Options, all_makers, ordered
from analysis.registry import Analysis
from analysis.results import results
from tests.analysis.synthetic import draw_study


def maker(*names: str, needs: tuple[str, ...] = (), uses: tuple[str, ...] = ()) -> Maker:
    return Maker(names, lambda made: (pd.DataFrame(),) * len(names), needs, uses)


def test_a_table_is_made_behind_those_that_it_needs_and_uses() -> None:
    makers = [maker("d", needs=("c",)), maker("a"), maker("b", "c", needs=("a",), uses=("e",)), maker("e")]
    names = [each.names for each in ordered(makers)]
    assert names.index(("b", "c")) > max(names.index(("a",)), names.index(("e",)))
    assert names[-1] == ("d",)


@pytest.mark.parametrize(
    ("makers", "said"),
    [
        ([maker("a", needs=("b",))], "table 'a': needs 'b', which nothing makes"),
        ([maker("a", uses=("b",))], "table 'a': needs 'b', which nothing makes"),
        ([maker("a"), maker("b", "a")], "table 'a': two makers make it"),
        ([maker("a", needs=("b",)), maker("b", uses=("a",))], "tables need one another: '[ab]' <- '[ab]' <- '[ab]'"),
        ([maker("a", needs=("a",))], "tables need one another: 'a' <- 'a'"),
    ],
)
def test_what_cannot_be_ordered_is_explained(makers: list[Maker], said: str) -> None:
    with pytest.raises(AnalysisError, match=said):
        ordered(makers)


def test_a_maker_is_given_what_it_asked_for_and_skipped_with_the_reason_of_what_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = {}

    def nothing(made: object) -> pd.DataFrame:
        raise MissingDataError("it rained")

    def make(made: dict[str, pd.DataFrame]) -> pd.DataFrame:
        seen.update(made)
        return pd.DataFrame({"a": [1]})

    makers = [
        Maker(("wet",), lambda made: pd.DataFrame(), needs=("rain",)),
        Maker(("rain",), nothing),
        Maker(("dry",), make, needs=("overview",), uses=("rain", "participants")),
    ]
    toy = Analysis("verification", makers=lambda published, options: makers)
    monkeypatch.setattr(sys.modules["analysis.results"], "analysis_of", lambda kind: toy)
    made = results(draw_study(batches=1, raters=2))
    assert sorted(seen) == ["overview", "participants"]
    assert list(made["dry"]) == ["ratings_source", "a"]
    reasons = made["skipped"].set_index("table")["reason"]
    assert reasons["wet"] == reasons["rain"] == "it rained"
    assert list(reasons.index[-2:]) == ["wet", "rain"]


def test_a_kind_without_signal_detection_refuses_the_switch() -> None:
    shared = Analysis("classification")
    with pytest.raises(AnalysisError, match="--signal-detection: a study of the kind 'classification' has no such"):
        all_makers(draw_study(batches=1, raters=2), shared, Options(signal_detection=True))
