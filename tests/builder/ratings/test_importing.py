import errno
import hashlib
import json
import shutil
import zipfile

import pytest

from builder.errors import FolderError, RatingsError
from builder.ratings.export import StudyItems
from builder.ratings.forget import forget
from builder.ratings.formats import read_export
from builder.ratings.importing import add, import_exports
from builder.ratings.items import read_design
from builder.ratings.privacy import participant_key
from builder.ratings.signature import signed
from builder.ratings.status import ratings_status
from builder.ratings.store import RatingsFolder
from builder.ratings.undo import Reversal, undo
from builder.studies.verification.simulate import from_model, simulate
from tests import schema
from tests.asks import ASKS
from tests.conftest import run_builder
from tests.studies import set_keys

HEAD = {"format": "lands-between-survey", "version": 1, "study": "small"}


@pytest.fixture
def folder(small_folder, tmp_path):
    return shutil.copytree(small_folder, tmp_path / "study")


def person(name, **said):
    return {"record": "participant", "participant_id": name, "batch": 0, **said}


def rating(name, pair, similarity, identity, **more):
    answer = {"similarity": similarity, "identity": identity, "response_time_ms": 2000, "position": 0}
    return {"record": "rating", "participant_id": name, "pair_id": pair, **answer, "rated_at": None, **more}


def results(path, *records):
    path.write_text("\n".join(json.dumps(record) for record in [HEAD, *records]) + "\n")
    return path


def outcomes_of(folder, *exports, **more):
    return [outcome for _, outcome in import_exports(folder, exports, **more).outcomes]


def files(folder):
    return {path.name: path.read_bytes() for path in (folder / "ratings").iterdir()}


def test_an_export_is_merged_once(folder, tmp_path):
    first, second, *_ = read_design(folder).items.index
    said = {"age": 34, "gender": "female", "country": "DE", "strategy_similarity": "eyes"}
    one = results(tmp_path / "one.jsonl", person("ann", **said), rating("ann", first, 90, True))
    (outcome,) = outcomes_of(folder, one)
    assert (outcome.read, outcome.added, outcome.refused, outcome.participants) == (1, 1, 0, 1)
    before = files(folder)
    import_exports(folder, [one])
    assert files(folder) == before
    two = results(
        tmp_path / "two.jsonl", person("ann", **said), rating("ann", first, 90, True), rating("ann", second, 7, False)
    )
    (outcome,) = outcomes_of(folder, two)
    assert (outcome.read, outcome.added, outcome.already) == (2, 1, 1)
    (row,) = RatingsFolder(folder, ASKS).participants().to_pylist()
    assert row.pop("participant_id").startswith("p-")
    assert row == {
        "source": "human",
        "batch": 0,
        "age": "34",
        "gender": "female",
        "continent": "Europe",
        "duration_s": None,
        "flags": ["too-few"],
        "strategy_similarity": "eyes",
        "strategy_identity": None,
    }


def test_a_published_pseudonym_is_nobody_but_in_signed_results(folder, tmp_path):
    first, second, *_ = read_design(folder).items.index
    import_exports(folder, [results(tmp_path / "a.jsonl", person("ann"), rating("ann", first, 90, True))])
    (ann,) = RatingsFolder(folder, ASKS).participants()["participant_id"].to_pylist()
    before = RatingsFolder(folder, ASKS).ratings()
    forged = results(tmp_path / "forged.jsonl", person(ann, age=99), rating(ann, second, 1, False))
    table = tmp_path / "forged.csv"
    table.write_text(f"participant,similarity_{second},identity_{second}\n{ann},1,no\n")
    lines = forged.read_text().splitlines(keepends=True)
    others = tmp_path / "others.jsonl"
    others.write_text("".join(signed(lines, b"k" * 32)))
    changed = tmp_path / "changed.jsonl"
    real = "".join(signed(lines, participant_key(folder)))
    changed.write_text(real.replace('"similarity": 1,', '"similarity": 2,'))
    for path in (forged, table, others, changed):
        (outcome,) = outcomes_of(folder, path)
        assert (outcome.read, outcome.added, outcome.refused) == (1, 0, 1)
        assert any(reason.startswith("a pseudonym, not in results") for reason in outcome.reasons)
    assert RatingsFolder(folder, ASKS).ratings().equals(before)
    assert RatingsFolder(folder, ASKS).participants()["age"].to_pylist() == [None]
    whole = tmp_path / "whole.jsonl"
    whole.write_text(real)
    (outcome,) = outcomes_of(folder, whole)
    assert (outcome.added, outcome.participants, outcome.refused) == (1, 0, 0)


