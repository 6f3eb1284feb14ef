"""The page of a study whose parameters are known."""

from pathlib import Path

from analysis.makers import answers_of
from analysis.report.findings import Findings
from analysis.report.make import report_files
from analysis.results import results
from analysis.studies.counterfeits import ANALYSIS
from analysis.studies.counterfeits.claims import claims, introduction
from tests.analysis.studies.counterfeits.synthetic import study


def test_the_report_says_what_failed_what_people_see_and_shows_neighbors(tmp_path: Path):
    of = study(failed=(3,))
    tables = results(of)
    files = report_files(of, tables)
    page = files["index.html"].decode()
    for name in ("seen", "inversion", "curves", "distances", "neighbors", "detectors", "defense"):
        assert f"figures/{name}.svg" in files, name
    assert "1 of 4 generators did not converge" in page
    assert "1 did not converge, and what people say of their images is not counted: batch 3, round 0, one-hot" in page
    assert "net is sure by 94.7 % on average" in page
    assert "40.0 % of people&#39;s answers name its class" in page


def test_every_claim_has_its_table_and_figure():
    of = study()
    found = Findings(of, answers_of(of, ANALYSIS), results(of))
    made = list(claims(found))
    assert {claim.table for claim in made} == {"seen", "distance", "detectors", "agreement"}
    (of_people,) = [claim for claim in made if claim.table == "seen"]
    assert of_people.sentence(certain=True).startswith(
        "Less than half of people's answers to counterfeits one_hot name"
    )
    assert of_people.estimate == 0.4
    assert any("were shown 160 of the items" in line for line in introduction(found))
