"""A kind of study that a package brings: built, rated in the browser, imported, published, loaded, verified, reported.

Nothing of the project knows of it.
"""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import tomli_w
from datasets import load_dataset
from PIL import Image

from tests.builder.publish.test_verify import first, forge, replaced
from tests.builder.survey.participant import (
    NEXT,
    Keyboard,
    consent,
    console,
    find,
    pixels,
    say_demographics,
    wait_for_heading,
)
from tests.builder.survey.serving import serving
from tests.conftest import browsers
from tests.examples.conftest import run

pytestmark = pytest.mark.slow

ITEMS = 8
"""Of a batch: two controls and six close ones."""

TOLD = {
    "purpose": "To learn how small a difference people see.",
    "institution": "Example University",
    "contact": "survey@example.org",
    "ethics_approval": "None was needed.",
    "expected_minutes": 2.0,
    "pay": "none",
    "recruitment": "Friends",
    "consent": "I am at least 18 years old and take part voluntarily.",
    "consent_version": "1",
    "question_brighter": "Which one is brighter?",
    "question_sureness": "How sure are you of it?",
}
"""What people are told, and the card states."""

LOAD = """
import json, sys
from datasets import load_dataset
tables = {name: load_dataset(sys.argv[1], name, split="train", cache_dir=sys.argv[2]) for name in sys.argv[3:]}
ours = {"builder", "loading_script", "lands_between_example"} & {name.partition(".")[0] for name in sys.modules}
assert not ours, ours

def plain(value):
    return [*value.size, *value.convert("RGB").getpixel((0, 0))] if hasattr(value, "getpixel") else value

rows = {name: [{key: plain(value) for key, value in row.items()} for row in table] for name, table in tables.items()}
print(json.dumps(rows, default=str))
"""
"""Prints tables as JSON, of a picture its size and one pixel. Nothing of the project is imported."""

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def folder(with_plugin: Path, tmp_path_factory) -> Path:
    """The packaged study of the kind, built, and what people are told."""
    cwd = tmp_path_factory.mktemp("brightness")
    built = run(with_plugin, "-m", "builder", "build", "brightness-demo", "--out", "study", cwd=cwd)
    assert built.returncode == 0, built.stderr
    assert "2 batches, 16 items, 32 images" in built.stdout
    study = cwd / "study" / "study.toml"
    keys = tomllib.loads(study.read_text())
    study.write_text(tomli_w.dumps(keys | {"survey": keys["survey"] | TOLD}))
    return cwd / "study"


@pytest.fixture(scope="module")
def command(with_plugin: Path, folder: Path):
    """Runs a command, which must succeed; gives what it prints."""

    def succeed(*arguments: object) -> str:
        done = run(with_plugin, "-m", *arguments, cwd=folder.parent)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return succeed


@pytest.fixture(scope="module")
def answered(folder: Path, with_plugin: Path, bundle: Path) -> list[str]:
    """What somebody answered at the browser with the keyboard, in their order: the brighter square.

    They are as sure of item n as 10 n.
    """
    seen = []
    with browsers() as open_browser, serving(folder, bundle, python=str(with_plugin)) as server:
        browser = open_browser(1024, 768)
        hands = Keyboard(browser)
        browser.get(server.address)
        consent(hands)
        say_demographics(hands)
        for position in range(ITEMS):
            wait_for_heading(browser, f"Squares {position + 1} of {ITEMS}")
            left, right = (pixels(browser, f"img[alt='{side} image']").mean() for side in ("left", "right"))
            seen.append("left" if left > right else "right")
            assert "the left one" in find(browser, "fieldset").text
            hands.press(f"[name=brighter][value={seen[-1]}]")
            hands.slide("[type=range]", 10 * position)
            hands.press(NEXT)
        wait_for_heading(browser, "Thank you!")
        assert console(browser) == []
    return seen


@pytest.fixture(scope="module")
def items(folder: Path) -> list[dict[str, Any]]:
    """The items as they were built, with both pictures."""
    return list(load_dataset(str(folder), "items", split="train", cache_dir=str(folder.parent / "cache")))