def test_of_several_files_all_are_merged_or_none(folder, tmp_path):
    pair = read_design(folder).items.index[0]
    good = results(tmp_path / "good.jsonl", person("ann"), rating("ann", pair, 90, True))
    bad = tmp_path / "bad.jsonl"
    bad.write_text(json.dumps(HEAD) + "\n{")
    with pytest.raises(RatingsError, match=r"bad\.jsonl"):
        import_exports(folder, [good, bad])
    assert RatingsFolder(folder, ASKS).ratings().num_rows == 0
    assert [outcome.added for outcome in outcomes_of(folder, good, good)] == [1, 0]


@pytest.mark.parametrize(
    "name", ["Jane Doe_task_2024.jsonl", "data_5f3c2a1b9d8e7f6a5b4c3d2e.jsonl", "jane@example.org.jsonl"]
)
def test_no_part_of_a_files_name_is_written_down(folder, tmp_path, name):
    export = results(tmp_path / name, person("ann"), rating("ann", "x", 9, True))
    digest = hashlib.sha256(export.read_bytes()).hexdigest()
    (outcome,) = outcomes_of(folder, export)
    assert outcome.refused == 1
    stored = files(folder)
    rows = stored["refused.csv"].decode().splitlines()
    assert rows == ["file,line,column,pair_id,reason", f"export-{digest[:12]},3,similarity,,unknown pair"]
    assert name.partition(".")[0].encode() not in b"".join(stored.values())
    import_exports(folder, [export.rename(tmp_path / "another.jsonl")])
    assert files(folder) == stored


def test_names_that_an_earlier_version_wrote_down_are_gone_after_the_next_import(folder, tmp_path):
    (folder / "ratings").mkdir(exist_ok=True)
    old = folder / "ratings" / "refused.csv"
    row = "5,similarity,x,unknown pair"
    old.write_text(f"file,line,column,pair_id,reason\nJane Doe_2024.csv,{row}\nexport-0123456789ab,{row}\n")
    import_exports(folder, [results(tmp_path / "a.jsonl", person("ann"))])
    label = hashlib.sha256(b"Jane Doe_2024.csv").hexdigest()[:12]
    assert old.read_text().splitlines()[1:] == [f"export-{label},{row}", f"export-0123456789ab,{row}"]


def test_tables_have_the_schemas_and_sources_are_apart(folder, tmp_path):
    pair = read_design(folder).items.index[0]
    import_exports(folder, [results(tmp_path / "a.jsonl", person("ann"), rating("ann", pair, 90, True))])
    assert add(folder, *simulate(folder, 2, 1)) == 2 * len(read_design(folder).items)
    assert add(folder, *simulate(folder, 2, 1)) == 0
    assert add(folder, *from_model(folder, "dlib")[:2]) == len(read_design(folder).items)
    store = RatingsFolder(folder, ASKS)
    assert store.ratings().schema.equals(schema.ratings().arrow_schema)
    assert store.participants().schema.equals(schema.participants().arrow_schema)
    status = ratings_status(folder)
    counts = {source: each.ratings for source, each in status.sources.items()}
    assert counts == {"human": 1, "expert": 0, "simulated": 80, "model": 40}
    assert status.sources["human"].items_by_ratings == {0: 39, 1: 1}
    assert (status.sources["human"].short, status.sources["human"].flagged["too-few"]) == (40, 1)
    assert status.sources["simulated"].items_by_ratings == {2: 40}


def test_flags_follow_the_study_file(folder, tmp_path):
    pair = next(pair for pair in read_design(folder).items.index if "genuine" in pair)
    import_exports(folder, [results(tmp_path / "a.jsonl", person("ann"), rating("ann", pair, 70, True))])
    assert ratings_status(folder).sources["human"].flagged["attention"] == 0
    study = folder / "study.toml"
    study.write_text(study.read_text().replace("attention_similarity = 50.0", "attention_similarity = 71.0"))
    assert ratings_status(folder).sources["human"].flagged["attention"] == 1


