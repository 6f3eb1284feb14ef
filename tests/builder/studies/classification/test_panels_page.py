"""The page on which images are assigned to classes, in Chromium, by keyboard alone, on a phone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from builder.runtime import Runtime
from builder.shards import StudyFolder
from builder.studies.classification import tables
from builder.studies.classification.assignments import LETTERS, Assignment, Assignments, Panel, ShownAssignments
from builder.studies.classification.examples import Example
from builder.studies.classification.predicted import Answers, Predictions
from builder.study import parse_study
from builder.tables import png_bytes
from tests.builder.studies.classification import small
from tests.builder.survey.participant import NEXT, Keyboard, consent, console, find, say_demographics, wait_for_heading
from tests.builder.survey.serving import serving
from tests.builder.survey.test_page import check_accessibility
from tests.builder.survey.test_page import results as rated

pytestmark = pytest.mark.slow

CLASSES = tuple("abcdef")


@pytest.fixture
def folder(tmp_path: Path, runtime: Runtime) -> Path:
    """A study of one arm, in which two images are to be assigned, of the third and of the first panel's class."""
    examples = {
        name: [Example(name, "random", "prototype", at, 100 * number + at, None, True, 6, 6) for at in range(6)]
        for number, name in enumerate(CLASSES, start=1)
    }
    panels = tuple(Panel(letter, name, examples[name]) for letter, name in zip(LETTERS, CLASSES, strict=True))
    own = Assignments([Assignment(at, "random", "assignment-1", panels) for at in (0, 1)], [])
    rows = [1, 2, *own.rows]
    pictures = {row: png_bytes(np.full((28, 28, 3), row % 251, np.uint8)) for row in rows}
    said = Answers.of(CLASSES, np.eye(6, dtype=np.float32)[[2, 0]])
    predicted = Predictions([1, 2], ["r1", "r2"], ["c", "a"], {"one": said})
    shown = ShownAssignments(own, "one", {row: f"r{row}" for row in rows}, pictures)
    keys = {"study": "classification", "name": "panels", "survey": {**small.SURVEY, "question_relevant": "Is it?"}}
    keys |= {"classifiers": [{"name": "one", "model": "digits-cnn"}], "assignment": {"classifier": "one"}}
    study, written = parse_study(keys, "panels.toml"), StudyFolder(tmp_path / "study")
    written.claim(study)
    written.describe(study, {"one": 1}, runtime.environment())
    built = tables.build("panels", 0, predicted, [], {}, assigned=shown)
    told = {"seeds": [], "passed_over": [], "environment": {}, "micro_batches": {}, "timings": {}}
    written.write_batch(0, built, **told)
    return tmp_path / "study"


def test_images_are_assigned_to_panels_by_keyboard(
    open_browser: Callable[[int, int], Chrome], bundle: Path, folder: Path
) -> None:
    browser = open_browser(360, 740)
    hands = Keyboard(browser)
    right = {row["item_id"]: row["right_panel"] for row in StudyFolder(folder).read("items", 0).to_pylist()}
    assert sorted(right.values()) == ["A", "C"]
    with serving(folder, bundle) as server:
        browser.get(server.address)
        consent(hands)
        say_demographics(hands)
        for position, answer in enumerate(["C", "F"]):
            wait_for_heading(browser, f"Image {position + 1} of 2")
            check_accessibility(browser)
            assert find(browser, "legend").text == "Which class does the first image belong to?"
            shown = browser.find_elements(By.CSS_SELECTOR, ".panel")
            assert [panel.find_element(By.TAG_NAME, "figcaption").text for panel in shown] == list(LETTERS)
            assert [len(panel.find_elements(By.TAG_NAME, "img")) for panel in shown] == [6] * 6
            assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
            images = browser.find_elements(By.CSS_SELECTOR, ".panels img")
            assert len(images) == 37
            assert min(image.rect["width"] for image in images) >= 28
            hands.press(f"[name=assigned][value={answer}]")
            hands.press(NEXT)
        wait_for_heading(browser, "Thank you!")
        assert console(browser) == []
    _, ratings = rated(folder)
    assert [rating["assigned"] for rating in ratings] == ["C", "F"]
    assert {rating["item_id"] for rating in ratings} == right.keys()
