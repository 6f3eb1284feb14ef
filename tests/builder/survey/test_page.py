"""The page in Chromium, against the real server of a real study."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By

from builder.ratings.forget import forget
from builder.shards import StudyFolder
from builder.survey.results import write_results
from tests.builder.survey.participant import (
    NEXT,
    Answer,
    Hands,
    Keyboard,
    Mouse,
    answer_pair,
    check_accessibility,
    consent,
    console,
    find,
    heading,
    inform,
    pixels,
    say_demographics,
    say_strategies,
    wait_for,
    wait_for_heading,
)
from tests.builder.survey.serving import Page as Client
from tests.builder.survey.serving import Server

pytestmark = pytest.mark.slow

Open = Callable[[int, int], Chrome]
Serve = Callable[..., Server]

PAIRS = 20
"""Of a batch of the small study."""

OFFLINE = ["net::ERR_CONNECTION_REFUSED", "net::ERR_EMPTY_RESPONSE", "net::ERR_CONNECTION_RESET"]
"""What Chromium itself notes when a server is gone."""

WANTED: list[Answer] = [(100 * position // (PAIRS - 1), position % 3 == 0) for position in range(PAIRS)]

PROLIFIC = "?PROLIFIC_PID=person-1&STUDY_ID=study-1&SESSION_ID=session-1"


def results(folder: Path) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Participants and ratings, these in the order of the participant's task."""
    file = folder / "results.jsonl"
    write_results(folder, file, None)
    records = [json.loads(line) for line in file.read_text().splitlines()[1:]]
    people = [record for record in records if record["record"] == "participant"]
    ratings = [record for record in records if record["record"] == "rating"]
    return people, sorted(ratings, key=lambda rating: rating["position"])


def kill(server: Server) -> None:
    server.process.kill()
    server.process.wait()


