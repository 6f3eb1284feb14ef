"""The page without a server of ours: as static files, and as JATOS serves them."""

import csv
import functools
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver import Chrome, ChromeOptions

from builder.ratings.importing import import_exports
from builder.ratings.store import RatingsFolder
from builder.survey.export import export
from tests.asks import ASKS
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


PAVLOVIA = """
var jsPsychPavlovia = (function ({ ParameterType }) {
  const post = async (path, body) => {
    const answer = await (await fetch(`${Plugin.config.pavlovia.URL}/${path}`, { method: "POST", body })).json();
    if (answer.error) throw answer;
  };
  class Plugin {
    constructor(jsPsych) {
      this.jsPsych = jsPsych;
    }
    async trial(display, trial) {
      try {
        if (trial.command === "init") await this.init();
        else await this.finish(trial);
      } catch (error) {
        trial.errorCallback({ context: `when ${trial.command} was run`, error });
      }
      this.jsPsych.finishTrial();
    }
    async init() {
      Plugin.config = await (await fetch("config.json")).json();
      await post("opened", Plugin.config.experiment.fullpath);
      Plugin.open = true;
      window.addEventListener("beforeunload", (event) => {
        event.preventDefault();
        event.returnValue = "";
      });
      window.addEventListener("pagehide", () => {
        if (Plugin.open) navigator.sendBeacon("incomplete", this.jsPsych.data.get().csv());
      });
    }
    async finish(trial) {
      const csv = this.jsPsych.data.get().csv();
      this.jsPsych.getDisplayElement().innerHTML = "<pre id='pavlovia-data-upload'></pre>";
      document.getElementById("pavlovia-data-upload").textContent = "Please wait";
      await post(`saved?key=${trial.participantId}`, csv);
      await post("closed", "true");
      Plugin.open = false;
    }
  }
  const described = (type, value) => ({ type, default: value });
  Plugin.info = {
    name: "pavlovia",
    parameters: {
      command: described(ParameterType.STRING, "init"),
      participantId: described(ParameterType.STRING, "PARTICIPANT"),
      errorCallback: described(ParameterType.FUNCTION, (error) => (document.body.innerHTML = error)),
    },
  };
  return Plugin;
})(jsPsychModule);
"""
"""A stand-in for Pavlovia's plugin for jsPsych: what it is made with, reads, asks, saves and warns of, as its interface
is documented and its version 2022.1.1 does it. Pavlovia itself does not run here, and its plugin is not ours to keep.
"""

PAVLOVIA_CONFIG = {"experiment": {"name": "small", "fullpath": "jane/small"}, "gitlab": {"projectId": 7}}
"""What Pavlovia writes into the folder of an experiment, beside "pavlovia": {"URL": ...}."""

OLD_PLUGIN = "is missing the 'version' and 'data' fields"
"""What jsPsych 8 says of plugins for jsPsych 7."""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Static files under a strict policy; what is posted is kept, in order, and answered as Pavlovia would."""

    posted: list[tuple[str, str]]

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.posted.append((self.path.rsplit("/", 1)[1], body))
        self.send_response(200)
        answer = b'{"error": "not now"}' if "refused" in self.path else b"{}"
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

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
    pair_ids = [item["id"] for item in config["batches"][batch]]
    order = [rating["pair_id"] for rating in ratings]
    assert sorted(order) == sorted(pair_ids)
    assert order != pair_ids  # by chance one time in 20!
    assert {trial["batch"] for trial in trials} == {batch}
    assert len({trial["participant_id"] for trial in trials}) == 1
    elapsed = [trial["time_elapsed"] for trial in trials]
    assert elapsed == sorted(elapsed)
    assert all(rating["rt"] > 0 and rating["rated_at"].endswith("Z") for rating in ratings)


def answer_all(browser: Chrome) -> list[object]:
    consent(Mouse(browser))
    return answer_rest(browser)


def answer_rest(browser: Chrome) -> list[object]:
    """All that comes after the consent, with a reload on the way."""
    mouse, answers = Mouse(browser), []
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
    check_trials(trials, json.loads((static_folder / "task.json").read_text()), 1, answers)
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
    check_trials(json.loads(posted[-2][1]), json.loads((place / "task.json").read_text()), 0, answers)
    assert "All your answers have been saved" in find(browser, "main").text
    assert console(browser) == []


@pytest.fixture
def open_there(open_browser: Open, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens browsers for which Pavlovia's host is this machine."""

    def options() -> ChromeOptions:
        made = ChromeOptions()
        made.add_argument("--host-resolver-rules=MAP run.pavlovia.org 127.0.0.1")
        return made

    monkeypatch.setattr(webdriver, "ChromeOptions", options)
    return open_browser


@pytest.fixture
def experiment(static_folder: Path, tmp_path: Path, publish: Callable) -> tuple[Path, str, list[tuple[str, str]]]:
    """The page as an experiment on Pavlovia: its folder, its address there, and what is posted."""
    folder = tmp_path / "run" / "jane" / "small"
    folder.parent.mkdir(parents=True)
    static_folder.rename(folder)
    (folder / "lib").mkdir()
    (folder / "lib" / "jspsych-7-pavlovia-2022.1.1.js").write_text(PAVLOVIA)
    address, posted = publish(tmp_path / "run")
    address = f"{address.replace('127.0.0.1', 'run.pavlovia.org')}/jane/small"
    (folder / "config.json").write_text(json.dumps(PAVLOVIA_CONFIG | {"pavlovia": {"URL": address}}))
    return folder, address, posted


