from pathlib import Path

import pytest

from builder.errors import RatingsError
from builder.ratings import mapping as module
from builder.ratings.column_keys import column_keys
from builder.ratings.mapping import known_keys, read_mapping
from builder.studies.expression.tasks import ASKS as EXPRESSION
from tests.asks import ASKS


def written(folder: Path, text: str) -> Path:
    path = folder / "mapping.toml"
    path.write_text(text)
    return path


def test_the_documented_keys_are_all_there_are(tmp_path: Path) -> None:
    """The example in the module's docstring is read, but for keys that exclude each other."""
    example = (module.__doc__ or "").partition("two do:")[2]
    lines = [line.strip() for line in example.splitlines()]
    left_out = ("pairs =", "file =", "strategy", "[emotion]", 'words = { "1"')
    kept = [line for line in lines if not line.startswith(left_out)]
    read = read_mapping(written(tmp_path, "\n".join(kept)), ASKS)
    assert read.columns.item == ("stimulus",)
    assert read.loops
    assert read.loops.batch == 0
    for key in (*known_keys(ASKS), *column_keys(ASKS)):
        assert key in example


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[columns]\nparticipent = 'a'", r"columns.participent: unknown key; known here: participant, pair"),
        ("decimal_comma = 'yes'", r'decimal_comma = "yes": must be a valid boolean'),
        ("time_zone = 'Berlin'", r'time_zone = "Berlin": is no name of the IANA time zone database'),
        ("encoding = 'utf-99'", r'encoding = "utf-99": is no encoding that Python knows'),
        ("delimiter = ';;'", r'delimiter = ";;"'),
        ("[identity]\nyes = ['1']", r"identity.no: is missing"),
        ("[loops]\nbatch = 0\nfile = 'x'", r"loops: needs exactly one of batch, pairs and file"),
        ("[columns]\nsimilarity = 's_{loop}'", r"loops: is missing; the patterns with \{loop\} need it"),
        ("[columns]\nsimilarity = 's_{pair}'\nidentity = 'i'", r"columns.identity = .*: in wide form every pattern"),
        ("[columns]\nsimilarity = '{participant}'\nage = 'a'", r"columns.age: is of one person, and a line"),
        ("[columns]\nsimilarity = '{participant}'\nparticipant = 'p'", r"columns.participant: is of one person"),
        ("[columns]\nage = 5", r"columns.age = 5: must be the name of a column in quotes$"),
        ("[columns]\npair = []", r"columns.pair = \[\]: must be the name of a column in quotes, or a list of them"),
        ("[where]\nlikeness = {}", r"where.likeness: unknown key; known here: similarity, identity"),
        ("[where.similarity]\nkind = 5", r"where.similarity.kind = 5: must be a list"),
        ("pair_pattern = 'a'", r'pair_pattern = "a": must have one group'),
        ("pair_pattern = '('", r'pair_pattern = "\(": is no regular expression'),
        ("questions = ['likeness']", r"questions = .*: are some of similarity, identity"),
        ("[similarity]\nfrom = 1", r"^[^\n]*\n  similarity: from and to: are two different numbers"),
        ("[similarity]\nfrom = 7\nto = 7", r"similarity: from and to: are two different numbers"),
        ("[similarity]\nyes = ['1']", r"similarity.yes: unknown key; known here: from, to, words"),
        ("similarity = 7", r"similarity = 7: must be a table"),
        ("scales = {}", r"scales: unknown key; known here: encoding, "),
        ("[packed]\nseparator = ','", r"packed: needs columns.similarity or columns.identity"),
        ("[columns", r"not valid TOML"),
        ("[loops]\nfile = 'absent.csv'", r"absent.csv: no such file"),
    ],
)
def test_what_is_not_allowed_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RatingsError, match=message):
        read_mapping(written(tmp_path, text), ASKS)


def test_an_option_that_the_question_does_not_have(tmp_path: Path) -> None:
    text = "[emotion]\nwords = { '1' = 'happy', '2' = 'joyful' }"
    message = r'emotion\.words\."2" = "joyful": must be one of angry, disgust, fear, happy'
    with pytest.raises(RatingsError, match=message) as caught:
        read_mapping(written(tmp_path, text), EXPRESSION)
    assert len(str(caught.value).splitlines()) == 2


def test_a_loop_and_merge_file(tmp_path: Path) -> None:
    (tmp_path / "loops.csv").write_text("loop,pair_id\n1,b\n2,a\n")
    read = read_mapping(written(tmp_path, "[loops]\nfile = 'loops.csv'"), ASKS)
    assert read.loops
    assert read.loops.items == ("b", "a")


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(RatingsError, match="no such file"):
        read_mapping(tmp_path / "mapping.toml", ASKS)
