"""The page without a server of ours: as static files, and as JATOS serves them."""

import functools
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from builder.survey.export import export
from tests.builder.survey.participant import (
    Mouse,
    answer_pair,
    consent,
    console,
    find,
    say_demographics,
    say_strategies,
    wait_for,
    wait_for_heading,
)

pytestmark = pytest.mark.slow

Open = Callable[[int, int], Chrome]

PAIRS = 20
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

JATOS = """
window.jatos = {
  studyResultId: "7",
  onLoad: (callback) => setTimeout(callback, 50),
  submitResultData: (data) => fetch("submitted", { method: "POST", body: data }),
  endStudyWithoutRedirect: (successful) => fetch("ended", { method: "POST", body: JSON.stringify(successful) }),
};
"""
"""What the page uses of jatos.js, as its reference describes it; JATOS itself does not run here."""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Static files under a strict policy; what is posted is kept, in order."""

    posted: list[tuple[str, str]]

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.posted.append((self.path.rsplit("/", 1)[1], body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def static_folder(page_folder: Path, bundle: Path, tmp_path: Path) -> Path:
    """The study's survey as static files."""
    export(page_folder, tmp_path / "export", bundle=bundle)
    return tmp_path / "export" / "page"


@pytest.fixture
def publish() -> Iterator[Callable[[Path], tuple[str, list[tuple[str, str]]]]]:
    """Serves a folder on loopback; gives its address and the list of what is posted."""
    started = []

    def start(folder: Path) -> tuple[str, list[tuple[str, str]]]:
        posted: list[tuple[str, str]] = []
        handler = functools.partial(type("Here", (Handler,), {"posted": posted}), directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        started.append(server)
        return f"http://127.0.0.1:{server.server_port}", posted

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def check_trials(trials: list[dict[str, object]], config: dict[str, object], batch: int, answers: list[object]) -> None:
    """The participant's trials in jsPsych's form, as the importer of ratings reads them."""
    first, second, *ratings, last = trials
    assert first["task"] == "consent"
    assert first["consent_version"] == "1"
    assert {key: second[key] for key in ("task", "age", "gender", "country", "continent")} == {
        "task": "demographics",
        "age": 34,
        "gender": "female",
        "country": "DE",
        "continent": None,
    }
    assert (last["task"], last["strategy_similarity"], last["strategy_identity"]) == ("strategies", "hair", "eyes")
    assert {rating["task"] for rating in ratings} == {"rating"}
    assert [(rating["similarity"], rating["identity"]) for rating in ratings] == answers
    assert [rating["position"] for rating in ratings] == list(range(PAIRS))
    assert [trial["trial_index"] for trial in trials] == list(range(PAIRS + 3))
    pair_ids = [pair["pair_id"] for pair in config["batches"][batch]]
    order = [rating["pair_id"] for rating in ratings]
    assert sorted(order) == sorted(pair_ids)
    assert order != pair_ids  # by chance one time in 20!
    assert {trial["batch"] for trial in trials} == {batch}
    assert len({trial["participant_id"] for trial in trials}) == 1
    elapsed = [trial["time_elapsed"] for trial in trials]
    assert elapsed == sorted(elapsed)
    assert all(rating["rt"] > 0 and rating["rated_at"].endswith("Z") for rating in ratings)


def answer_all(browser: Chrome) -> list[object]:
    mouse, answers = Mouse(browser), []
    consent(mouse)
    say_demographics(mouse)
    for position in range(PAIRS):
        wait_for_heading(browser, f"Pair {position + 1} of {PAIRS}")
        if position == 8:
            browser.refresh()
        answers.append(answer_pair(mouse, position, (5 * position, position % 2 == 0), PAIRS))
    say_strategies(mouse, "hair", "eyes")
    wait_for_heading(browser, "Thank you!")
    return answers


def saved(browser: Chrome, folder: Path) -> list[dict[str, object]]:
    """What the participant saves as a file."""
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    Mouse(browser).press("a[download]")
    file = folder / "answers.json"

    def whole() -> list[dict[str, object]] | None:
        try:
            return json.loads(file.read_text())  # type: ignore[no-any-return]
        except (FileNotFoundError, json.JSONDecodeError):  # the browser has not written it yet, or not all
            return None

    content: list[dict[str, object]] = wait_for(whole, "the saved file")
    file.unlink()
    return content


def test_answers_are_saved_as_a_file(static_folder: Path, publish: Callable, open_browser: Open, tmp_path: Path):
    browser, (address, posted) = open_browser(1280, 800), publish(static_folder)
    browser.get(f"{address}/?batch=1")
    answers = answer_all(browser)
    assert "survey@example.org" in find(browser, "main").text
    assert find(browser, ".code").text == "C0DE"
    trials = saved(browser, tmp_path)
    check_trials(trials, json.loads((static_folder / "config.json").read_text()), 1, answers)
    browser.get(address)
    wait_for_heading(browser, "Thank you!")
    assert saved(browser, tmp_path) == trials
    assert posted == []
    assert console(browser) == []


def test_answers_go_to_jatos(static_folder: Path, publish: Callable, open_browser: Open, tmp_path: Path):
    place = tmp_path / "jatos" / "publix" / "3f2a" / "81c0"
    place.parent.mkdir(parents=True)
    static_folder.rename(place)
    (place / "jatos.js").write_text(JATOS)
    browser, (address, posted) = open_browser(360, 740), publish(tmp_path / "jatos")
    browser.get(f"{address}/publix/3f2a/81c0/index.html?batch=0")
    answers = answer_all(browser)
    assert [path for path, _ in posted] == ["submitted"] * (PAIRS + 4) + ["ended"]  # after every answer, and at the end
    assert [len(json.loads(body)) for _, body in posted[:-2]] == list(range(1, PAIRS + 4))
    assert posted[-1][1] == "true"
    check_trials(json.loads(posted[-2][1]), json.loads((place / "config.json").read_text()), 0, answers)
    assert "All your answers have been saved" in find(browser, "main").text
    assert console(browser) == []


def test_only_https_is_offered_as_the_way_back(static_folder: Path, publish: Callable, open_browser: Open):
    config = json.loads((static_folder / "config.json").read_text())
    config["batches"] = [[config["batches"][0][0]]]
    browser = open_browser(1280, 800)
    for url, offered in (("javascript:alert(1)", 0), ("http://example.org/", 0), ("https://example.org/done", 1)):
        (static_folder / "config.json").write_text(json.dumps(config | {"completion_url": url}))
        address, _ = publish(static_folder)  # another origin, so another participant
        mouse = Mouse(browser)
        browser.get(address)
        consent(mouse)
        say_demographics(mouse)
        answer_pair(mouse, 0, (10, False), 1)
        say_strategies(mouse, "hair", "eyes")
        wait_for_heading(browser, "Thank you!")
        links = browser.find_elements("css selector", "main a:not([download])")
        assert [link.get_attribute("href") for link in links] == [url] * offered


def test_an_image_that_comes_late_is_waited_for(static_folder: Path, publish: Callable, open_browser: Open):
    image = next((static_folder / "images").iterdir())
    whole = image.read_bytes()
    browser, (address, _) = open_browser(1280, 800), publish(static_folder)
    image.write_bytes(b"")
    config = json.loads((static_folder / "config.json").read_text())
    mouse = Mouse(browser)
    browser.get(f"{address}/?batch={next(b for b, pairs in enumerate(config['batches']) if image.name in str(pairs))}")
    consent(mouse)
    say_demographics(mouse)
    wait_for(find(browser, "#connection").is_displayed, "the message that the page keeps trying")
    image.write_bytes(whole)
    wait_for_heading(browser, f"Pair 1 of {PAIRS}")
    assert not find(browser, "#connection").is_displayed()


def test_a_failure_is_told_with_whom_to_ask(static_folder: Path, publish: Callable, open_browser: Open):
    browser, (address, _) = open_browser(1280, 800), publish(static_folder)
    browser.get(f"{address}/?batch=7")
    consent(Mouse(browser))
    wait_for_heading(browser, "Something went wrong")
    assert "survey@example.org" in find(browser, "main").text
    assert "this study has the batches 0 to 1" in "".join(console(browser))
