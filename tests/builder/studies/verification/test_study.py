import os
import subprocess
import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import StudyError
from builder.generators.settings import GeneratorSettings
from builder.recognizers.settings import RecognizerSettings
from builder.studies.verification.study import VerificationStudy
from builder.study import default_text, parse_study, read_study
from builder.toml import first_difference, parse_toml


def keys(**changes):
    return {"name": "a", **changes}


def refusal(**changes):
    with pytest.raises(StudyError) as error:
        parse_study(keys(**changes), "study.toml")
    return str(error.value)


def optimized(**changes):
    return {"samples": {"optimized": changes}}


def test_the_defaults_are_those_of_the_design():
    samples = VerificationStudy(name="a").samples
    assert samples.positive.directions == 2
    assert samples.positive.levels == (0.2, 0.4, 0.6)
    assert samples.interpolation.levels == (0.25, 0.5, 0.75)
    assert samples.optimized.levels == (0.5, 0.4, 0.3)
    assert (samples.optimized.sigma, samples.optimized.max_iterations) == (1, 100)
    assert samples.optimized.popsize is None
    assert samples.optimized.max_norm is None


def test_the_packaged_study_differs_from_the_defaults_only_where_it_says_so():
    packaged, default = read_study().fingerprint(), VerificationStudy(name="lands-between-demo").fingerprint()
    assert packaged["samples"]["optimized"].pop("max_norm") == 1.2
    assert packaged["samples"]["optimized"].pop("stop") == 0.3
    assert packaged["recognizers"] == [{"name": "dlib", "model": "dlib", "alignment": "hog", "threshold": 0.6}]
    packaged.pop("recognizers"), default.pop("recognizers")
    assert packaged == default


@pytest.mark.parametrize(
    "change", [{"batches": 7}, {"survey": {"purpose": "x"}}, {"ratings": {"age_bin": 10}}, {"publish": {"k": 9}}]
)
def test_what_no_shard_depends_on_is_no_part_of_the_identity(change):
    changed = parse_study(keys(**change), "study.toml")
    assert changed != VerificationStudy(name="a")
    assert changed.hash() == VerificationStudy(name="a").hash()
    assert parse_study(parse_toml(changed.to_toml().encode(), "study.toml"), "study.toml") == changed