def test_the_commands_say_what_became_of_every_row(folder, tmp_path):
    pair = read_design(folder).items.index[0]
    export = results(tmp_path / "a.jsonl", person("ann"), rating("ann", pair, 90, True), rating("ann", "x", 9, True))
    result = run_builder("ratings", "import", folder, export)
    assert result.returncode == 0, result.stderr
    read, added, _, already, refused, participants = result.stdout.splitlines()[1].split()[1:]
    assert (read, added, already, refused, participants) == ("2", "1", "0", "1", "1")
    assert "1  unknown pair" in result.stdout
    digest = hashlib.sha256(export.read_bytes()).hexdigest()
    assert f"export-{digest[:12]}  a.jsonl" in result.stdout
    status = run_builder("ratings", "status", folder)
    assert "human: 1 ratings by 1 participants" in status.stdout
    assert "short of 10: 40 of 40 pairs" in status.stdout
    gone = run_builder("ratings", "forget", folder, "ann")
    assert "removed with 1 ratings and 0 answers" in gone.stdout
    assert RatingsFolder(folder, ASKS).ratings().num_rows == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "{folder}", "nowhere.csv"], "nowhere.csv: no such file"),
        (["import", "{folder}", "{folder}/study.toml"], "known format"),
        (["import", "{folder}", "{folder}/study.toml", "--format", "spss"], "--format spss"),
        (["import", "{folder}", "{folder}/study.toml", "--map", "no.toml"], "no.toml: no such file"),
        (["status", "nowhere"], "no such file; name a study folder"),
        (["forget", "{folder}", "nobody"], "'nobody'"),
        (["texts", "{folder}", "--release", "1"], "no text was shown yet"),
        (["simulate", "{folder}", "--raters", "0"], "raters = 0"),
        (["from-model", "{folder}", "arcface"], "it has dlib"),
    ],
)
def test_bad_input_is_explained(folder, arguments, said):
    result = run_builder("ratings", *(argument.format(folder=folder) for argument in arguments))
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_full_disk_leaves_all_as_it_was(folder, tmp_path, monkeypatch):
    import builder.files

    first, second, *_ = read_design(folder).items.index
    import_exports(folder, [results(tmp_path / "a.jsonl", person("ann"), rating("ann", first, 90, True))])
    before = files(folder)
    flush = builder.files.os.fsync
    written = []

    def full(descriptor):
        written.append(descriptor)
        if len(written) == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr(builder.files.os, "fsync", full)
    with pytest.raises(FolderError, match="no room"):
        import_exports(folder, [results(tmp_path / "b.jsonl", person("bob"), rating("bob", second, 9, False))])
    assert files(folder) == before


def csv_of(path, ratings):
    path.write_text(
        "participant,pair,similarity,identity\n" + "".join(f"{','.join(map(str, row))}\n" for row in ratings)
    )
    return path


def test_ratings_on_another_scale_are_refused_with_the_lines_that_would_map_them(folder, tmp_path):
    pairs = list(read_design(folder).items.index[:10])
    export = csv_of(tmp_path / "a.csv", [("a", pair, 1 + number % 7, "yes") for number, pair in enumerate(pairs)])
    with pytest.raises(RatingsError, match=r"(?s)none above 10.*\[similarity\]\nfrom = 1\nto = 7\n"):
        import_exports(folder, [export])
    assert RatingsFolder(folder, ASKS).ratings().num_rows == 0
    mapping = tmp_path / "mapping.toml"
    mapping.write_text("[similarity]\nfrom = 1\nto = 7\n")
    assert [each.added for each in outcomes_of(folder, export, mapping=mapping)] == [10]
    stored = RatingsFolder(folder, ASKS).ratings()["similarity"].to_pylist()
    assert sorted(stored) == pytest.approx(sorted(100 * (number % 7) / 6 for number in range(10)))


def test_nothing_similar_at_all_is_an_answer(folder, tmp_path):
    pairs = list(read_design(folder).items.index[:12])
    export = csv_of(tmp_path / "a.csv", [("a", pair, 0, "no") for pair in pairs])
    assert [each.added for each in outcomes_of(folder, export)] == [12]


def test_answers_of_our_own_survey_and_page_are_on_the_scale_that_it_asks(folder, tmp_path):
    pairs = list(read_design(folder).items.index[:12])
    survey = results(tmp_path / "a.jsonl", *(rating(who, pair, 7, False) for who in "ab" for pair in pairs))
    answers = [
        {"trial_type": "lands-between-rating", "pair_id": pair, "similarity": 7, "identity": "no"} for pair in pairs
    ]
    trials = [{"trial_type": "lands-between-consent"}, *answers]
    page = tmp_path / "page.json"
    page.write_text(
        json.dumps([each | {"subject": "c", "trial_index": n, "time_elapsed": n} for n, each in enumerate(trials)])
    )
    assert [each.added for each in outcomes_of(folder, survey, page)] == [24, 12]
    page.write_text(page.read_text().replace("lands-between-consent", "html-button-response"))
    with pytest.raises(RatingsError, match="none above 10"):
        import_exports(folder, [page])


