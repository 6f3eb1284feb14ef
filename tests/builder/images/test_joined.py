import pytest

from builder.errors import AssetError
from builder.images.settings import ImageSettings


@pytest.fixture
def load(runtime, tmp_path):
    def load(text, **keys):
        (tmp_path / "groups.csv").write_text(text)
        table = {"model": "generated", "first_seed": 7, "count": 3, "groups_table": str(tmp_path / "groups.csv")}
        return ImageSettings(**table | keys).load(runtime)

    return load


def test_rows_have_the_groups_of_their_ids(load, generator):
    source = load("row_id,gender,race\n9,woman,a\n8,man,b\n100,man,c\n7,woman,b\n")
    assert [source.groups(row) for row in range(3)] == [
        {"gender": "woman", "race": "b"},
        {"gender": "man", "race": "b"},
        {"gender": "woman", "race": "a"},
    ]
    assert (source.rows(), source.row_id(0), source.classes, source.label(0), source.votes(0)) == (
        3,
        "7",
        (),
        None,
        None,
    )
    assert (source.image(2) == generator.render(generator.sample([9]))[0]).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("row_id,gender\n7,a\n8,b\n", r"groups\.csv: has no row for 1 of 3 pictures, whose row_id is '9'; add them"),
        ("row_id,gender\n7,a\n8,b\n7,b\n9,a\n", r"row 2 \(from 0\): row_id is '7', as in row 0"),
        (
            "row_id,gender\n100,b\n8,a\n7,a\n9,a\n",  # row 2 is that of the first picture
            r"groups\.csv, row 2 \(from 0\): the column gender, .*, has one value, 'a', here and",
        ),
        ("id,gender\n7,a\n", "has no column row_id; it has id, gender"),
        ("row_id\n7\n8\n9\n", "no column beside row_id"),
    ],
)
def test_a_table_that_is_wrong_is_one_error(load, text, said):
    with pytest.raises(AssetError, match=said):
        load(text)
