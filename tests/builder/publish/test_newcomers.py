"""Attacks of somebody who lays versions of a dataset side by side."""

import datetime
import itertools
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder.errors import PublishError
from builder.publish import tables
from builder.publish.publishing import withdraw_from_folder
from builder.ratings.forget import forget
from builder.ratings.store import RatingsFolder
from tests.asks import ASKS
from tests.hub_server import Hub
from tests.studies import rate, set_keys

pytestmark = pytest.mark.slow

COLUMNS = ["age", "gender", "continent"]


def people(folder: Path) -> dict[str, tuple[str | None, ...]]:
    rows = [row for path in folder.glob("data/participants/*") for row in pq.read_table(path).to_pylist()]
    return {row["participant_id"]: tuple(row[column] for column in COLUMNS) for row in rows}


def alone(old: dict[str, tuple[str | None, ...]], new: dict[str, tuple[str | None, ...]], k: int) -> list[object]:
    """What the second version shows of fewer than k people who were not in the first."""
    added = Counter(cells for id_, cells in new.items() if id_ not in old and any(cells))
    return [cells for cells, size in added.items() if size < k]


def set_people(study: Path, **columns: list[str | None]) -> None:
    store = RatingsFolder(study, ASKS)
    table = store.participants()
    for name, values in columns.items():
        at = table.column_names.index(name)
        filled = [*values, *[values[-1]] * (table.num_rows - len(values))]
        table = table.set_column(at, table.schema.field(name), pa.array(filled, pa.string()))
    store.write(store.ratings(), table)


def test_one_new_rater_shows_nothing_of_themselves(publish, study, published):
    rate(study, 12)
    set_people(study, age=["25"], gender=["female"], continent=["Europe"])
    publish("1.0.0")
    first = people(published)
    assert Counter(first.values()) == {("25", "female", "Europe"): 12}
    rate(study, 1, seed=1)
    outcome = publish("1.1.0")
    second = people(published)
    (new,) = second.keys() - first.keys()
    assert second[new] == (None, None, None)
    assert {id_: second[id_] for id_ in first} == first
    (said,) = outcome.prepared.left_out
    assert said.startswith("age, gender, continent of 1 participants who came new: fewer than 5")


def test_no_pair_of_versions_shows_a_newcomer_alone(publish, study, published):
    """By twos and threes, then many; what the folder no longer holds is known from the records."""
    versions = []
    for number, count in enumerate([12, 2, 3, 12, 1]):
        rate(study, count, seed=number)
        publish(f"{number + 1}.0.0")
        versions.append(people(published))
    for old, new in itertools.combinations([{}, *versions], 2):
        assert alone(old, new, 5) == []
        assert all(new[id_] == cells for id_, cells in old.items())
    assert sum(map(any, versions[-1].values())) == sum(map(any, versions[3].values())) >= 20


def test_after_a_withdrawal_the_group_is_coarser_not_blank(publish, study, published):
    rate(study, 17)
    set_people(study, age=["25"] * 5 + ["31"] * 6 + ["64"], gender=["female"], continent=["Europe"])
    publish("1.0.0")
    first = people(published)
    assert Counter(first.values())["25", "female", "Europe"] == 5
    gone = next(id_ for id_, cells in first.items() if cells[0] == "25")
    assert forget(study, gone).published == [f"1.0.0 in {published}"]
    publish("2.0.0")
    second = people(published)
    assert Counter(second.values()) == {("20-39", "female", "Europe"): 10, ("64", "female", "Europe"): 6}
    withdraw_from_folder(published, "1.0.0", "A participant withdrew.", study)
    assert forget(study, gone).published == []


def test_withdrawn_versions_no_longer_count_and_older_ones_do(publish, study, published):
    rate(study, 12)
    publish("1.0.0")
    first = people(published)
    rate(study, 2, seed=1)
    publish("1.1.0")
    withdraw_from_folder(published, "1.1.0", "Too early.", study)
    assert not (published / "data").exists()
    rate(study, 5, seed=2)
    set_people(study, age=["25"], gender=["female"], continent=["Europe"])
    publish("2.0.0")
    second = people(published)
    assert {id_: second[id_] for id_ in first} == first
    assert Counter(second[id_] for id_ in second.keys() - first.keys()) == {("25", "female", "Europe"): 7}
    for version in ("1.0.0", "2.0.0"):
        withdraw_from_folder(published, version, "Anew.", study)
    publish("3.0.0")
    assert set(people(published).values()) == {("25", "female", "Europe")}


def test_a_lost_record_is_missed(publish, study, published, tmp_path):
    for number in range(3):
        rate(study, 6, seed=number)
        publish(f"{number + 1}.0.0")
    (moved,) = study.glob("published/1.0.0-*")
    moved.rename(tmp_path / "moved.json")
    rate(study, 1, seed=9)
    with pytest.raises(PublishError, match=r"has no record of version 1\.0\.0 in .*put that file back, or withdraw"):
        publish("4.0.0")
    record = json.loads((tmp_path / "moved.json").read_text())
    moved.write_text(json.dumps(record | {"target": "/where/the/folder/was"}))
    publish("4.0.0")


def times(folder: Path) -> set[datetime.datetime]:
    return {value for path in folder.glob("data/ratings/*") for value in pq.read_table(path)["rated_at"].to_pylist()}


def test_of_the_time_of_a_rating_the_day_is_published(publish, study, published, monkeypatch):
    rate(study, 2)
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, datetime.UTC)
    with monkeypatch.context() as before:
        before.setattr(tables, "by_day", lambda ratings: ratings)  # as up to now
        publish("1.0.0")
        set_keys(study, publish={"title": "Another"})
        publish("1.0.1")
    assert times(published) == {moment}
    with pytest.raises(PublishError, match=r"needs a minor(.|\n)*rated_at is the day alone"):
        publish("1.0.2")
    outcome = publish("1.1.0")
    assert [change.step for change in outcome.prepared.changes] == ["minor"]
    assert outcome.prepared.with_times == ("1.0.0", "1.0.1")
    assert times(published) == {datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)}
    assert set(RatingsFolder(study, ASKS).ratings()["rated_at"].to_pylist()) == {moment}
    assert "is the day alone" in (published / "CHANGELOG.md").read_text()
    withdraw_from_folder(published, "1.0.0", "It told times.", study)
    rate(study, 1, seed=1)
    assert publish("2.0.0").prepared.with_times == ("1.0.1",)


def test_the_versions_on_the_hub_are_looked_at_themselves(hub: Hub, study, tmp_path):
    """From a copy of the study folder that was made before anything was published."""
    home = tmp_path / "home"
    home.mkdir()
    for number, count in enumerate([12, 2, 4]):
        rate(study, count, seed=number)
        if number:
            for path in study.glob("published/*"):
                path.unlink()
        command = [sys.executable, "-m", "builder", "publish", study, "--repo", "user/name"]
        subprocess.run(
            [*command, "--version", f"{number + 1}.0.0"], env=hub.environment(home), check=True, capture_output=True
        )
    paths = study.glob("published/*")
    records = [json.loads(path.read_text()) for path in paths]
    (last,) = [record["participants"] for record in records if record["version"] == "3.0.0"]
    shown = [any(values.values()) for values in last.values()]
    assert (len(shown), sum(shown)) == (18, 12)
