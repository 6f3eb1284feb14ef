"""A published dataset of a kind of study whose analysis is not installed: its report has what any study has."""

import io
import json
import warnings
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
import pytest
import yaml
from datasets import ClassLabel, Dataset, Features, Image, Value
from PIL import Image as PILImage

from analysis import AnalysisError, load, results
from analysis.cli import main
from analysis.questions import Choice, Scale
from loading_script import tables as schema

BATCHES, ITEMS, RATERS = 4, 12, 8
WORDS = ["cat", "dog", "fox"]


def png(gray: int) -> bytes:
    content = io.BytesIO()
    PILImage.fromarray(np.full((8, 8, 3), gray, np.uint8)).save(content, "PNG")
    return content.getvalue()


def toy(batches: bool = True) -> dict[str, Dataset]:
    """Tables: every item shows a cat, a dog or a fox, more or less strongly; most people see it."""
    rng = np.random.default_rng(0)
    n = BATCHES * ITEMS
    items = pd.DataFrame({"item_id": [f"i{place}" for place in range(n)], "batch": np.repeat(range(BATCHES), ITEMS)})
    items["kind"] = ["mistake", "right"] * (n // 2)
    items["image"] = [{"bytes": png(place), "path": None} for place in range(n)]
    truth, strength = rng.integers(0, 3, n), rng.uniform(1, 5, n)
    rows = []
    for place, batch in enumerate(items["batch"]):
        for rater in range(RATERS):
            sees = truth[place] if rng.random() < 0.8 else rng.integers(0, 3)
            felt = float(np.clip(strength[place] + rng.normal(0, 0.7), 1, 5))
            row = {"rating_id": f"{place}/{rater}", "item_id": f"i{place}", "participant_id": f"p{batch}-{rater}"}
            row |= {
                "answer": WORDS[sees],
                "strength": felt,
                "response_time_ms": 1000 + place,
                "position": place % ITEMS,
            }
            rows.append(row | {"rated_at": pd.Timestamp("2026-01-01", tz="UTC"), "source": "human"})
    people = pd.DataFrame({"participant_id": list(dict.fromkeys(row["participant_id"] for row in rows))})
    people = people.assign(source="human", batch=0, age="30-39", continent="Europe", duration_s=60.0, reason="Its ears")
    people["gender"] = ["female", "male"] * (len(people) // 2)
    people["flags"] = [[] for _ in people.index]
    kind = ClassLabel(names=["right", "mistake"])
    items["kind"] = [kind.str2int(name) for name in items["kind"]]
    columns = {"item_id": Value("string"), "batch": Value("int32"), "kind": kind, "image": Image()}
    if not batches:
        columns = {name: columns[name] for name in ("item_id", "image")}
    answers = {"answer": "string", "strength": "float64"}
    features = {
        "items": Features(columns),
        "ratings": schema.ratings("item_id", answers),
        "participants": schema.participants(["reason"]),
    }
    tables = {"items": items, "ratings": pd.DataFrame(rows), "participants": people}
    return {
        name: Dataset.from_dict({column: table[column].tolist() for column in features[name]}, features=features[name])
        for name, table in tables.items()
    }


def publish(folder: Path, tables: dict[str, Dataset], study: dict[str, str] | None = None) -> str:
    configs = []
    for name, table in tables.items():
        path = folder / "data" / name / "train.parquet"
        path.parent.mkdir(parents=True)
        table.to_parquet(path)
        files = [{"split": "train", "path": f"data/{name}/train.parquet"}]
        configs.append({"config_name": name, "data_files": files, "default": name == "items"})
    (folder / "README.md").write_text(f"---\n{yaml.safe_dump({'configs': configs}, sort_keys=False)}---\n")
    record = {"study": {"name": "small", "study": "toy"} if study is None else study}
    (folder / "provenance.json").write_text(json.dumps(record))
    return str(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return publish(tmp_path_factory.mktemp("toy") / "published", toy())


@pytest.fixture(scope="module")
def made(folder: str) -> dict[str, pd.DataFrame]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return results(load(folder))


def test_it_is_read_by_its_columns(folder: str) -> None:
    published = load(folder)
    assert (published.kind, published.key) == ("toy", "item_id")
    assert published.questions == (Choice("answer"), Scale("strength"))
    assert list(published.items) == ["item_id", "batch", "kind"]  # pictures stay on disk
    assert len(published.ratings) == BATCHES * ITEMS * RATERS


def test_its_tables_are_those_that_any_study_has(made: dict[str, pd.DataFrame]) -> None:
    assert made["skipped"].empty
    assert list(made) == [
        *("overview", "participants", "agreement", "rater_agreement", "drift", "noise_ceiling", "groups"),
        *("variance_components", "power", "limits", "skipped"),
    ]
    counts = made["overview"].set_index("figure")
    assert counts.loc[["batches", "items", "participants", "ratings", "answers on answer"], "n"].tolist() == [
        *(BATCHES, BATCHES * ITEMS, BATCHES * RATERS, BATCHES * ITEMS * RATERS, BATCHES * ITEMS * RATERS)
    ]
    assert set(made["noise_ceiling"]["question"]) == {"answer: cat", "answer: dog", "answer: fox", "strength"}
    assert made["noise_ceiling"]["condition"].unique().tolist() == ["all", "right", "mistake"]
    assert set(made["groups"].dropna(subset="group")["figure"]) == {"cat", "dog", "fox", "mean"}
    assert made["power"].loc[made["power"]["question"] == "strength", "width"].unique().tolist() == [0.5, 1.0, 2.0]
    assert made["power"].loc[made["power"]["question"] == "answer: cat", "width"].unique().tolist() == [0.05, 0.1, 0.2]
    assert "items_per_batch" in made["variance_components"]


def test_its_agreement_is_that_of_the_library(folder: str, made: dict[str, pd.DataFrame]) -> None:
    published = load(folder)
    table = made["agreement"].query("statistic == 'alpha'").set_index("question")
    for question, level in (("answer", "nominal"), ("strength", "interval")):
        wide = published.ratings.pivot(index="participant_id", columns="item_id", values=question)
        codes = wide.replace({word: place for place, word in enumerate(WORDS)}).to_numpy(np.float64)
        alpha = krippendorff.alpha(reliability_data=codes, level_of_measurement=level)
        assert table.loc[question, "value"] == pytest.approx(alpha)
        assert table.loc[question, "low"] < alpha < table.loc[question, "high"]


def test_what_groups_answer_is_their_mean(folder: str, made: dict[str, pd.DataFrame]) -> None:
    published = load(folder)
    table = made["groups"].set_index(["grouping", "group", "question", "figure"])
    people = published.participants.set_index("participant_id")["gender"]
    ratings = published.ratings.assign(gender=published.ratings["participant_id"].map(people))
    for gender, own in ratings.groupby("gender"):
        assert table.loc[("gender", gender, "strength", "mean"), "value"] == pytest.approx(own["strength"].mean())
        assert table.loc[("gender", gender, "answer", "cat"), "value"] == pytest.approx((own["answer"] == "cat").mean())
        assert table.loc[("gender", gender, "answer", "cat"), "n"] == len(own)


def test_its_report_says_what_would_add_more(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "report"
    assert main(["report", folder, "--out", str(out), "--group", "kind"]) == 0
    assert capsys.readouterr().out.strip() == str(out / "index.html")
    page = (out / "index.html").read_text()
    assert "No analysis of studies of the kind &#39;toy&#39; is installed" in page
    assert "The study has 48 items." in page
    assert "were asked their answer: answer (a choice), strength (a number)" in page
    for section in (
        "Study and participants",
        "People among themselves",
        "Strategies",
        "Groups",
        "Raters and items needed",
    ):
        assert f">{section}</h2>" in page
    files = set(json.loads((out / "report.json").read_text())["files"])
    for name in (
        "overview",
        "participants",
        "agreement",
        "rater-agreement",
        "noise-ceiling",
        "groups",
        "quotes",
        "power",
    ):
        assert f"tables/{name}.csv" in files
    for name in ("people-agreement", "power", "groups-1-gender-answer", "groups-1-gender-strength"):
        assert f"figures/{name}.svg" in files
    assert set(pd.read_csv(out / "tables" / "quotes.csv")["text"]) == {"Its ears"}
    body = page[page.index("<main") : page.index("</main>")]
    for word in ("similarity", "identity", "genuine", "recognizer", " pair"):
        assert word not in body.lower()


def test_items_alone_without_batches_kinds_and_ratings(tmp_path: Path) -> None:
    tables = toy(batches=False)
    rated = load(publish(tmp_path / "rated", tables))
    made = results(rated)
    assert made["agreement"].query("statistic == 'alpha'")["interval"].tolist() == ["jackknife of 4 batches"] * 2
    assert set(made["noise_ceiling"]["condition"]) == {"all"}
    alone = publish(tmp_path / "alone", {"items": tables["items"]})
    assert main(["report", alone, "--out", str(tmp_path / "report")]) == 0
    assert "Nobody was asked" in (tmp_path / "report" / "index.html").read_text()


def test_published_means_of_any_question_are_not_used_beside_ratings(tmp_path: Path) -> None:
    tables = toy()
    items = tables["items"]
    for column in ("answer_mode", "strength_mean", "n_ratings", "ratings_source"):
        items = items.add_column(column, ["x"] * len(items))
    assert list(load(publish(tmp_path / "toy", tables | {"items": items})).items) == ["item_id", "batch", "kind"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tables: tables | {"ratings": tables["ratings"].remove_columns("item_id")}, "no column with the id"),
        (lambda tables: tables | {"ratings": tables["ratings"].remove_columns("source")}, "no column 'source'"),
        (
            lambda tables: tables | {"items": tables["items"].select([0, 0, *range(len(tables["items"]))])},
            "does not name each of them",
        ),
    ],
)
def test_tables_that_are_no_study_s_are_refused(tmp_path: Path, change, said: str) -> None:
    with pytest.raises(AnalysisError, match=said):
        load(publish(tmp_path / "toy", change(toy())))


def test_what_only_its_own_analysis_knows_is_refused(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", folder, "--compare-with", "paper", "--out", "nowhere"]) == 2
    assert "no printed figures of studies of the kind 'toy'" in capsys.readouterr().err


def test_a_question_of_another_task_is_no_missing_answer(tmp_path: Path) -> None:
    """Half of the items are asked how strong they are, the other half what they show."""
    tables = toy()
    tasks = ["strong", "what"] * (BATCHES * ITEMS // 2)
    task_of = dict(zip(tables["items"]["item_id"], tasks, strict=True))
    ratings = tables["ratings"].to_pandas()
    own = ratings["item_id"].map(task_of)
    ratings["answer"] = ratings["answer"].where(own == "what", None)
    ratings["strength"] = ratings["strength"].where(own == "strong")
    whole = {
        "items": tables["items"].add_column("task", tasks),
        "ratings": Dataset.from_pandas(ratings, tables["ratings"].features, preserve_index=False),
    }
    made = results(load(publish(tmp_path / "tasks", tables | whole)))
    assert not made["limits"]["statement"].str.contains("have no answer").any()
    alpha = made["agreement"].query("statistic == 'alpha'").set_index("question")
    assert alpha["n_items"].to_dict() == {"answer": BATCHES * ITEMS // 2, "strength": BATCHES * ITEMS // 2}
    icc = made["agreement"].query("scope == 'mean of batches'").iloc[0]
    assert (icc["n_items"], icc["dropped_items"]) == (BATCHES * ITEMS // 2, 0)
    people = made["noise_ceiling"].query("condition == 'all' and measure == 'people'")
    assert set(people["n"]) == {BATCHES * ITEMS // 2}
    some = ratings.assign(strength=ratings["strength"].where(ratings.index > 0))
    lacking = Dataset.from_pandas(some, tables["ratings"].features, preserve_index=False)
    made = results(load(publish(tmp_path / "lacking", tables | whole | {"ratings": lacking})))
    assert "1 ratings have no answer on strength: they are in no figure about it" in set(made["limits"]["statement"])