@pytest.fixture(scope="module")
def imported(folder: Path, command, answered: list[str], items: list[dict[str, Any]]) -> str:
    """What `ratings import` says of these answers and of six others' in a table, one of whom always says left."""
    rows = [["participant", "item_id", "brighter", "sureness"]]
    for person in range(6):
        for place, item in enumerate(items):
            side = "left" if item["difference"] < 0 or person == 5 else "right"
            said = f"The {side} one" if person == 1 else side  # as the page calls it
            rows.append([f"person {person}", item["item_id"], said, str(place)])
    (folder.parent / "others.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    command("builder", "survey", "results", folder, "results.jsonl")
    return command("builder", "ratings", "import", folder, "results.jsonl", "others.csv")


@pytest.fixture(scope="module")
def published(command, folder: Path, imported: str) -> Path:
    command("builder", "publish", folder, "--to", "dataset", "--version", "1.0.0")
    return folder.parent / "dataset"


@pytest.fixture(scope="module")
def tables(without_plugin: Path, published: Path) -> Rows:
    """The published tables, loaded with `datasets` alone."""
    names = ("items", "images", "ratings", "participants")
    loaded = run(without_plugin, "-c", LOAD, published, published.parent / "cache", *names, cwd=published.parent)
    assert loaded.returncode == 0, loaded.stderr
    return json.loads(loaded.stdout)


def test_a_build_draws_items_that_differ_as_they_say(items, command, folder):
    assert [item["item_id"] for item in items[:2]] == ["brightness-demo-00000-item0", "brightness-demo-00000-item1"]
    assert [item["control"] for item in items] == ["left", "right", *[None] * 6] * 2
    assert [item["difference"] for item in items[:2]] == [-60, 60]
    assert all(1 <= abs(item["difference"]) <= 8 for item in items if item["kind"] == 1)
    for item in items:
        left, right = (item[side].convert("L").getextrema() for side in ("left", "right"))
        assert left[0] == left[1] == right[0] - item["difference"] == right[1] - item["difference"]
    assert "done     2\nmissing  0\ndamaged  0\n" in command("builder", "status", folder, "--verify")


def test_a_folder_is_not_called_damaged_where_the_package_is_absent(without_plugin, folder):
    status = run(without_plugin, "-m", "builder", "ratings", "status", folder, cwd=folder.parent)
    assert status.returncode == 2
    assert status.stderr.startswith(f"error: {folder}: no kind of study is called 'brightness'; available: ")
    assert "damaged" not in status.stderr


def test_a_picture_is_drawn_of_an_item(items, command, folder):
    command("builder", "picture", folder, "item.png", "--batch", "1", "--index", "2")
    with Image.open(folder.parent / "item.png") as picture:
        shown = [picture.convert("L").getpixel((x, 32)) for x in (0, 63, 64, 127)]
    left, right = (items[ITEMS + 2][side].convert("L").getpixel((0, 0)) for side in ("left", "right"))
    assert shown == [left, left, right, right]


def test_what_is_answered_at_the_browser_and_in_a_table_is_imported(imported, answered, command, folder):
    assert {"left", "right"} == set(answered)
    counts = [line.split() for line in imported.splitlines()[1:4]]
    assert counts == [
        ["results.jsonl", "8", "8", "0", "0", "0", "1"],
        ["others.csv", "96", "96", "0", "0", "0", "6"],
        ["2", "files", "104", "104", "0", "0", "0", "7"],
    ]
    status = command("builder", "ratings", "status", folder)
    assert "human: 104 ratings by 7 participants" in status
    assert "6: 8 items, 7: 8 items" in status
    assert "attention 1," in status


def test_who_is_no_human_answers_too(folder, command, items, tmp_path):
    """The mean gray level is right everywhere, a simulated rater, who sees with a deviation of 4 levels, about 60."""
    study = shutil.copytree(folder, tmp_path / "study", ignore=shutil.ignore_patterns("ratings", "*.sqlite*"))
    command("builder", "ratings", "simulate", study, "--raters", "4")
    command("builder", "ratings", "from-model", study, "mean")
    status = command("builder", "ratings", "status", study)
    assert "simulated: 64 ratings by 8 participants" in status
    assert "model: 16 ratings by 1 participants" in status
    assert status.count("attention 0,") == 2
    with pa.ipc.open_stream((study / "ratings" / "ratings.arrow").read_bytes()) as stream:
        ratings = stream.read_all().to_pylist()
    truth = {item["item_id"]: "left" if item["difference"] < 0 else "right" for item in items}
    said = {row["item_id"]: row["brighter"] for row in ratings if row["source"] == "model"}
    assert said == truth
    seen = [row["brighter"] == truth[row["item_id"]] for row in ratings if row["source"] == "simulated"]
    assert 48 <= sum(seen) < 64


def test_everybody_can_load_what_is_published(tables, answered, items):
    assert {name: len(rows) for name, rows in tables.items()} == {
        "items": 16,
        "images": 32,
        "ratings": 104,
        "participants": 7,
    }
    levels = {row["image_id"]: row["brightness"] for row in tables["images"]}
    for row in tables["images"]:
        assert row["image"] == [64, 64, *[row["brightness"]] * 3]
    shown = {row["item_id"]: (levels[row["left_id"]], levels[row["right_id"]]) for row in tables["items"]}
    assert all(row["difference"] == shown[row["item_id"]][1] - shown[row["item_id"]][0] for row in tables["items"])

    at_browser = sorted((row for row in tables["ratings"] if row["response_time_ms"]), key=lambda row: row["position"])
    assert [row["brighter"] for row in at_browser] == answered
    assert [row["sureness"] for row in at_browser] == [10.0 * position for position in range(ITEMS)]
    assert all(
        row["brighter"] == ("left" if shown[row["item_id"]][0] > shown[row["item_id"]][1] else "right")
        for row in at_browser
    )
    assert {row["source"] for row in tables["ratings"]} == {"human"}


def test_aggregates_are_of_the_answers(tables):
    """Six of seven, or five of six, say right where that is so: one always says left."""
    for row in tables["items"]:
        side = "left" if row["difference"] < 0 else "right"
        assert row["brighter_mode"] == side
        wrong = int(side == "right")
        assert row["brighter_share"] == pytest.approx(1 - wrong / row["n_ratings"])
        assert row["ratings_source"] == "human"
    assert sorted(row["n_ratings"] for row in tables["items"]) == [6] * 8 + [7] * 8


def test_who_answers_a_control_wrong_is_flagged(tables):
    """The one at the browser may be flagged, too: for speed."""
    timed = {row["participant_id"] for row in tables["ratings"] if row["response_time_ms"]}
    others = {row["participant_id"]: row["flags"] for row in tables["participants"]}
    others = {name: flags for name, flags in others.items() if name not in timed}
    assert sorted(others.values()) == [[]] * 5 + [["attention"]]
    (flagged,) = (name for name, flags in others.items() if flags)
    assert {row["brighter"] for row in tables["ratings"] if row["participant_id"] == flagged} == {"left"}


def test_the_card_says_what_was_asked(published):
    card = (published / "README.md").read_text()
    assert "> Which one is brighter?" in card
    assert "> How sure are you of it?" in card
    assert "`brighter_mode`, `brighter_share`, `sureness_mean`, `sureness_std`" in card
    assert "and 6 close items." in card
    assert (published / "pictures" / "item.png").is_file()


def test_the_version_verifies(command, published):
    assert "everything is as it should be" in command("builder", "verify", published)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("brighter_mode", "both", "items: brighter_mode is not that of the ratings in 1 rows"),
        ("right_id", "nobody", "right: 1 images are not those of the table images, such as nobody"),
    ],
)
def test_a_forged_version_does_not_verify(with_plugin, published, tmp_path, column, value, said):
    forged = shutil.copytree(published, tmp_path / "dataset")
    forge(forged, "data/items/train-000000.parquet", replaced(column, first(value)))
    verified = run(with_plugin, "-m", "builder", "verify", forged, cwd=tmp_path)
    assert verified.returncode == 1
    assert said in verified.stdout


def test_the_report_is_of_its_questions_and_its_measure(command, published):
    command("analysis", "report", published, "--out", "report")
    report = published.parent / "report"
    agreement = pd.read_csv(report / "tables" / "agreement.csv").query("scope == 'all'")
    alpha = agreement[agreement["statistic"] == "alpha"].set_index("question")
    assert alpha["n_items"].to_dict() == {"brighter": 16, "sureness": 16}
    assert alpha["n_participants"].to_dict() == {"brighter": 7, "sureness": 7}
    ceiling = pd.read_csv(report / "tables" / "noise-ceiling.csv").query("condition == 'all'")
    measured = ceiling[ceiling["measure"] == "difference"].set_index("question")["correlation"]
    assert measured["brighter: left"] < -0.5
    page = (report / "index.html").read_text()
    assert "brighter (a choice), sureness (a number)" in page
    assert "No analysis of studies" not in page
