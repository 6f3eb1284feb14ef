"""The notebooks, one per kind of study: `python -m tests.examples.notebooks FOLDER` writes them, `run` runs one."""

import ast
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from matplotlib.figure import Figure
from nbformat import v4

FOLDER = Path(__file__).parents[2] / "examples"

MAGIC = "%matplotlib inline\n"
DATASET = '"../out/{}-dataset"'
"""How a notebook names what it reads."""

OPENING = """# {title}

`make demo STUDY={study}` makes the dataset that is read here, with simulated ratings. `python -m analysis report` makes
every table and figure at once, as a page; here they come one by one: a table is a function that gives a DataFrame, a
figure one that gives a matplotlib `Figure`."""

LOAD = """from datasets import load_dataset

DATASET = {dataset}  # a published folder, or "user/name" and a version: revision="v1.0.0"
{table} = load_dataset(DATASET, "{table}", split="train")
{table}.select_columns([{columns}]).to_pandas().head()"""

KINDS = """A kind is a number in pandas, and a word with `int2str`. A picture is an image of Pillow:"""

PICTURE = """kind = {table}.features["kind"].int2str({table}[0]["kind"])
print({table}[0]["{key}"], "is of the kind", kind)
{table}[0]["{picture}"]"""

FIGURE = "A figure takes a table, and `source`: whose the ratings are. It says so where they are not people's."

ALL = """`results` makes every table; what cannot be made is in `skipped`, with the reason.

    from analysis import results

    tables = results(published)
    tables["skipped"]"""


@dataclass(frozen=True)
class Notebook:
    """A notebook: which packaged study it reads, which table first, and then pairs of text and code."""

    title: str
    study: str
    table: str
    columns: tuple[str, ...]
    picture: str
    cells: tuple[tuple[str, str], ...]

    def cells_with_opening(self) -> list[tuple[str, str]]:
        """Text and code, from the first cell on."""
        columns = ", ".join(f'"{column}"' for column in self.columns)
        load = LOAD.format(dataset=DATASET.format(self.study), table=self.table, columns=columns)
        picture = ("A picture is an image of Pillow:", f'{self.table}[0]["{self.picture}"]')
        if "kind" in self.columns:
            picture = (KINDS, PICTURE.format(table=self.table, key=self.columns[0], picture=self.picture))
        opening = OPENING.format(title=self.title, study=self.study)
        return [(opening, MAGIC + load), picture, *self.cells, (ALL, "")]


