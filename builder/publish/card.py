"""The card, `README.md`: its YAML from the files that were written, its text from `dataset_card.md`."""

import contextlib
import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import jinja2
import tomli_w
import yaml
from datasets import DatasetInfo, SplitDict, SplitInfo
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCardData
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from builder.errors import PublishError
from builder.publish.aggregates import SOURCE, aggregate_columns, has_counts
from builder.publish.content import Content
from builder.publish.dictionary import coded, dictionary
from builder.publish.figures import counts, raters
from builder.publish.layout import Part, Table, patterns
from builder.publish.markdown import escaped, quoted
from builder.studies import load_kind
from builder.study import Study
from builder.tables import TableSpec

TEMPLATE = "dataset_card.md"

_LINK = re.compile(r"https://[\w./-]+")

_SIZES = [(10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M")]


def card(content: Content) -> str:
    """The whole README.md."""
    study, provenance = content.study, content.provenance
    parts, ratings = load_kind(study.study).publish(), content.people.ratings
    everybody = {group.source: group for group in raters(ratings, content.people.participants)}
    text = _template(parts.card()).render(
        title=content.title,
        study=study,
        provenance=provenance,
        pictures=provenance.pictures,
        withheld=provenance.withheld,
        repo=content.repo,
        weights=sorted(provenance.weights()),
        settings=tomli_w.dumps(provenance.study),
        items=content.specs[0].name,
        asked=[
            (question, " / ".join(content.people.wordings[question.name]) or question.text)
            for question in study.asked().questions
        ],
        aggregates=_aggregates(content),
        dictionary=dictionary(content.tables, content.specs, study.questionnaire()),
        counts=counts(content.tables, content.specs),
        coded=coded(content.tables, content.specs[0].name),
        raters=[group for source, group in everybody.items() if source != "expert"],
        experts=everybody.get("expert"),
        simulated="simulated" in everybody,
        seeds=sum(len(batch.seeds) for batch in provenance.batches),
        passed_over=sum(len(batch.seeds_passed_over) for batch in provenance.batches),
        **parts.figures(content),
    )
    return f"---\n{_metadata(content)}---\n\n{text}"


def _aggregates(content: Content) -> list[str]:
    """The columns of the items that are made from ratings."""
    questions = content.study.questionnaire().questions
    by_question = has_counts(content.items.column_names, questions)
    return [name for name in aggregate_columns(questions, by_question=by_question) if name != SOURCE]


def own_links(study: Study) -> list[str]:
    """The addresses that the templates of a study's card name, of papers."""
    return _LINK.findall(_template_path().read_text("utf-8") + load_kind(study.study).publish().card())


def citation(content: Content) -> bytes:
    """CITATION.cff, of the Citation File Format 1.2.0."""
    fields: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it.",
        "type": "dataset",
        "title": content.title,
        "version": content.provenance.version,
        "authors": [{"name": author} for author in content.study.publish.authors],
    }
    with contextlib.suppress(InvalidLicenseExpression):  # the Hub has names that SPDX does not have
        fields["license"] = str(canonicalize_license_expression(content.study.publish.license or ""))
    return _yaml(fields).encode()


def _metadata(content: Content) -> str:
    human = content.provenance.aggregates.source == "human"
    experts = ["expert-generated"] if "expert" in content.people.ratings["source"].to_pylist() else []
    tags = load_kind(content.study.study).publish().tags
    data = DatasetCardData(
        pretty_name=content.title,
        license=content.study.publish.license,
        language=["en"],
        annotations_creators=["crowdsourced", *experts] if human else experts or ["machine-generated"],
        source_datasets=["original"],
        size_categories=[next((name for most, name in _SIZES if content.items.num_rows < most), "10M<n<100M")],
        tags=["lands-between", *tags, "human-perception" if human else "model-audit"],
    )
    data["configs"] = [
        {
            "config_name": table,
            **({"default": True} if table == content.specs[0].name else {}),
            # The cache of `datasets` knows a folder by its configs: without this, another version would load as this.
            "description": f"{table} of version {content.provenance.version}, content {_digest(content, table)}",
            "data_files": [{"split": split, "path": pattern} for split, pattern in splits.items()],
        }
        for table, splits in patterns(content.tables, content.specs).items()
    ]
    _infos(content.tables, content.specs).to_dataset_card_data(data)
    return _yaml(_for_every_version(data.to_dict()))  # type: ignore[no-untyped-call]


def _yaml(fields: Any) -> str:
    text: str = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)
    return text


def _digest(content: Content, table: str) -> str:
    files = [content.provenance.files[part.path] for part in content.tables if part.table == table]
    return hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()[:16]


def _infos(tables: Mapping[Part, Table], specs: Sequence[TableSpec]) -> DatasetInfosDict:
    infos = DatasetInfosDict()
    for name in patterns(tables, specs):
        parts = {part: table for part, table in tables.items() if part.table == name}
        splits = SplitDict()
        for split in dict.fromkeys(part.split for part in parts):
            of_split = [table for part, table in parts.items() if part.split == split]
            rows, memory = sum(table.rows for table in of_split), sum(table.memory for table in of_split)
            splits[split] = SplitInfo(split, num_bytes=memory, num_examples=rows)
        infos[name] = DatasetInfo(
            features=next(iter(parts.values())).features,
            splits=splits,
            download_size=sum(table.disk for table in parts.values()),
            dataset_size=sum(table.memory for table in parts.values()),
        )
    return infos


def _for_every_version(metadata: Any) -> Any:
    """`list` of features as `sequence`, which versions of `datasets` before 4 understand too."""
    if isinstance(metadata, list):
        return [_for_every_version(each) for each in metadata]
    if not isinstance(metadata, dict):
        return metadata
    return {"sequence" if key == "list" else key: _for_every_version(value) for key, value in metadata.items()}


def _template(blocks: str) -> jinja2.Template:
    """The template of every card, with the blocks of a kind of study."""
    environment = jinja2.Environment(  # noqa: S701 - Markdown: what comes from data goes through md or quote
        loader=jinja2.DictLoader({TEMPLATE: _template_path().read_text("utf-8")}),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": escaped, "quote": quoted, "figure": _figure, "cell": _cell}
    return environment.from_string(blocks)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _cell(text: str) -> str:
    """A text as a cell of a table: what it says in code stays, and no cell ends early."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _template_path() -> Path:
    """The path of the template: at the top of a checkout, among the data files of an installed wheel."""
    checkout = Path(__file__).parents[2] / TEMPLATE
    if checkout.is_file():
        return checkout
    try:
        installed: Sequence[Any] = files("lands-between") or []
    except PackageNotFoundError:
        installed = []
    for file in installed:
        if file.name == TEMPLATE:
            return Path(str(file.locate()))
    raise PublishError(f"{TEMPLATE}, the template of the card, is absent from this installation; install it again")
