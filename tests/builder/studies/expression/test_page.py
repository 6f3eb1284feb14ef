"""The page that asks about faces, in Chromium: its texts, its layout, and each participant's own order of options."""

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from builder.studies.expression.tasks import EMOTIONS, OPTIONS
from builder.survey.export import export
from tests.builder.images.test_fer2013 import write
from tests.builder.survey.participant import (
    NEXT,
    Mouse,
    check_accessibility,
    consent,
    find,
    inform,
    say_demographics,
    wait_for_heading,
)
from tests.builder.survey.serving import Server, serving
from tests.conftest import run_builder

pytest.importorskip("h5py")
pytestmark = pytest.mark.slow

Open = Callable[[int, int], Chrome]

STUDY = """
study = "expression"
name = "asked"
faces_per_batch = 3
ask_gender = true
groups = []
images = {{ model = "fer2013:{table}" }}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch of three faces."""
    scratch = tmp_path_factory.mktemp("asked")
    (scratch / "asked.toml").write_text(STUDY.format(table=write(scratch)))
    built = run_builder("build", scratch / "asked.toml", "--out", scratch / "study", "--threads-per-worker", 1)
    assert built.returncode == 0, built.stderr
    inform(scratch / "study")
    return scratch / "study"


@pytest.fixture(scope="module")
def server(folder: Path, bundle: Path) -> Iterator[Server]:
    with serving(folder, bundle) as running:
        yield running


@pytest.fixture
def german_page(folder: Path, bundle: Path, tmp_path: Path) -> Iterator[str]:
    """The address of the exported page, in German."""
    inform(folder, language="de")
    export(folder, tmp_path / "out", bundle=bundle)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "out" / "page"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


def options(browser: Chrome, question: str) -> list[str]:
    radios = browser.find_elements(By.CSS_SELECTOR, f"[type=radio][name={question}]")
    return [str(radio.get_attribute("value")) for radio in radios]


def labels(browser: Chrome, question: str) -> dict[str, str]:
    texts = browser.find_elements(By.CSS_SELECTOR, f".option:has([name={question}])")
    return dict(zip(options(browser, question), (text.text for text in texts), strict=True))


def begin(browser: Chrome, address: str) -> Mouse:
    mouse = Mouse(browser)
    browser.get(address)
    consent(mouse)
    say_demographics(mouse)
    wait_for_heading(browser, "Face 1 of 3")
    return mouse


def answer(mouse: Mouse) -> None:
    mouse.press("[name=emotion][value=sad]")
    mouse.slide("[type=range]", 40)
    mouse.press("[name=perceived_gender][value=unsure]")
    mouse.press(NEXT)


def check_layout(browser: Chrome) -> None:
    """The face is in view and large enough, and everything to touch is at least 44 px high and within the page."""
    width, height = browser.execute_script("return [innerWidth, innerHeight]")
    face = find(browser, ".single img").rect
    assert face["width"] == pytest.approx(face["height"], abs=1)
    assert face["width"] >= 200
    assert face["y"] + face["height"] <= height
    for target in browser.find_elements(By.CSS_SELECTOR, ".option, button, input[type=range]"):
        assert target.rect["height"] >= 44
        assert 0 <= target.rect["x"] <= target.rect["x"] + target.rect["width"] <= width


def test_each_participant_has_an_order_of_their_own_that_stays(open_browser: Open, server: Server):
    orders = set()
    for width, height in ((1440, 900), (375, 667), (375, 667)):
        browser = open_browser(width, height)
        mouse = begin(browser, server.address)
        check_accessibility(browser)
        check_layout(browser)
        first = options(browser, "emotion")
        assert sorted(first[:7]) == sorted(EMOTIONS)
        assert first[7:] == ["another", "no_face"]
        genders = options(browser, "perceived_gender")
        assert genders[2] == "unsure"
        answer(mouse)
        wait_for_heading(browser, "Face 2 of 3")
        assert options(browser, "emotion") == first
        browser.refresh()
        wait_for_heading(browser, "Face 2 of 3")
        assert (options(browser, "emotion"), options(browser, "perceived_gender")) == (first, genders)
        orders.add(tuple(first))
    assert len(orders) > 1  # two of them have one order once in 5,040 times


def test_the_exported_page_asks_in_german_and_keeps_the_order(open_browser: Open, german_page: str):
    browser = open_browser(375, 667)
    mouse = Mouse(browser)
    browser.get(german_page)
    wait_for_heading(browser, "Information und Einwilligung")
    assert browser.title == "Gesichtsausdrücke"
    mouse.press("[type=checkbox]")
    mouse.press(NEXT)
    wait_for_heading(browser, "Über Sie")
    mouse.write("[name=age][type=number]", "34")
    mouse.press("[name=gender][value=female]")
    mouse.pick("[name=country]", "Deutschland")
    mouse.press(NEXT)
    wait_for_heading(browser, "Gesicht 1 von 3")
    check_accessibility(browser)
    check_layout(browser)
    first = options(browser, "emotion")
    assert sorted(first) == sorted(OPTIONS)
    said = labels(browser, "emotion")
    assert (said["happy"], said["surprise"], said["no_face"]) == ("Freude", "Überraschung", "Da ist kein Gesicht")
    assert labels(browser, "perceived_gender")["female"] == "weiblich"
    assert [each.text for each in browser.find_elements(By.CSS_SELECTOR, "legend")] == [
        "Welche Emotion zeigt das Gesicht?",
        "Welches Geschlecht scheint die Person zu haben?",
    ]
    answer(mouse)
    wait_for_heading(browser, "Gesicht 2 von 3")
    browser.refresh()
    wait_for_heading(browser, "Gesicht 2 von 3")
    assert options(browser, "emotion") == first