def study_pixels(folder: Path, batch: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Base and sample of every pair of a batch, by pair id."""
    table = StudyFolder(folder).read("pairs", batch)
    ids, bases, samples = (table[name].to_pylist() for name in ("pair_id", "base", "sample"))

    def decoded(image: dict[str, bytes]) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(image["bytes"])).convert("RGB"))

    return {
        pair_id: (decoded(base), decoded(sample)) for pair_id, base, sample in zip(ids, bases, samples, strict=True)
    }


def check_targets(browser: Chrome) -> None:
    """Both images side by side and in view, and everything to touch at least 44 px high."""
    left, right = (image.rect for image in browser.find_elements(By.CSS_SELECTOR, ".side-by-side img"))
    width, height = browser.execute_script("return [innerWidth, innerHeight]")
    assert left["x"] >= 0
    assert left["x"] + left["width"] <= right["x"]
    assert right["x"] + right["width"] <= width
    assert left["y"] == right["y"]
    assert max(left["y"] + left["height"], right["y"] + right["height"]) <= height
    assert min(left["width"], right["width"]) >= 140
    targets = browser.find_elements(By.CSS_SELECTOR, ".option, button, select, input[type=range]")
    assert targets
    assert min(target.rect["height"] for target in targets) >= 44


def take_part(
    hands: Hands, server: Server, restart: Serve, folder: Path
) -> tuple[list[Answer], list[list[np.ndarray]]]:
    """The whole task, with a reload and a server that dies; gives the answers given and the images seen."""
    browser, answers, seen = hands.browser, [], []

    def answer(position: int) -> None:
        wait_for_heading(browser, f"Pair {position + 1} of {PAIRS}")
        seen.append([pixels(browser, f".side-by-side img:nth-child({side})") for side in (1, 2)])
        answers.append(answer_pair(hands, position, WANTED[position], PAIRS))

    browser.get(server.address + PROLIFIC)
    wait_for_heading(browser, "Information and consent")
    check_accessibility(browser)
    consent(hands)
    wait_for_heading(browser, "About you")
    assert browser.current_url == server.address + "/"
    check_accessibility(browser)
    say_demographics(hands)
    wait_for_heading(browser, f"Pair 1 of {PAIRS}")
    check_accessibility(browser)
    check_targets(browser)
    for position in range(6):
        answer(position)
    wait_for_heading(browser, f"Pair 7 of {PAIRS}")
    browser.refresh()
    for position in range(6, 10):
        answer(position)

    assert console(browser) == []
    wait_for_heading(browser, f"Pair 11 of {PAIRS}")
    kill(server)
    answer(10)
    wait_for(find(browser, "#connection").is_displayed, "the message that there is no connection")
    assert heading(browser) == f"Pair 11 of {PAIRS}"
    check_accessibility(browser)
    server = restart(folder, port=server.port)
    for position in range(11, 14):
        answer(position)
    assert not find(browser, "#connection").is_displayed()

    wait_for_heading(browser, f"Pair 15 of {PAIRS}")
    kill(server)
    answer(14)  # it reaches the server only after the page was left and opened again
    browser.get("about:blank")
    server = restart(folder, port=server.port)
    browser.get(server.address)
    for position in range(15, PAIRS):
        answer(position)
    assert console(browser, OFFLINE) == []

    wait_for_heading(browser, "How did you decide?")
    check_accessibility(browser)
    say_strategies(hands, "<script>alert(1)</script>", "by the eyes")
    wait_for_heading(browser, "Thank you!")
    return answers, seen


@pytest.mark.parametrize(("hand", "width", "height"), [(Mouse, 1920, 1080), (Keyboard, 360, 740)])
def test_what_is_answered_is_stored(
    hand: type[Mouse] | type[Keyboard],
    width: int,
    height: int,
    open_browser: Open,
    serve_page: Serve,
    page_folder: Path,
):
    browser = open_browser(width, height)
    answers, seen = take_part(hand(browser), serve_page(page_folder), serve_page, page_folder)

    assert find(browser, ".code").text == "C0DE"
    assert find(browser, "a.button").get_attribute("href") == "https://example.org/done?cc=C0DE"
    check_accessibility(browser)
    assert console(browser) == []
    browser.refresh()
    wait_for_heading(browser, "Thank you!")
    assert find(browser, ".code").text == "C0DE"

    (person,), ratings = results(page_folder)
    told = f"later, write to survey@example.org and name this id: {person['participant_id']}"
    assert find(browser, "main p:last-of-type").text == f"If you want to take your answers back {told}"
    said = {key: person[key] for key in ("age", "gender", "country", "continent", "consent_version")}
    assert said == {"age": 34, "gender": "female", "country": "DE", "continent": None, "consent_version": "1"}
    assert person["finished_at"] is not None
    assert person["strategy_similarity"] == "<script>alert(1)</script>"
    assert person["strategy_identity"] == "by the eyes"
    assert [rating["position"] for rating in ratings] == list(range(PAIRS))
    assert [(rating["similarity"], rating["identity"]) for rating in ratings] == answers
    tolerance = 0 if hand is Keyboard else 1  # a pixel is less than a step of the slider or more
    assert max(abs(given - wanted) for (given, _), (wanted, _) in zip(answers, WANTED, strict=True)) <= tolerance
    assert all(0 < rating["response_time_ms"] < 600_000 for rating in ratings)

    shown = study_pixels(page_folder, person["batch"])
    assert {rating["pair_id"] for rating in ratings} == shown.keys()
    for rating, images in zip(ratings, seen, strict=True):
        np.testing.assert_array_equal(images, shown[rating["pair_id"]])


def test_who_declines_leaves_nothing(open_browser: Open, serve_page: Serve, page_folder: Path):
    browser, server = open_browser(1280, 800), serve_page(page_folder)
    browser.get(server.address)
    wait_for_heading(browser, "Information and consent")
    assert "<img src=x onerror=alert(1)>" in browser.find_element(By.TAG_NAME, "main").text
    assert "about 7.5 minutes" in browser.find_element(By.TAG_NAME, "dl").text
    Mouse(browser).press(NEXT)  # without the tick
    assert heading(browser) == "Information and consent"
    Mouse(browser).press(".quiet")
    wait_for_heading(browser, "Thank you for your interest")
    assert find(browser, "a.button").get_attribute("href") == "https://example.org/back?cc=N0NE"
    assert browser.execute_script("return localStorage.length + document.cookie.length") == 0
    assert results(page_folder) == ([], [])
    assert console(browser) == []


def test_next_opens_only_when_both_are_answered(open_browser: Open, serve_page: Serve, page_folder: Path):
    browser, server = open_browser(1280, 800), serve_page(page_folder)
    mouse = Mouse(browser)
    browser.get(server.address)
    consent(mouse)
    say_demographics(mouse)
    wait_for_heading(browser, f"Pair 1 of {PAIRS}")
    assert find(browser, "legend").text == "One and the same person?"  # as the study file words it
    assert find(browser, ".scale label").text == "How similar are the two images?"
    assert browser.execute_script("return document.activeElement.tagName") == "H1"
    assert find(browser, "#announcer").get_attribute("textContent") == f"Pair 1 of {PAIRS}"
    assert find(browser, "[type=range]").get_attribute("aria-valuetext") == "not set yet"
    assert not find(browser, NEXT).is_enabled()
    mouse.press("[value=yes]")
    assert not find(browser, NEXT).is_enabled()
    mouse.slide("[type=range]", 50)  # where the thumb is before anybody has moved it
    assert find(browser, ".value").text == "50"
    assert find(browser, "[type=range]").get_attribute("aria-valuetext") is None
    assert find(browser, NEXT).is_enabled()

    ActionChains(browser).double_click(find(browser, NEXT)).perform()
    wait_for_heading(browser, f"Pair 2 of {PAIRS}")
    assert not find(browser, NEXT).is_enabled()
    _, ratings = results(page_folder)
    assert [(rating["position"], rating["similarity"], rating["identity"]) for rating in ratings] == [(0, 50, True)]
    assert console(browser) == []


def test_nothing_about_oneself_need_be_said(open_browser: Open, serve_page: Serve, page_folder: Path):
    browser, server = open_browser(1024, 800), serve_page(page_folder)
    mouse = Mouse(browser)
    browser.get(server.address)
    consent(mouse)
    wait_for_heading(browser, "About you")
    mouse.press(NEXT)
    wait_for_heading(browser, f"Pair 1 of {PAIRS}")
    answer_pair(mouse, 0, (40, True), PAIRS)
    wait_for_heading(browser, f"Pair 2 of {PAIRS}")
    (person,), _ = results(page_folder)
    assert [person[name] for name in ("age", "gender", "country", "continent")] == [None] * 4


def test_a_question_that_is_not_asked_is_nowhere(open_browser: Open, serve_page: Serve, page_folder: Path):
    study = page_folder / "study.toml"
    study.write_text(study.read_text().replace("[ratings]\n", '[ratings]\nquestions = ["similarity"]\n'))
    browser, server = open_browser(1024, 800), serve_page(page_folder)
    mouse = Mouse(browser)
    browser.get(server.address)
    wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, "ul li"), "the questions")
    assert [each.text for each in browser.find_elements(By.CSS_SELECTOR, "ul li")] == [
        "How similar are the two images?"
    ]
    consent(mouse)
    say_demographics(mouse)
    for position in range(PAIRS):
        wait_for_heading(browser, f"Pair {position + 1} of {PAIRS}")
        assert browser.find_elements(By.CSS_SELECTOR, "[type=radio]") == []
        mouse.slide("[type=range]", 40)
        mouse.press(NEXT)
    wait_for_heading(browser, "How did you decide?")
    assert [each.get_attribute("name") for each in browser.find_elements(By.TAG_NAME, "textarea")] == [
        "strategy_similarity"
    ]
    mouse.write("[name=strategy_similarity]", "by the eyes")
    mouse.press(NEXT)
    wait_for_heading(browser, "Thank you!")
    (person,), ratings = results(page_folder)
    assert "strategy_identity" not in person
    assert {(rating["similarity"], "identity" in rating) for rating in ratings} == {(40, False)}
    assert console(browser) == []


def test_a_finger_sets_the_slider(open_browser: Open, serve_page: Serve, page_folder: Path):
    browser, server = open_browser(360, 740), serve_page(page_folder)
    mouse = Mouse(browser)
    browser.get(server.address)
    consent(mouse)
    say_demographics(mouse)
    wait_for_heading(browser, f"Pair 1 of {PAIRS}")
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    slider = find(browser, "[type=range]").rect
    for share, value in ((0.5, 50), (1.0, 100)):
        at = {"x": slider["x"] + share * slider["width"] - share, "y": slider["y"] + slider["height"] / 2}
        for kind, points in (("touchStart", [at]), ("touchEnd", [])):
            browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        wait_for(lambda value=value: find(browser, ".value").text == str(value), f"the value {value}")


def test_everything_about_oneself_can_be_withheld(open_browser: Open, serve_page: Serve, page_folder: Path):
    browser, server = open_browser(360, 740), serve_page(page_folder)
    mouse = Mouse(browser)
    browser.get(server.address)
    consent(mouse)
    wait_for_heading(browser, "About you")
    mouse.press("[name=age][type=checkbox]")
    mouse.press("[name=gender][value=withheld]")
    assert not find(browser, "[name=continent]").is_displayed()
    mouse.pick("[name=country]", "Prefer not to say")
    mouse.pick("[name=continent]", "South America")
    check_accessibility(browser)
    mouse.press(NEXT)
    wait_for_heading(browser, f"Pair 1 of {PAIRS}")
    (person,), _ = results(page_folder)
    assert {key: person[key] for key in ("age", "gender", "country", "continent")} == {
        "age": None,
        "gender": None,
        "country": None,
        "continent": "South America",
    }


def test_a_draft_of_the_free_texts_survives_a_reload(open_browser: Open, serve_page: Serve, page_folder: Path):
    browser, server = open_browser(1280, 800), serve_page(page_folder)
    mouse = Mouse(browser)
    browser.get(server.address)
    consent(mouse)
    say_demographics(mouse)
    for position in range(PAIRS):
        answer_pair(mouse, position, (40, True), PAIRS)
    wait_for_heading(browser, "How did you decide?")
    mouse.write("[name=strategy_similarity]", "by the hair")
    browser.refresh()
    assert find(browser, "[name=strategy_similarity]").get_attribute("value") == "by the hair"
    mouse.write("[name=strategy_identity]", "by the chin")
    mouse.press(NEXT)
    wait_for_heading(browser, "Thank you!")
    assert "draft" not in str(browser.execute_script("return Object.keys(localStorage)"))
    (person,), _ = results(page_folder)
    assert (person["strategy_similarity"], person["strategy_identity"]) == ("by the hair", "by the chin")


def test_who_cannot_take_part_is_told_why(open_browser: Open, serve_page: Serve, page_folder: Path):
    inform(page_folder, raters_per_pair=1)
    server = serve_page(page_folder)
    for session in ("session-1", "session-2"):
        browser = open_browser(1280, 800)
        browser.get(f"{server.address}/?PROLIFIC_PID=person-1&STUDY_ID=study-1&SESSION_ID={session}")
        consent(Mouse(browser))
        wait_for_heading(browser, "About you" if session == "session-1" else "You have already begun")
    check_accessibility(browser)
    browser = open_browser(1280, 800)
    browser.get(server.address)
    consent(Mouse(browser))
    wait_for_heading(browser, "About you")  # the second batch
    browser = open_browser(1280, 800)
    browser.get(server.address)
    consent(Mouse(browser))
    wait_for_heading(browser, "All places are taken just now")  # by people who have rated nothing yet
    assert "open this page again in five minutes" in find(browser, "main").text
    assert find(browser, "a.button").get_attribute("href") == "https://example.org/back?cc=N0NE"
    assert browser.execute_script("return localStorage.length") == 0


def test_who_withdrew_is_told_before_any_question(open_browser: Open, serve_page: Serve, page_folder: Path):
    browser, server = open_browser(360, 740), serve_page(page_folder)
    browser.get(server.address + PROLIFIC)
    consent(Mouse(browser))
    wait_for_heading(browser, "About you")
    assert forget(page_folder, "person-1").answers == 0
    for address in ("/", PROLIFIC):  # the second asks a browser that kept nothing
        browser.get(server.address + address)
        if address == PROLIFIC:
            browser.execute_script("localStorage.clear()")
            browser.get(server.address + address)
            consent(Mouse(browser))
        wait_for_heading(browser, "You have withdrawn")
        assert "survey@example.org" in find(browser, "main").text
        check_accessibility(browser)
    assert results(page_folder) == ([], [])


def test_who_finds_somebody_else_in_their_place_takes_part_all_the_same(
    open_browser: Open, serve_page: Serve, page_folder: Path
):
    server = serve_page(page_folder)
    with server.client("127.6.6.6") as client:
        thief = Client(client, prolific_pid="person-1", session_id="guessed")
        assert thief.enter().status_code == 200
        assert thief.consent().json() == {"saved": True}
        assert thief.rate(0).json() == {"saved": True}
        browser = open_browser(360, 740)
        mouse = Mouse(browser)
        browser.get(server.address + PROLIFIC)
        consent(mouse)
        wait_for_heading(browser, "You have already begun")
        assert "That was not me" in find(browser, "main").text
        mouse.press(".quiet")
        consent(mouse)
        say_demographics(mouse)
        answer_pair(mouse, 0, (40, True), PAIRS)
        wait_for_heading(browser, f"Pair 2 of {PAIRS}")
        browser.refresh()
        answer_pair(mouse, 1, (60, False), PAIRS)
        wait_for_heading(browser, f"Pair 3 of {PAIRS}")
        assert thief.rate(1).json() == {"saved": True}
    people, ratings = results(page_folder)
    assert len(ratings) == 4
    (mine,) = [person for person in people if "disputes" in person]
    assert (mine["disputes"], mine["age"]) == (thief.session["participant_id"], 34)
    assert "Disputes" in server.admin().text
    assert mine["participant_id"] in server.admin().text


def test_where_the_batch_fills_before_the_consent_another_is_found(
    open_browser: Open, serve_page: Serve, page_folder: Path
):
    inform(page_folder, raters_per_pair=1)
    browser, server = open_browser(360, 740), serve_page(page_folder)
    browser.get(server.address)
    wait_for_heading(browser, "Information and consent")
    browser.execute_script("""
        const send = window.fetch;
        window.held = [];
        window.fetch = (url, init) => String(url).endsWith("/api/consent")
            ? new Promise((resolve) => window.held.push(() => resolve(send(url, init))))
            : send(url, init);
    """)
    mouse = Mouse(browser)
    mouse.press("[type=checkbox]")
    mouse.press(NEXT)
    wait_for(lambda: browser.execute_script("return window.held.length"), "the consent")
    token = json.loads(browser.execute_script("return localStorage['lands-between:small:token']"))
    mine, others = int(token.split(".")[3]), set()
    with server.client("127.5.5.5") as client:
        while mine not in others:
            other = Client(client)
            other.enter()
            if other.session["batch"] == mine:
                assert other.consent().status_code == 200
            others.add(other.session["batch"])
    browser.execute_script("const held = window.held; window.held = []; held[0]()")
    wait_for(lambda: browser.execute_script("return window.held.length"), "the second consent")
    browser.execute_script("window.held[0]()")
    wait_for_heading(browser, "About you")
    (first, second), _ = results(page_folder)
    assert {first["batch"], second["batch"]} == {0, 1}


def test_the_page_speaks_german(open_browser: Open, serve_page: Serve, page_folder: Path):
    inform(page_folder, language="de")
    browser, server = open_browser(360, 740), serve_page(page_folder)
    mouse = Mouse(browser)
    browser.get(server.address)
    wait_for_heading(browser, "Information und Einwilligung")
    assert find(browser, "html").get_attribute("lang") == "de"
    assert browser.title == "Bilder vergleichen"
    mouse.press("[type=checkbox]")
    mouse.press(NEXT)
    wait_for_heading(browser, "Über Sie")
    names = [option.text for option in browser.find_elements(By.CSS_SELECTOR, "[name=country] option")]
    assert names[:3] == ["Bitte wählen", "Keine Angabe", "Afghanistan"]
    assert {"Deutschland", "Österreich", "Schweiz"} < set(names)
    assert names.index("Ägypten") < names.index("Belgien")


def test_an_example_comes_first_and_sides_are_as_they_are_recorded(
    page_folder: Path, serve_page: Serve, open_browser: Open
) -> None:
    inform(page_folder, counterbalance=True, practice=True, enlarge="nearest")
    server, browser = serve_page(page_folder), open_browser(1280, 900)
    hands = Mouse(browser)
    browser.get(server.address)
    consent(hands)
    say_demographics(hands)
    wait_for_heading(browser, "To begin with, an example")
    check_accessibility(browser)
    for similarity, identity, said in ((20, "no", "50 or more"), (20, "yes", "50 or more"), (80, "yes", "Yes, that")):
        hands.slide("[type=range]", similarity)
        hands.press(f"[name=identity][value={identity}]")
        hands.press(NEXT)
        wait_for(lambda said=said: said in find(browser, ".feedback").text, said)
        assert ("answered here with Yes" in find(browser, ".feedback").text) == (identity == "no")
    hands.press(NEXT)
    seen = []
    for position in range(6):
        wait_for_heading(browser, f"Pair {position + 1} of {PAIRS}")
        seen.append([pixels(browser, f".side-by-side img:nth-child({side})") for side in (1, 2)])
        answer_pair(hands, position, WANTED[position], PAIRS)
    wait_for_heading(browser, f"Pair 7 of {PAIRS}")
    (person,), ratings = results(page_folder)
    stored = study_pixels(page_folder, int(str(person["batch"])))
    assert len(ratings) == 6
    for shown, rating in zip(seen, ratings, strict=True):
        ordered = stored[str(rating["pair_id"])][:: 1 if rating["side"] == "left" else -1]
        for on_page, image in zip(shown, ordered, strict=True):
            factor = on_page.shape[0] // image.shape[0]
            assert min(on_page.shape[:2]) >= 256
            np.testing.assert_array_equal(on_page, image.repeat(factor, axis=0).repeat(factor, axis=1))
