"""Analyses of kinds of study by entry points."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from analysis import registry
from analysis.errors import AnalysisError


def plugins(monkeypatch: pytest.MonkeyPatch, *values: str) -> None:
    entries = [EntryPoint("toy", value, "lands_between.analyses") for value in values]
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints(entries).select(group=group))


def test_ours_is_installed() -> None:
    installed = registry.installed()
    assert {"explanation", "verification"} <= set(installed)
    for name in installed:
        analysis = registry.analysis_of(name)
        assert analysis is not None
        assert analysis.name == name


def test_no_analysis_is_none() -> None:
    assert registry.analysis_of("toy") is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["one:A", "two:A"], "'toy' is claimed by one:A and two:A; uninstall one of them"),
        (["no_such_module_anywhere:A"], "'toy', no_such_module_anywhere:A, cannot be imported: ModuleNotFoundError"),
        (["json:no_such_name"], "'toy', json:no_such_name, cannot be imported: AttributeError"),
        (["json:dumps"], "'toy', json:dumps, is no `analysis.registry.Analysis`"),
    ],
)
def test_an_analysis_that_cannot_be_used_is_explained(
    monkeypatch: pytest.MonkeyPatch, values: list[str], said: str
) -> None:
    plugins(monkeypatch, *values)
    with pytest.raises(AnalysisError, match=said):
        registry.analysis_of("toy")