def test_the_printed_study_has_a_comment_on_every_key():
    lines = default_text().splitlines()
    tables = {"": VerificationStudy, "generator": GeneratorSettings, "recognizers": RecognizerSettings}
    tables |= {name: VerificationStudy.model_fields[name].annotation for name in ("survey", "ratings", "publish")}
    tables |= {
        f"samples.{kind}": type(settings) for kind, settings in VerificationStudy(name="a").samples.by_kind().items()
    }
    for table, model in tables.items():
        start = 0 if not table else lines.index(f"[[{table}]]" if table == "recognizers" else f"[{table}]")
        end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith("[")), len(lines))
        assert lines[start].startswith("#") or lines[start - 1].startswith("#"), f"[{table}] has no comment"
        for key in (field.alias or name for name, field in model.model_fields.items()):
            if table == "" and key in {*tables, "samples", "study"}:
                continue  # tables of their own, and what is written for another kind of study alone
            at = [n for n in range(start, end) if lines[n].removeprefix("# ").startswith(f"{key} = ")]
            assert at, f"{table}.{key} is not in the printed study"
            assert lines[at[0] - 1].startswith("#"), f"{table}.{key} has no comment"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batches": 0}, ["batches = 0", "greater than or equal to 1"]),
        ({"batches": "2"}, ["batches", '"2"', "integer"]),
        ({"batches": True}, ["batches", "true", "integer"]),
        ({"bases_per_batch": 1}, ["bases_per_batch = 1", "2"]),
        ({"name": "Ü/.."}, ["name", "lower-case letters"]),
        ({"publish": {"license": "CC-BY-4.0"}}, ["publish.license", "as the Hub writes it", "cc-by-4.0"]),
        ({"batchs": 2}, ["batchs: unknown key", "did you mean batches?"]),
        ({"zzz": 2}, ["zzz: unknown key", "known here: study, name, seed"]),
        (optimized(sigma=0), ["samples.optimized.sigma = 0", "greater than"]),
        (optimized(sigma=-1.5), ["samples.optimized.sigma = -1.5", "greater than"]),
        (optimized(sigma=float("nan")), ["samples.optimized.sigma"]),
        (optimized(sgima=1), ["samples.optimized.sgima: unknown key", "sigma"]),
        (optimized(levels=[0.5, -0.1]), ["samples.optimized.levels[1] = -0.1", "greater than"]),
        (optimized(levels=[0.5, 0.5]), ["samples.optimized.levels", "twice"]),
        (optimized(stop=0.4), ["stop = 0.4", "0.3"]),
        (optimized(max_iterations=0), ["samples.optimized.max_iterations = 0", "1"]),
        (optimized(popsize=1), ["samples.optimized.popsize = 1", "4"]),
        (optimized(max_norm=0), ["samples.optimized.max_norm = 0", "greater than"]),
        (optimized(target="facenet"), ["samples.optimized.target = 'facenet'", "dlib"]),
        (
            {"samples": {"interpolation": {"levels": [0.5, 1.0]}}},
            ["samples.interpolation.levels[1] = 1.0", "less than"],
        ),
        ({"samples": {"positive": {"directions": -1}}}, ["samples.positive.directions = -1", "0"]),
        ({"samples": {"wrong": {}}}, ["samples.wrong: unknown key", "optimized"]),
        ({"recognizers": []}, ["recognizers = []", "at least one"]),
        ({"recognizers": 3}, ["recognizers = 3: must be a list"]),
        ({"samples": "x"}, ["samples", "must be a table"]),
        ({"recognizers": [{"name": "a", "model": "nobody:7"}]}, ["recognizers[0].model", '"nobody:7"', "dlib"]),
        ({"recognizers": [{"name": "A b", "model": "dlib"}]}, ["recognizers[0].name", "underscores"]),
        ({"recognizers": [{"name": "dlib", "model": "dlib", "alignment": "x"}]}, ["recognizers[0].alignment", "hog"]),
        (
            {"recognizers": [{"name": "dlib", "model": "dlib", "threshold": 0}]},
            ["recognizers[0].threshold = 0: must be a number above 0"],
        ),
        ({"recognizers": [{"name": "dlib", "model": "dlib", "threshold": "best"}]}, ['"best"', '"paper"']),
        ({"recognizers": [{"name": "dlib", "model": "dlib"}] * 2}, ["recognizers", "same name"]),
        ({"recognizers": [{"model": "dlib"}]}, ["recognizers[0].name: is missing"]),
        ({"generator": {"model": "stylegan9"}}, ["generator.model", "dcgan-digiface"]),
        ({"distances": ["lpips_alex", "l3"]}, ["distances", "latent_l2"]),
        ({"first_seed": 2**32 - 10}, ["first_seed", str(2**32)]),
    ],
)
def test_what_is_not_allowed_is_refused_naming_key_value_and_what_is(changes, said):
    message = refusal(**changes)
    assert message.startswith("study.toml:\n")
    for part in said:
        assert part in message
    assert message.count("\n") == 1


def test_all_faults_are_named_at_once():
    assert refusal(batches=0, seed=-1, **optimized(sigma=0)).count("\n") == 3


@pytest.mark.parametrize(
    "text",
    [
        "seed = " + "9" * 5000,
        "a." * 50_000 + "a = 1",
        "name = ",
        "a = 1\na = 2",
        "[" * 100_000,
        'name = "\x00"',
        "a = " + "[" * 50_000,
    ],
)
def test_what_is_no_toml_is_refused(tmp_path, text):
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(StudyError, match=r"study\.toml"):
        read_study(path)


def test_a_byte_order_mark_is_no_matter(tmp_path):
    (tmp_path / "study.toml").write_bytes(b"\xef\xbb\xbf" + default_text().encode())
    assert read_study(tmp_path / "study.toml") == read_study()


def test_a_number_of_too_many_digits_is_named(tmp_path):
    (tmp_path / "study.toml").write_text('name = "a"\nfirst_seed = 0x' + "f" * 5000)
    with pytest.raises(StudyError, match="first_seed = a value of too many digits or too deep"):
        read_study(tmp_path / "study.toml")


def test_a_missing_file_a_folder_and_bytes_are_refused(tmp_path):
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00name")
    for path in (tmp_path / "none.toml", tmp_path, tmp_path / "binary.toml"):
        with pytest.raises(StudyError, match=path.name):
            read_study(path)


KEYS = list(VerificationStudy.model_fields)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(VerificationStudy.model_fields)), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*KEYS, "other"]), json_values))
def test_anything_is_read_or_refused_with_a_study_error(keys):
    try:
        outcome = parse_study(keys, "fuzzed")
    except StudyError as error:
        outcome = error
    assert isinstance(outcome, VerificationStudy) or str(outcome).startswith("fuzzed:")


