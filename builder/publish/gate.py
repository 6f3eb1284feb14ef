"""The last checks before anything leaves the machine."""

from collections.abc import Iterable, Iterator, Set
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from builder.errors import PublishError
from builder.publish.anonymity import Earlier, finer, smallest_group
from builder.publish.layout import part_of
from builder.publish.markdown import escaped
from builder.publish.provenance import FILES
from builder.publish.tables import People
from builder.ratings.privacy import findings
from builder.shards import StudyFolder
from builder.studies import PictureRights
from builder.study import Study
from builder.survey.settings import wording_key
from loading_script.tables import DEMOGRAPHICS

NEEDED_FOR_PEOPLE = [
    "purpose",
    "institution",
    "contact",
    "ethics_approval",
    "expected_minutes",
    "pay",
    "recruitment",
    "consent",
    "consent_version",
]
"""Keys of `[survey]` without which no human rating is published: the card states them, beside what was asked."""

_COLUMNS = ", ".join(DEMOGRAPHICS)


def check_shards(folder: StudyFolder) -> list[int]:
    """Reads every shard.

    Returns:
        The finished batches, which are all that the study asks for.

    Raises:
        PublishError: batches are damaged or missing.
    """
    status = folder.status(verify=True)
    if status.damaged:
        batch, reason = next(iter(status.damaged.items()))
        raise PublishError(
            f"{folder.root}: {len(status.damaged)} batches are damaged, such as {batch}: {reason}\n"
            "  Remove manifest/batch-NNNNN.json of a damaged batch, and the next build computes it again"
        )
    if status.missing:
        raise PublishError(
            f"{folder.root}: {len(status.missing)} of {status.wanted} batches are not built, such as "
            f"{status.missing[0]}; build them, or lower batches in its study.toml"
        )
    return list(status.done)


def check_statements(study: Study, people: People) -> None:
    """Checks that the study file says what the card has to state.

    Raises:
        PublishError: keys of the study file are missing, naming all of them.
    """
    missing = [key for key in ("license", "authors") if not getattr(study.publish, key)]
    names = [f"[publish] {key}" for key in missing]
    if people.aggregates.source == "human":
        stated = study.survey.model_dump()
        names += [f"[survey] {key}" for key in NEEDED_FOR_PEOPLE if stated[key] is None]
        names += [f"[survey] {wording_key(name)}" for name, texts in people.wordings.items() if not texts]
    if names:
        raise PublishError(f"study.toml of the study folder lacks what the card must state: {', '.join(names)}")


def check_license(study: Study, rights: PictureRights | None) -> None:
    """Whether the version's license is one that the source of its pictures allows, where they go out.

    Raises:
        PublishError: it is not, naming those that are.
    """
    license = study.publish.license
    if rights and rights.redistributable and rights.demands and license not in rights.demands:
        raise PublishError(
            f'[publish] license = "{license}" contradicts the license of the pictures, {rights.license}, which demands '
            f"of what is made of them one of: {', '.join(rights.demands)}"
        )


def check_texts(folder: Path, people: People) -> None:
    """Whether somebody has read every free text that goes out.

    Raises:
        PublishError: nobody has, naming the command that shows them.
    """
    if people.unread:
        raise PublishError(
            f"{people.unread} free texts were read by nobody, and no program knows the names in them:\n"
            f"  python -m builder ratings texts {folder}\n  shows them, and releases or withholds them; nothing was "
            "published"
        )


def check_people(people: People, k: int, earlier: Earlier) -> None:
    """Whether every rating has its participant, and demographics are shared by k: of everybody, and of those who came
    new after any earlier version; and whether nothing is finer than it was.

    Raises:
        PublishError: they do not.
    """
    ids = people.participants["participant_id"]
    strangers = people.ratings.filter(pc.invert(pc.is_in(people.ratings["participant_id"], value_set=pc.unique(ids))))
    if strangers.num_rows:
        raise PublishError(f"ratings: {strangers['rating_id'][0].as_py()!r} is of nobody in the table participants")
    if pc.count_distinct(ids).as_py() < len(ids):
        raise PublishError("participants: one id stands there twice")
    for members in (frozenset[str](), *earlier.members):
        new = people.participants.filter(pc.invert(pc.is_in(ids, value_set=pa.array(members, pa.string()))))
        smallest = smallest_group(new)
        if smallest is not None and smallest < k:
            who = "people who came new since an earlier version" if members else "people"
            raise PublishError(f"participants: a combination of {_COLUMNS} is that of {smallest} {who}")
    for id_ in finer(people.participants, earlier):
        raise PublishError(f"participants: more is said of {id_} than in the version before")


def check_identifiers(folder: Path, stated: Iterable[str], released: Set[str] = frozenset()) -> None:
    """Searches everything that goes out for what identifies a person.

    Args:
        folder: what goes out.
        stated: texts that the researcher wrote to be published, such as the contact; neither they nor the names of the
            published files are searched.
        released: free texts that somebody read and released; neither are these.

    Raises:
        PublishError: something was found, naming the file, the column and what it is.
    """
    paths = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    names = {*FILES, *paths}
    texts = [form for text in (*stated, *names) for form in (text, *(escaped(line) for line in text.splitlines()))]
    for path in paths:
        part = part_of(path)
        if part and part.table in ("ratings", "participants"):
            for column, value in _strings(pq.ParquetFile(folder / path).read()):
                if value in released:
                    continue
                _refuse(f"{path}, {column}", _but_for_figures(value) if column.endswith("_id") else findings(value))
        elif path.endswith((".md", ".cff")):
            content = (folder / path).read_text("utf-8")
            for text in sorted(filter(None, texts), key=len, reverse=True):
                content = content.replace(text, " ")
            for number, line in enumerate(content.splitlines(), 1):
                _refuse(f"{path}, line {number}", _but_for_figures(line))


def _but_for_figures(text: str) -> list[str]:
    """The findings in ids and in tables of figures, where digits are no phone number and no place."""
    return [finding for finding in findings(text) if finding not in ("phone number", "coordinates")]


def _refuse(where: str, kinds: list[str]) -> None:
    if kinds:
        raise PublishError(f"{where}: holds what looks like: {', '.join(kinds)}; nothing was published")


def _strings(rows: pa.Table) -> Iterator[tuple[str, str]]:
    for name in rows.column_names:
        column = rows[name].combine_chunks()
        if pa.types.is_list(column.type):
            column = column.flatten()
        if pa.types.is_string(column.type):
            yield from ((name, value) for value in column.unique().drop_null().to_pylist())
