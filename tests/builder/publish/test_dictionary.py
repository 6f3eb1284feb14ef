"""Every column that is published says what it means."""

import pytest
from datasets import ClassLabel, Features, Sequence, Value

from builder.columns import Column
from builder.publish.aggregates import aggregates_of
from builder.publish.dictionary import entries, type_name
from builder.ratings.schema import participant_features, rating_features
from builder.studies import load_kind
from builder.studies.classification import schema as classification
from builder.studies.counterfeits import schema as counterfeits
from builder.studies.explanation import schema as explanation
from builder.studies.expression import schema as expression
from builder.studies.verification import schema as verification
from builder.tables import TableSpec, published_specs
from builder.tasks import Layout, Questionnaire, Scale, Task, YesNo

FEATURES = {
    "verification": {
        "pairs": verification.pairs(["dlib"], ["latent_l2", "lpips_alex", "other"]),
        "images": verification.images(["hog"], 2),
        "embeddings": verification.embeddings({"dlib": 2}),
        "searches": verification.searches(),
    },
    "classification": {
        "items": classification.items(["a"], top5=True, arms=True, assigned=True),
        "images": classification.images(),
        "predictions": classification.predictions(["a"], top5=True, paired=True),
        "attacks": classification.attacks(),
        "explanations": classification.explanations(),
        "examples": classification.examples(),
        "panels": classification.panels(),
        "labels": classification.labels(),
    },
    "expression": {
        "items": expression.items(["a"], ["gender"], ["age"], voted=True),
        "images": expression.images(),
        "predictions": expression.predictions(),
    },
    "explanation": {
        "items": explanation.items(["spearman"]),
        "images": explanation.images(),
        "maps": explanation.maps(),
        "comparisons": explanation.comparisons(),
        "sanity": explanation.sanity(),
        "manipulations": explanation.manipulations(),
        "runs": explanation.runs(),
    },
    "counterfeits": {name: made() for name, made in counterfeits.FEATURES.items()},
}

ASKS = Questionnaire(
    "pairs",
    "pair_id",
    (Task("pair", Layout("side_by_side", ("a", "b")), (Scale("liking", "How nice?", high=7), YesNo("same", "Same?"))),),
    counterbalance=True,
)


@pytest.mark.parametrize("kind", FEATURES)
def test_every_table_and_column_of_a_kind_has_its_meaning(kind):
    own = load_kind(kind)
    specs = published_specs(own.tables, own.derived)
    features = FEATURES[kind] | {"ratings": None, "participants": None}
    assert {spec.name for spec in specs} == set(features)
    for spec in specs:
        if features[spec.name] is not None:
            lacking = [each.column for each in entries(spec, features[spec.name], ASKS) if not each.meaning]
            assert lacking == [], spec.name


def test_answers_and_what_is_made_of_them_have_the_question_s_own():
    specs = {spec.name: spec for spec in published_specs(load_kind("verification").tables)}
    said = {each.column: each for each in entries(specs["ratings"], rating_features(ASKS), ASKS)}
    assert (said["liking"].meaning, said["liking"].unit, said["same"].type) == ("answer: How nice?", "0 to 7", "bool")
    assert (said["liking"].null, said["same"].null) == ("it was not asked", "it was not asked")
    assert all(each.meaning for each in said.values())
    people = entries(specs["participants"], participant_features(ASKS), ASKS)
    assert [each.column for each in people if not each.meaning] == []
    made = Features(
        {name: Value(dtype) for question in ASKS.questions for name, dtype in aggregates_of(question).items()}
    )
    means = {each.column: (each.meaning, each.null) for each in entries(specs["pairs"], made, ASKS)}
    assert means["liking_mean"] == ("mean of `liking` over ratings", "no answers")
    assert means["same_rate"] == ("share of yes among the answers to `same`", "no answers")


def test_types_are_what_a_reader_meets():
    assert type_name(ClassLabel(names=["cat", "dog"])) == "int64: 0 cat, 1 dog"
    assert type_name(Sequence(Value("float32"), length=3)) == "list of 3 float32"
    assert type_name(Sequence(Sequence(Value("int8")))) == "list of list of int8"


def test_the_first_name_that_fits_counts():
    table = TableSpec("a", key=("a",), columns=(Column("a_b", "its own"), Column("a_*", "of many")))
    assert [table.meaning(name) and table.meaning(name).meaning for name in ("a_b", "a_c", "b")] == [
        "its own",
        "of many",
        None,
    ]
