"""Left and right, counterbalanced: from the study file to the published column."""

import csv
import io
import json

import pytest
from PIL import Image

from builder.errors import FolderError, StudyError
from builder.ratings.importing import import_exports
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder
from builder.study import parse_study
from builder.survey.database import open_database
from builder.survey.enlarge import enlarged
from builder.survey.export import export
from builder.survey.items import Item, read_items
from builder.survey.messages import Consent
from builder.survey.page import page_config
from builder.survey.sides import sides
from builder.survey.store import Arrival, Door, Store
from builder.survey.ticket import ticket_key
from builder.tasks import Choice, Layout, Questionnaire, Task
from tests.asks import ASKS
from tests.builder.survey.serving import Page, serving


def edit(folder, line):
    study = folder / "study.toml"
    study.write_text(study.read_text().replace("[survey]\n", f"[survey]\n{line}\n"))


@pytest.fixture
def sided_folder(survey_folder):
    edit(survey_folder, "counterbalance = true\npractice = true")
    return survey_folder


def test_every_item_has_each_side_for_half_of_the_people():
    items = [Item(f"pair-{number}", "pair", ("a", "b")) for number in range(20)]
    asks = parse_study({"name": "a", "survey": {"counterbalance": True}}, "study.toml").questionnaire()
    even, odd = sides(items, asks, 4), sides(items, asks, 7)
    assert sorted(even.values()) == ["left"] * 10 + ["right"] * 10
    assert all({even[item.item_id], odd[item.item_id]} == {"left", "right"} for item in items)
    assert sides(items, ASKS, 7) == {}


def test_where_an_answer_names_a_side_nothing_turns():
    trust = Choice("trust", "Which one?", options=("left", "right"))
    task = Task("trust", Layout("side_by_side", ("a", "b")), (trust,))
    items = [Item(f"item-{number}", "trust", ("a", "b")) for number in range(4)]
    assert sides(items, Questionnaire("items", "item_id", (task,), counterbalance=True), 1) == {}


def test_a_study_of_single_images_has_no_sides():
    with pytest.raises(StudyError, match=r"survey\.counterbalance = true: this study shows no two images side by side"):
        parse_study(
            {
                "study": "expression",
                "name": "a",
                "images": {"model": "folder:a"},
                "classifiers": [{"name": "fer", "model": "fer"}],
                "survey": {"counterbalance": True},
            },
            "study.toml",
        )


def test_sides_come_back_with_the_results_and_stay(sided_folder, stub, tmp_path):
    file, shown = tmp_path / "results.jsonl", {}
    with serving(sided_folder, stub) as server, server.client() as client:
        for _ in range(2):
            page = Page(client)
            page.enter()
            page.consent()
            shown[page.session["participant_id"]] = {item["id"]: item["side"] for item in page.session["items"]}
            for position, item in enumerate(page.session["items"]):
                assert page.rate(position, side=item["side"]).json() == {"saved": True}
        assert page.rate(0, side="up").status_code == 400
        file.write_bytes(server.admin("/results").content)
    import_exports(sided_folder, [file])
    ratings = RatingsFolder(sided_folder, StudyFolder(sided_folder).study().questionnaire()).ratings()
    kept = {}
    for row in ratings.to_pylist():
        kept.setdefault(row["participant_id"], {})[row["pair_id"]] = row["side"]
    assert kept == shown
    assert {side for of in kept.values() for side in of.values()} == {"left", "right"}
    study = sided_folder / "study.toml"
    study.write_text(study.read_text().replace("counterbalance = true", "counterbalance = false"))
    with pytest.raises(FolderError, match="put counterbalance = true back"):
        RatingsFolder(sided_folder, StudyFolder(sided_folder).study().questionnaire()).ratings()


def test_ratings_of_before_have_no_side(survey_folder):
    before = RatingsFolder(survey_folder, StudyFolder(survey_folder).study().questionnaire())
    rows, people = before.ratings(), before.participants()
    with before.locked():
        before.write(rows, people)
    edit(survey_folder, "counterbalance = true")
    after = RatingsFolder(survey_folder, StudyFolder(survey_folder).study().questionnaire())
    assert "side" not in rows.schema.names
    assert after.ratings().schema.names[-3:] == ["side", "rated_at", "source"]


def test_seeds_of_a_batch_are_odd_and_even_in_turn(sided_folder, database):
    asks = StudyFolder(sided_folder).study().questionnaire()
    store, door, parities = Store(asks), Door([0], 100, ticket_key(bytes(32))), []
    engine = open_database(database, "s", "0" * 64, asks)
    for now in range(6):
        with engine.execution_options(writes=True).begin() as connection:
            entered = store.enter(connection, Arrival(None, None, None), door, now)
            store.consent(connection, entered.token, Consent(consent_version="1"), door, now)
            parities.append(entered.participant["seed"] % 2)
    engine.dispose()
    assert [sum(parities[first : first + 2]) for first in (0, 2, 4)] == [1, 1, 1]


def test_everybody_practices_on_a_control_of_another_batch(sided_folder):
    survey = read_items(sided_folder)
    config = page_config(survey, "static")
    for sitting, practice in enumerate(config["practice"]):
        assert practice["item"]["id"] == f"small-0000{1 - sitting}-base0-genuine"
        assert practice["item"]["id"] not in {item["id"] for item in config["batches"][sitting]}
        assert practice["checks"] == [
            {"question": "similarity", "least": 50.0, "most": None, "answer": None},
            {"question": "identity", "least": None, "most": None, "answer": True},
        ]


def test_nothing_of_this_without_the_keys(survey_folder):
    config = page_config(read_items(survey_folder), "static")
    assert config["practice"] == []
    assert all("side" not in item for items in config["batches"] for item in items)


def test_tools_get_two_lists_whose_files_tell_no_condition(sided_folder, stub, tmp_path):
    export(sided_folder, tmp_path / "out", None, stub)
    first, second = (
        list(csv.DictReader((tmp_path / "out" / "mturk" / f"batch-00000-{name}.csv").open())) for name in "ab"
    )
    assert [(row["pair_id"], row["left"], row["right"]) for row in first] == [
        (row["pair_id"], row["right"], row["left"]) for row in second
    ]
    assert sorted(row["side"] for row in first) == ["left"] * 10 + ["right"] * 10
    names = [path.name for path in (tmp_path / "out" / "page" / "images").iterdir()]
    assert not [name for name in names if any(word in name for word in ("base", "positive", "optimized", "small"))]
    config = json.loads((tmp_path / "out" / "page" / "task.json").read_text())
    assert {item["side"] for items in config["batches"] for item in items} == {"left", "right"}


def test_small_images_are_enlarged_by_the_named_filter(survey_folder):
    edit(survey_folder, 'enlarge = "nearest"')
    survey = read_items(survey_folder)
    image_id = next(iter(survey.images))
    small = Image.open(io.BytesIO(survey.images[image_id].as_py()["bytes"]))
    large = Image.open(io.BytesIO(survey.png(image_id)))
    assert min(large.size) >= 256
    assert large.size == (small.width * (large.width // small.width), small.height * (large.width // small.width))
    assert large.getpixel((large.width - 1, 0)) == small.getpixel((small.width - 1, 0))
    assert enlarged(survey.png(image_id), "lanczos") == survey.png(image_id)