NOTEBOOKS = {
    "verification": Notebook(
        "Where do people and a face recognizer part ways?",
        "lands-between-demo",
        "pairs",
        ("pair_id", "kind", "level", "dlib_distance", "dlib_accept"),
        "sample",
        (
            (
                "## Tables",
                """from analysis import load
from analysis.studies.verification.data import study
from analysis.studies.verification.tables.scores_by_kind import scores_by_kind

published = study(load(DATASET))  # and a version: load("user/name", "v1.0.0")
print(published.recognizers, published.thresholds, "ratings of:", published.source)
scores_by_kind(published.pairs, published.ratings).round(3)""",
            ),
            (
                f"## Figures\n\n{FIGURE}",
                """from analysis.studies.verification.figures.distances_by_kind import distances_by_kind

name = published.recognizers[0]
distances_by_kind(published.pairs, name, published.thresholds[name], source=published.source)""",
            ),
            (
                "The samples of a base on a plane:",
                """from analysis.studies.verification.figures.latent_plane import latent_plane

latents = dict(zip(published.images["image_id"], published.images["latent"], strict=True))
base_id = published.pairs["base_id"].iloc[0]
latent_plane(published.pairs, latents, published.pictures.decoded, base_id, source=published.source)""",
            ),
            (
                "With ratings, people and model side by side:",
                """from analysis.studies.verification.data import with_answers
from analysis.studies.verification.figures.similarity_distance import similarity_distance

if published.source:
    pairs = with_answers(published.pairs, published.ratings)
    display(similarity_distance(pairs, name, published.thresholds[name], source=published.source))""",
            ),
        ),
    ),
    "classification": Notebook(
        "Are a classifier's mistakes mistakes?",
        "classification-demo",
        "items",
        ("item_id", "kind", "label", "shown_class"),
        "image",
        (
            (
                "## Tables\n\nThe error by the label, and the rectified one, in which a mistake that at least 4 of 5 "
                "people side with counts as none:",
                """from analysis import load
from analysis.studies.classification.data import study
from analysis.studies.classification.tables.errors import errors

published = study(load(DATASET))  # and a version: load("user/name", "v1.0.0")
print(published.classifiers, "ratings of:", published.source)
table = errors(published)
table.round(3)""",
            ),
            (
                "The mistakes, by how many people say that the class is right:",
                """from analysis.studies.classification.tables.mistakes import mistakes

mistakes(published).head()""",
            ),
            (
                f"## Figures\n\n{FIGURE}",
                """from analysis.studies.classification.figures.errors import errors as draw

draw(table, source=published.source)""",
            ),
        ),
    ),
    "expression": Notebook(
        "Does a model read every face alike?",
        "expression-demo",
        "items",
        ("item_id", "image_id", "fer_class", "fer_confidence"),
        "image",
        (
            (
                "## Tables\n\nHow often the classifier is right, by group. What is right is what the faces are labeled "
                "with, else what people say by the study's rule:",
                """from analysis import load
from analysis.studies.expression.data import study
from analysis.studies.expression.tables.cells import needed
from analysis.studies.expression.tables.measured import measured
from analysis.studies.expression.tables.rates import accuracy, rates

published = study(load(DATASET))  # and a version: load("user/name", "v1.0.0")
print(published.classifiers, "ratings of:", published.source)
figures = list(measured(published, needed(published)))
accuracy(published, figures).round(3)""",
            ),
            (
                "True and false positives and negatives of each emotion and group:",
                """table = rates(published, figures)
table[["classifier", "grouping", "group", "emotion", "rate", "n", "value", "low", "high"]].round(3).head(8)""",
            ),
            (
                f"## Figures\n\n{FIGURE}",
                """from analysis.studies.expression.figures.bars import rate_bars

grouping = table["grouping"].iloc[-1]
rows = table[(table["grouping"] == grouping) & (table["classifier"] == published.classifiers[0])]
rate_bars(rows, ["TPR"], f"Found by {grouping}", source=published.source)""",
            ),
        ),
    ),
    "explanation": Notebook(
        "Do explanations hang on what a classifier learned?",
        "explanation-demo",
        "items",
        ("item_id", "kind", "check", "explainer", "layer", "spearman"),
        "first",
        (
            (
                "## Tables\n\nHow alike the maps of the trained network are to those of one whose weights were drawn "
                "anew, layer by layer from the output:",
                """from analysis import load
from analysis.studies.explanation.data import EDGES, study
from analysis.studies.explanation.tables.curves import curves

published = study(load(DATASET))  # and a version: load("user/name", "v1.0.0")
print(published.explainers, "ratings of:", published.source)
table = curves(published.comparisons, published.sanity)
table[["check", "explainer", "measure", "layer", "n", "mean", "low", "high"]].round(3).head()""",
            ),
            (
                "How alike the explainers are to one another:",
                """from analysis.studies.explanation.tables.explainer_agreement import explainer_agreement

agreement = explainer_agreement(published.comparisons)
agreement[agreement["measure"] == "spearman_absolute"].round(3).head()""",
            ),
            (
                "## Figures\n\nAn explanation that stays the same says nothing of the network. No rating is in it, so "
                "that `source` is None.",
                """from analysis.studies.explanation.figures.curves import curves as draw

check = table[(table["check"] == table["check"].iloc[0]) & (table["classifier"] == table["classifier"].iloc[0])]
explainers = [name for name in published.explainers if name in set(check["explainer"]) and name != EDGES]
draw(check, explainers, EDGES, source=None)""",
            ),
        ),
    ),
    "counterfeits": Notebook(
        "Is a classifier sure of what is nothing?",
        "counterfeits-demo",
        "items",
        ("item_id", "kind", "target", "class", "confidence"),
        "image",
        (
            (
                "## Tables\n\nHow many images get the class that was wanted, and how sure the classifier is:",
                """from analysis import load
from analysis.makers import answers_of
from analysis.studies.counterfeits import ANALYSIS
from analysis.studies.counterfeits.data import study
from analysis.studies.counterfeits.tables.inversion import inversion
from analysis.studies.counterfeits.tables.seen import seen

published = study(load(DATASET))  # and a version: load("user/name", "v1.0.0")
print(published.classifier, "ratings of:", published.source)
inversion(published).query("`class` == 'all'").round(3)""",
            ),
            (
                "What people see in them:",
                """table = seen(published, answers_of(published, ANALYSIS))
table = table.query("`class` == 'all' and confidence == 'all'")
table[["kind", "round", "n", "as_classifier", "nothing", "another", "certainty"]].round(3)""",
            ),
            (
                f"## Figures\n\n{FIGURE}",
                """from analysis.studies.counterfeits.figures.shares import named, shares

columns = {"as_classifier": "the classifier's class", "nothing": "none of the classes"}
shares(table.assign(images=named(table)), columns, "images", "share of people's answers", source=published.source)""",
            ),
        ),
    ),
}


def written(kind: str) -> str:
    """The notebook of a kind of study as a file, without outputs."""
    cells = []
    for text, code in NOTEBOOKS[kind].cells_with_opening():
        cells.append(v4.new_markdown_cell(text, id=f"text-{len(cells)}"))
        cells += [v4.new_code_cell(code, id=f"code-{len(cells)}")] if code else []
    notebook = v4.new_notebook(cells=cells)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return nbformat.writes(notebook, indent=1) + "\n"


def run(kind: str, dataset: Path) -> list[Any]:
    """What the cells of a kind's notebook show when they run here, on a dataset; figures are drawn."""
    outputs: list[Any] = []
    names: dict[str, Any] = {"display": outputs.append}
    notebook = nbformat.read(FOLDER / f"{kind}.ipynb", as_version=4)
    nbformat.validate(notebook)
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        code = cell.source.removeprefix(MAGIC).replace(DATASET.format(NOTEBOOKS[kind].study), repr(str(dataset)))
        *statements, last = ast.parse(code).body
        value = ast.Expression(last.value) if isinstance(last, ast.Expr) else None
        statements += [] if value else [last]
        exec(compile(ast.Module(statements, []), kind, "exec"), names)  # noqa: S102 - a notebook of ours
        outputs += [eval(compile(value, kind, "eval"), names)] if value else []  # noqa: S307
    for figure in (each for each in outputs if isinstance(each, Figure)):
        figure.savefig(io.BytesIO())
    return outputs


if __name__ == "__main__":
    for each in NOTEBOOKS:
        (Path(sys.argv[1]) / f"{each}.ipynb").write_text(written(each))