def warns(browser: Chrome) -> bool:
    """Whether who leaves the page is asked whether they mean it."""
    leaving = "return !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    return bool(browser.execute_script(leaving))


def stored(posted: list[tuple[str, str]], folder: Path) -> list[Path]:
    """The files that Pavlovia makes of what is posted: one of each session in which there was something."""
    tables = [body for path, body in posted if path.startswith(("incomplete", "saved"))]
    files = [folder / f"small_PARTICIPANT_SESSION_{number}.csv" for number in range(len(tables))]
    for file, content in zip(files, tables, strict=True):
        file.write_text(content, newline="")
    return files


def test_answers_go_to_pavlovia(experiment: tuple, open_there: Open, page_folder: Path, tmp_path: Path):
    _, address, posted = experiment
    browser = open_there(1280, 800)
    browser.get(f"{address}/?batch=1")
    consent(Mouse(browser))
    wait_for_heading(browser, "About you")
    assert warns(browser)
    assert posted == [("opened", "jane/small")]
    browser.refresh()
    answers = answer_rest(browser)
    assert "All your answers have been saved" in find(browser, "main").text
    assert not warns(browser)

    wait_for(lambda: len(posted) == 7, "all that is posted")
    rows = list(csv.DictReader(posted[-2][1].splitlines()))
    assert [path for path, _ in posted[-2:]] == [f"saved?key={rows[0]['participant_id']}", "closed"]
    said = sorted(path for path, _ in posted[:-2])
    assert said == ["incomplete", "incomplete", "opened", "opened", "opened"]  # before and after each of two reloads
    outcomes = [outcome for _, outcome in import_exports(page_folder, stored(posted, tmp_path)).outcomes]
    assert [(outcome.refused, outcome.reasons) for outcome in outcomes] == [(0, {})] * 3
    ratings = RatingsFolder(page_folder, ASKS).ratings().sort_by("position").to_pylist()
    assert [(rating["similarity"], rating["identity"]) for rating in ratings] == answers
    for rating, row in zip(ratings, (row for row in rows if row["task"] == "rating"), strict=True):
        assert (rating["pair_id"], rating["position"]) == (row["pair_id"], int(row["position"]))
        assert rating["response_time_ms"] == int(row["rt"])
    (person,) = RatingsFolder(page_folder, ASKS).participants().to_pylist()
    assert (person["gender"], person["continent"], person["strategy_identity"]) == ("female", "Europe", "eyes")

    browser.get(address)
    wait_for_heading(browser, "Thank you!")
    assert len(posted) == 7  # not saved twice
    assert console(browser, [OLD_PLUGIN]) == []


def test_what_pavlovia_does_not_take_is_saved_as_a_file_or_later(experiment: tuple, open_there: Open, tmp_path: Path):
    folder, address, posted = experiment
    plugin = folder / "lib" / "jspsych-7-pavlovia-2022.1.1.js"
    plugin.write_text(PAVLOVIA.replace("saved?key", "refused?key"))
    config = json.loads((folder / "task.json").read_text())
    (folder / "task.json").write_text(json.dumps(config | {"batches": [[config["batches"][0][0]]]}))
    browser = open_there(1280, 800)
    mouse = Mouse(browser)
    browser.get(address)
    consent(mouse)
    say_demographics(mouse)
    answer_pair(mouse, 0, (10, False), 1)
    say_strategies(mouse, "hair", "eyes")
    wait_for_heading(browser, "Thank you!")
    assert [trial["task"] for trial in saved(browser, tmp_path)] == ["consent", "demographics", "rating", "strategies"]
    assert "when finish was run: not now" in "".join(console(browser))
    plugin.write_text(PAVLOVIA)
    browser.get(address)
    wait_for(lambda: "All your answers have been saved" in find(browser, "main").text, "that all is saved")
    assert [path.partition("?")[0] for path, _ in posted[-2:]] == ["saved", "closed"]
    assert posted[-2][1].count("\r\n") == 5


def test_an_experiment_that_pavlovia_does_not_run_collects_nothing(experiment: tuple, open_there: Open):
    folder, address, posted = experiment
    (folder / "config.json").unlink()
    browser = open_there(1280, 800)
    browser.get(address)
    consent(Mouse(browser))
    wait_for_heading(browser, "Something went wrong")
    assert "survey@example.org" in find(browser, "main").text
    assert posted == []


def test_only_https_is_offered_as_the_way_back(static_folder: Path, publish: Callable, open_browser: Open):
    config = json.loads((static_folder / "task.json").read_text())
    config["batches"] = [[config["batches"][0][0]]]
    browser = open_browser(1280, 800)
    for url, offered in (("javascript:alert(1)", 0), ("http://example.org/", 0), ("https://example.org/done", 1)):
        (static_folder / "task.json").write_text(json.dumps(config | {"completion_url": url}))
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
    config = json.loads((static_folder / "task.json").read_text())
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
