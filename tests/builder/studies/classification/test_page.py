"""The page of a classification study in Chromium, by keyboard alone, on a screen and on a phone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from builder.runtime import Runtime
from builder.shards import StudyFolder
from tests.builder.studies.classification import small
from tests.builder.survey.participant import (
    NEXT,
    Keyboard,
    consent,
    console,
    find,
    pixels,
    say_demographics,
    wait_for,
    wait_for_heading,
)
from tests.builder.survey.serving import serving
from tests.builder.survey.test_page import check_accessibility
from tests.builder.survey.test_page import results as rated

pytestmark = pytest.mark.slow

ITEMS = 4


@pytest.mark.parametrize(
    ("width", "height", "keys", "answers"),
    [
        (1440, 900, {}, ["yes", "no", "yes", "no"]),
        (375, 700, {"cannot_tell": True}, ["yes", "cannot_tell", "no", "cannot_tell"]),
    ],
)
def test_the_task_is_done_by_keyboard(
    open_browser: Callable[[int, int], Chrome],
    bundle: Path,
    tmp_path: Path,
    runtime: Runtime,
    width: int,
    height: int,
    keys: dict[str, object],
    answers: list[str],
):
    folder = small.build(tmp_path, runtime, mistakes=2, controls=2, **keys)
    shown = {row["shown_class"] for row in StudyFolder(folder).read("items", 0).to_pylist()}
    browser = open_browser(width, height)
    hands = Keyboard(browser)
    with serving(folder, bundle) as server:
        browser.get(server.address)
        consent(hands)
        say_demographics(hands)
        for position, answer in enumerate(answers):
            wait_for_heading(browser, f"Image {position + 1} of {ITEMS}")
            check_accessibility(browser)
            check_item(browser, shown)
            assert [each.get_attribute("value") for each in browser.find_elements(By.NAME, "relevant")] == [
                *("yes", "no"),
                *(["cannot_tell"] if keys else []),
            ]
            hands.press(f"[name=relevant][value={answer}]")
            hands.press(NEXT)
        wait_for(lambda: "Image" not in browser.find_element(By.TAG_NAME, "h1").text, "the end")
        assert console(browser) == []
    _, ratings = rated(folder)
    words = {"yes": True, "no": False} if not keys else {}
    assert [rating["relevant"] for rating in ratings] == [words.get(answer, answer) for answer in answers]


def check_item(browser: Chrome, classes: set[str]) -> None:
    """One image in view, a class in the question, and everything to touch at least 44 px high."""
    image = find(browser, ".single img").rect
    width, height = browser.execute_script("return [innerWidth, innerHeight]")
    assert image["x"] >= 0
    assert image["x"] + image["width"] <= width
    assert image["y"] + image["height"] <= height
    assert min(image["width"], image["height"]) >= 140
    asked = find(browser, "legend").text
    assert asked in {f"Is {name} relevant for this image?" for name in classes}
    targets = browser.find_elements(By.CSS_SELECTOR, ".option, button")
    assert min(target.rect["height"] for target in targets) >= 44
    assert pixels(browser, ".single img").shape == (16, 16, 3)