def test_an_import_is_taken_back_whole(folder, tmp_path):
    first, second, *_ = read_design(folder).items.index
    one = results(tmp_path / "a.jsonl", person("ann"), rating("ann", first, 90, True))
    import_exports(folder, [one])
    before = files(folder)
    said = {"age": 34, "strategy_similarity": "ask ann@example.org"}
    more = [person("ann", **said), person("bob"), rating("bob", first, 5, False), rating("ann", second, 7, False)]
    two = results(tmp_path / "b.jsonl", *more, rating("bob", "x", 1, True))
    import_exports(folder, [two])
    assert undo(folder) == Reversal(ratings=2, participants=1, refused=1, submissions=0)
    assert files(folder) == before
    assert undo(folder) == Reversal(ratings=1, participants=1, refused=0, submissions=0)
    assert RatingsFolder(folder, ASKS).ratings().num_rows == 0
    with pytest.raises(RatingsError, match="no import to take back"):
        undo(folder)


def test_ratings_that_are_all_refused_are_no_success(folder, tmp_path):
    pair = read_design(folder).items.index[0]
    half = tmp_path / "half.csv"
    half.write_text(f"participant_id,pair_id,similarity\nann,{pair},90\n")
    assert import_exports(folder, [half]).nothing()
    people = tmp_path / "prolific.csv"
    people.write_text(
        f"Submission id,Participant id,Status,Time taken,Age,Sex\n{'a' * 24},{'b' * 24},RETURNED,9,30,Male\n"
    )
    imported = import_exports(folder, [people])
    assert imported.outcomes[0][1].refused == 1
    assert not imported.nothing()


def asking_one(path, question, answers, time):
    """A table that asks one question, with its mapping: two participants, three pairs, a time for each answer."""
    lines = [f"participant_id,pair_id,{question},response_time_ms,rated_at"]
    lines += [f"{who},{pair},{answer},{time},2026-11-02T10:00:{time // 100:02d}Z" for who, pair, answer in answers]
    path.write_text("\n".join(lines) + "\n")
    mapping = path.with_suffix(".toml")
    mapping.write_text(f'questions = ["{question}"]\n')
    return path, mapping


@pytest.mark.parametrize("turned", [False, True])
def test_an_import_that_completes_rows_is_taken_back_whole(folder, tmp_path, turned):
    pairs = list(read_design(folder).items.index[:3])
    both = [(who, pair) for who in ("ann", "bob") for pair in pairs]
    alike = asking_one(tmp_path / "alike.csv", "similarity", [(*each, 40 + n) for n, each in enumerate(both)], 1000)
    same = asking_one(tmp_path / "same.csv", "identity", [(*each, "yes") for each in both[:4]], 2000)
    (first, first_mapping), (second, second_mapping) = (same, alike) if turned else (alike, same)
    import_exports(folder, [first], mapping=first_mapping)
    before = files(folder)
    (outcome,) = outcomes_of(folder, second, mapping=second_mapping)
    assert (outcome.completed, outcome.added) == (4, 2 if turned else 0)
    set_keys(folder, survey={"raters_per_pair": 2})
    status = ratings_status(folder).sources["human"]
    assert (status.answers, status.short) == ({"similarity": 6, "identity": 4}, 39)  # one pair has two of each
    whole = files(folder)
    import_exports(folder, [second], mapping=second_mapping)
    import_exports(folder, [first], mapping=first_mapping)
    assert files(folder) == whole
    rows = RatingsFolder(folder, ASKS).ratings().to_pylist()
    assert [row["response_time_ms"] for row in rows] == [3000] * 4 + [1000] * 2
    assert [row["identity"] for row in rows] == [True] * 4 + [None] * 2
    assert [row["similarity"] for row in rows] == [40, 41, 42, 43, 44, 45]
    assert {row["rated_at"].second for row in rows[:4]} == {20}
    assert undo(folder) == Reversal(ratings=2 if turned else 0, participants=0, refused=0, submissions=0, completed=4)
    assert files(folder) == before
    import_exports(folder, [second], mapping=second_mapping)
    forget(folder, "ann")
    forget(folder, "bob")
    assert (folder / "ratings" / "imports.csv").read_text() == "import,kind,key\n"


