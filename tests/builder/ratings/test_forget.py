import json
import shutil

import pytest

from builder.errors import FolderError, RatingsError
from builder.ratings.clean import cleaned
from builder.ratings.collection import read_collection, write_collection
from builder.ratings.forget import forget
from builder.ratings.items import read_design
from builder.ratings.merge import merged
from builder.ratings.privacy import participant_key, pseudonym
from builder.ratings.store import RatingsFolder
from builder.ratings.texts import decide, show
from tests.asks import ASKS
from tests.builder.ratings.conftest import export_of

TEXTS = {"strategy_similarity": "the eyes, ask @ann", "strategy_identity": "the nose, www.ann.example.org"}


def take(folder, export):
    """What `ratings import` does once a reader has read."""
    design = read_design(folder)
    with RatingsFolder(folder, ASKS).locked():
        rows = cleaned([export], design, participant_key(folder))
        held, [outcome] = merged(read_collection(folder, ASKS), rows, ASKS, ["a.csv"])
        write_collection(folder, held, design)
    return outcome


def files(folder):
    return {path.name: path.read_bytes() for path in (folder / "ratings").iterdir()}


@pytest.fixture
def folder(small_folder, tmp_path):
    return shutil.copytree(small_folder, tmp_path / "study")


@pytest.fixture
def export(folder):
    first, second, *_ = read_design(folder).items.index
    ratings = [("ann", first, 90, True), ("ann", second, 10, False), ("bob", first, 80, True)]
    return export_of(ratings, [{"participant": "ann", "age": "34", **TEXTS}])


def test_a_person_is_removed_everywhere_and_stays_away(folder, export):
    take(folder, export)
    ann, bob = (pseudonym(participant_key(folder), name) for name in ("ann", "bob"))
    assert any(ann.encode() in content for content in files(folder).values())
    gone = forget(folder, "ann")
    assert (gone.participant_id, gone.ratings, gone.published) == (ann, 2, [])
    holding = [name for name, content in files(folder).items() if ann.encode() in content]
    assert holding == ["forgotten.csv"]
    assert not any(b"eyes" in content or b"nose" in content for content in files(folder).values())
    before = files(folder)
    outcome = take(folder, export)
    assert (outcome.added, outcome.already, outcome.reasons) == (0, 1, {"participant was removed": 2})
    assert RatingsFolder(folder, ASKS).ratings()["participant_id"].to_pylist() == [bob]
    after = files(folder)
    assert before.pop("refused.csv") != after.pop("refused.csv")
    assert before == after


def test_a_participant_id_names_a_person_too_and_twice_is_once(folder, export):
    take(folder, export)
    bob = pseudonym(participant_key(folder), "bob")
    assert forget(folder, bob).ratings == 1
    before = files(folder)
    assert forget(folder, bob).ratings == 0
    assert forget(folder, "bob").participant_id == bob
    assert files(folder) == before


def test_published_versions_that_hold_the_person_are_listed(folder, export):
    take(folder, export)
    ann = pseudonym(participant_key(folder), "ann")
    (folder / "published").mkdir()
    for version, who in [("1.0.0", [ann]), ("1.1.0", [ann, "p-x"]), ("2.0.0", ["p-x"])]:
        record = {"version": version, "target": "user/name", "participant_ids": who}
        (folder / "published" / f"{version}.json").write_text(json.dumps(record))
    still = ["1.0.0 in user/name", "1.1.0 in user/name"]
    assert forget(folder, "ann").published == still
    assert forget(folder, "ann").published == still
    assert not any(ann in path.read_text() for path in (folder / "published").iterdir())
    assert json.loads((folder / "published" / "1.1.0.json").read_text())["participant_ids"] == ["p-x"]
    assert forget(folder, "bob").published == still


def test_nobody_is_removed_for_an_unknown_id(folder, export):
    take(folder, export)
    before = files(folder)
    with pytest.raises(RatingsError, match="'dora'"):
        forget(folder, "dora")
    assert files(folder) == before


def test_texts_are_released_or_withheld_by_number(folder, export):
    take(folder, export)
    with pytest.raises(RatingsError, match="run ratings texts first"):
        decide(folder, None)
    assert list(show(folder)["text"]) == [TEXTS["strategy_identity"], TEXTS["strategy_similarity"]]
    assert decide(folder, [1]) == (1, 0)
    (said,) = [row for row in RatingsFolder(folder, ASKS).participants().to_pylist() if row["age"]]
    assert (said["strategy_similarity"], said["strategy_identity"]) == (None, TEXTS["strategy_identity"])
    take(folder, export)
    assert decide(folder, [1]) == (1, 0)
    assert list(show(folder)["text"]) == [TEXTS["strategy_similarity"]]
    for numbers in ([2], [0]):
        with pytest.raises(RatingsError, match="has 1 texts, and no"):
            decide(folder, numbers)
    assert decide(folder, [], [1]) == (0, 1)
    take(folder, export)
    assert show(folder).empty
    assert "eyes" in (folder / "ratings" / "held-back.csv").read_text()


def test_a_text_in_which_nothing_is_found_waits_too_and_does_not_come_back(folder):
    first = read_design(folder).items.index[0]
    said = [{"participant": "ann", "age": "34", "strategy_similarity": "as my aunt Berta Huber would"}]
    export = export_of([("ann", first, 90, True)], said)
    take(folder, export)
    assert list(show(folder)["found"]) == [""]
    assert decide(folder, None, [1]) == (0, 1)
    take(folder, export)
    assert RatingsFolder(folder, ASKS).participants()["strategy_similarity"].to_pylist() == [None]
    forget(folder, "ann")
    assert not any(b"Huber" in content for content in files(folder).values())


def test_nothing_is_released_that_came_in_after_somebody_looked(folder):
    first = read_design(folder).items.index[0]
    for name in ("bob", "ann"):
        said = [{"participant": name, "strategy_similarity": f"{name} looked at the eyes"}]
        take(folder, export_of([(name, first, 90, True)], said))
        if name == "bob":
            show(folder)
    assert decide(folder, None) == (1, 0)
    assert list(show(folder)["text"]) == ["ann looked at the eyes"]


def test_one_command_at_a_time_changes_the_ratings(folder, export):
    with RatingsFolder(folder, ASKS).locked(), pytest.raises(FolderError, match="another command"):
        forget(folder, "ann")


def test_a_damaged_table_is_named_not_read(folder, export):
    take(folder, export)
    path = folder / "ratings" / "ratings.arrow"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FolderError, match=r"ratings\.arrow: damaged"):
        forget(folder, "ann")
    path.write_bytes(b"")
    with pytest.raises(FolderError, match=r"ratings\.arrow: damaged"):
        forget(folder, "ann")
    (folder / "ratings" / "refused.csv").write_text('a,b\n"')
    with pytest.raises(FolderError, match="damaged"):
        forget(folder, "ann")
