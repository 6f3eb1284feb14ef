"""The error about a file that no reader recognizes: what was met, what is missing, and the mapping that would help."""

from collections.abc import Sequence

from builder.ratings.export import ExportFile
from builder.ratings.formats.json_records import first_object, flattened, is_json
from builder.ratings.formats.names import PARTICIPANT_NAMES, asks_in, item_columns, tokens_of
from builder.ratings.formats.tabular import head
from builder.tasks import Questionnaire
from builder.toml import literal

DESCRIBED = "builder/ratings/mapping.py"
"""The place where the mapping is described."""

_METADATA = {
    *(
        "startdate",
        "enddate",
        "status",
        "ipaddress",
        "progress",
        "finished",
        "recordeddate",
        "responseid",
        "userlanguage",
    ),
    *("durationinseconds", "locationlatitude", "locationlongitude", "distributionchannel", "externalreference"),
    *(
        "recipientlastname",
        "recipientfirstname",
        "recipientemail",
        "useragent",
        "browser",
        "os",
        "device",
        "ip",
        "email",
    ),
    *("submitdate", "lastpage", "startlanguage", "seed", "datestamp", "ipaddr", "refurl", "triggertime", "sessionid"),
    *("date", "expname", "psychopyversion", "framerate", "session", "condition"),
}
"""Names that tools give to what is no answer, without spaces and signs."""


def unknown_format(file: ExportFile, formats: Sequence[str], asks: Questionnaire) -> str:
    """The message."""
    names = columns_met(file)
    candidates = answer_columns(names)
    kind = "JSON" if is_json(file) else "a table" if len(names) > 1 else "text"
    missing = _missing(names, asks)
    listed = ", ".join(map(literal, candidates[:20])) + (", ..." if len(candidates) > 20 else "")
    met = f"columns that may be answers: {listed}. " if candidates else ""
    return (
        f"is {kind} of no known format ({', '.join(formats)}). {met}{missing}Name its format with --format, or say in "
        f"a mapping which columns hold what (--map mapping.toml, described in {DESCRIBED}): {_draft(asks)}"
    )


def columns_met(file: ExportFile) -> list[str]:
    """The names of the columns, or in JSON of the first object."""
    if is_json(file):
        return [name for name, _ in flattened(first_object(file))]
    rows = head(file, 1)
    return [name for name in rows[0] if name] if rows else []


def answer_columns(names: Sequence[str]) -> list[str]:
    """The names without what tools add of their own."""
    return [name for name in names if "".join(tokens_of(name)) not in _METADATA]


def _missing(names: Sequence[str], asks: Questionnaire) -> str:
    """The columns that the plain reader needs and did not meet."""
    folded = {name.casefold() for name in names}
    answered = any(asks_in(name, asks) for name in names)
    lacking = []
    if folded.isdisjoint(PARTICIPANT_NAMES):
        lacking.append(f"one that names the participant ({PARTICIPANT_NAMES[0]})")
    if not answered:
        lacking.append(f"one that answers a question ({' or '.join(asks.names)})")
    if not answered and folded.isdisjoint(item_columns(asks)):
        lacking.append(f"one that names the {asks.item} ({asks.key})")
    return f"Without a mapping it lacks: {', '.join(lacking)}. " if lacking else ""


def _draft(asks: Questionnaire) -> str:
    answers = ", ".join(f"{name} = ..." for name in asks.names)
    return f"[columns] participant = ..., {asks.item} = ..., {answers}"