def test_a_study_written_out_reads_back_as_itself():
    written = read_study(None, seed=5)
    assert parse_study(tomllib.loads(written.to_toml()), "copy") == written


def test_the_number_of_batches_is_no_part_of_the_identity():
    assert read_study(None, batches=7).hash() == read_study().hash()
    assert read_study(None, seed=7).hash() != read_study().hash()


def test_the_first_difference_is_named_by_its_whole_key():
    a, b = read_study().fingerprint(), read_study().fingerprint()
    assert first_difference(a, b) is None
    b["samples"]["optimized"]["sigma"] = 2.0
    assert first_difference(a, b) == ("samples.optimized.sigma", 1.0, 2.0)
    b["seed"] = 3
    assert first_difference(a, b) == ("seed", 0, 3)
    assert first_difference({"x": 1}, {"x": 1, "y": 2}) == ("y", None, 2)
    assert first_difference({"x": [{"y": 1}]}, {"x": [{"y": 2}]}) == ("x[0].y", 1, 2)
    assert first_difference({"x": [1]}, {"x": [1, 2]}) == ("x[1]", None, 2)


def test_the_papers_study_is_the_papers():
    from importlib import resources
    from pathlib import Path

    paper = read_study(Path(str(resources.files("builder.studies.verification") / "paper.toml")))
    assert (paper.batches, paper.bases_per_batch) == (10, 4)
    assert [(each.name, each.model, each.threshold) for each in paper.recognizers] == [
        ("face_recognition", "dlib", "paper"),
        ("dlib", "deepface:Dlib", "paper"),
        ("vgg_face", "deepface:VGG-Face", None),
        ("facenet512", "deepface:Facenet512", "paper"),
        ("openface", "deepface:OpenFace", "paper"),
    ]
    assert paper.target == "face_recognition"
    assert paper.recognizers[0].alignment == "hog"
    assert paper.samples.optimized.max_norm is None
    optimized = paper.samples.optimized.model_copy(update={"target": "dlib"})
    assert paper.samples.model_copy(update={"optimized": optimized}) == VerificationStudy(name="a").samples


TWIN = """
from builder.studies.verification.samples import Drawn
from builder.settings import Settings as Base

class Settings(Base):
    shift: float = 0.5

def draw(bases, settings, rng):
    return Drawn([])
"""


def with_package(folder, module, code, study=""):
    """What a Python says of a study where a package is installed that adds a sample kind of the name of its module."""
    (folder / f"{module}_kind.py").write_text(code)
    metadata = folder / f"{module}_kind-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}-kind\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[lands_between.samples]\n{module} = {module}_kind\n")
    (folder / "mine.toml").write_text(f'name = "mine"\n{study}')
    code = "import sys; from pathlib import Path; from builder.study import read_study\n"
    code += "from builder.studies.verification import tables\n"
    code += "study = read_study(Path(sys.argv[1])); print(study.hash(), *tables.kinds(study.samples))"
    command = [sys.executable, "-c", code, folder / "mine.toml"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


OURS = ["genuine", "positive", "negative", "interpolation", "optimized"]


@pytest.mark.slow
@pytest.mark.parametrize("code", [TWIN, "raise RuntimeError('broken')", "import no_such_module"])
def test_an_installed_kind_changes_no_study_that_does_not_name_it(tmp_path, code):
    result = with_package(tmp_path, "twin", code)
    assert result.stdout.split() == [parse_study({"name": "mine"}, "mine").hash(), *OURS], result.stderr


@pytest.mark.slow
def test_a_kind_of_another_package_is_drawn_by_the_study_that_names_it(tmp_path):
    result = with_package(tmp_path, "twin", TWIN, "[samples.twin]\nshift = 0.25\n")
    hash_, *kinds = result.stdout.split()
    assert kinds == [*OURS, "twin"], result.stderr
    assert hash_ != parse_study({"name": "mine"}, "mine").hash()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "table", "said"),
    [
        (TWIN, "[samples.twin]\nshfit = 1.0", "samples.twin.shfit: unknown key; did you mean shift?"),
        (TWIN, "[samples.twin]\nshift = 'x'", 'samples.twin.shift = "x": must be a valid number'),
        ("import no_such_module", "[samples.twin]", "cannot be imported: No module named 'no_such_module'"),
        (TWIN, "[samples.twins]", "samples.twins: unknown key; did you mean twin?"),
    ],
)
def test_a_kind_that_is_named_wrongly_or_broken_is_said(tmp_path, code, table, said):
    result = with_package(tmp_path, "twin", code, table)
    assert said in result.stderr