def test_a_person_who_is_removed_leaves_nothing_in_the_record_of_imports(folder, tmp_path):
    pair = read_design(folder).items.index[0]
    import_exports(folder, [results(tmp_path / "a.jsonl", person("ann"), rating("ann", pair, 90, True))])
    assert (folder / "ratings" / "imports.csv").read_text().count("\n") == 3
    forget(folder, "ann")
    assert (folder / "ratings" / "imports.csv").read_text() == "import,kind,key\n"


def test_a_dry_run_writes_nothing_and_shows_what_would_come(folder, tmp_path):
    pair = read_design(folder).items.index[0]
    export = tmp_path / "a.csv"
    export.write_text(f"participant,Q7,similarity_{pair},identity_{pair}\nann,x,90,yes\n")
    shutil.rmtree(folder / "ratings", ignore_errors=True)
    result = run_builder("ratings", "import", folder, export, "--dry-run")
    assert result.returncode == 0, result.stderr
    assert not (folder / "ratings").exists()
    assert result.stdout.splitlines()[3].split()[1:] == ["1", "1", "0", "0", "0", "1"]
    for line in ('participant = "participant"', 'similarity = "similarity_{pair}"', '#   "Q7"'):
        assert line in result.stdout.splitlines()
    export.write_text("who,Q7\nann,x\n")
    refused = run_builder("ratings", "import", folder, export, "--dry-run")
    assert refused.returncode == 2
    assert "of no known format" in refused.stdout
    assert '#   "who"' in refused.stdout


def test_a_key_that_says_nothing_of_any_file_is_refused_with_the_readers(folder, tmp_path):
    first, second, *_ = read_design(folder).items.index
    head, ids = "participant,stimulus,similarity,identity", "HITId,WorkerId,AssignmentStatus"
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text(f"{head}\nann,q1,90,yes\n")
    two.write_text(f"{ids},{head}\nh,w,Approved,bob,q2,5,no\n")
    mapping = tmp_path / "mapping.toml"
    text = f'[columns]\npair = "stimulus"\n[pairs]\nq1 = "{first}"\nq2 = "{second}"\n'
    mapping.write_text(f'time_zone = "UTC"\n{text}q3 = "{first}"\n')
    message = (
        r"the mapping's pairs\.q3, time_zone says nothing to the reader mturk and plain: no file has what it names"
    )
    with pytest.raises(RatingsError, match=message):
        import_exports(folder, [one, two], mapping=mapping)
    mapping.write_text(text)
    assert [outcome.added for outcome in outcomes_of(folder, one, two, mapping=mapping)] == [1, 1]


def test_folders_and_archives_are_imported_and_others_skipped_by_name(folder, tmp_path):
    first, second, third, *_ = read_design(folder).items.index
    exports = tmp_path / "exports"
    exports.mkdir()
    csv_of(exports / "a.csv", [("a", first, 90, "yes")])
    csv_of(exports / "b.csv", [("b", second, 9, "no")])
    (exports / ".hidden.csv").write_text("x")
    (exports / "link.csv").symlink_to(tmp_path / "nowhere")
    with zipfile.ZipFile(exports / "c.zip", "w") as archive:
        archive.write(csv_of(tmp_path / "c.csv", [("c", third, 50, "no")]), "../results/c.csv")
    assert [each.added for each in outcomes_of(folder, exports)] == [1, 1, 1]
    (exports / "notes.txt").write_text("call Eva\n")
    with pytest.raises(RatingsError, match=r"notes\.txt: is text of no known format"):
        import_exports(folder, [exports])
    imported = import_exports(folder, [exports], skip_others=True)
    assert [each.already for _, each in imported.outcomes] == [1, 1, 1]
    assert [path.name for path, _ in imported.skipped] == ["notes.txt"]
    with pytest.raises(RatingsError, match="none of 1 files could be read"):
        import_exports(folder, [exports / "notes.txt"], skip_others=True)


def test_what_is_said_of_people_is_for_its_owner_alone(folder, tmp_path):
    import_exports(folder, [results(tmp_path / "a.jsonl", person("ann"))])
    assert (folder / "ratings").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("content", "said"), [(b"", "is empty"), (b" \n", "is empty"), (None, "no file is in it")])
def test_what_is_no_export_at_all_is_said(tmp_path, content, said):
    path = tmp_path / "export"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(RatingsError, match=said):
        read_export(path, StudyItems({}, ASKS))
