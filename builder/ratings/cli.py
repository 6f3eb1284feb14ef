"""The commands of `python -m builder ratings`; no logic of their own."""

import argparse
import re
from collections import Counter
from pathlib import Path
from typing import Any

from builder.arguments import local_folder

_COUNTS = ("read", "added", "completed", "already there", "refused", "participants added")
_MOST_LINES = 40
"""Files that are told one by one; the total is told of all."""


def add_commands(commands: Any) -> None:
    """Adds `ratings` and its commands to those of `python -m builder`."""
    ratings = commands.add_parser("ratings", help="bring in, check and remove what people say of the items")
    actions = ratings.add_subparsers(required=True, metavar="COMMAND")

    importing = _command(actions, "import", _import, "merge exports of survey tools into the ratings")
    importing.add_argument(
        "exports", type=Path, nargs="+", metavar="EXPORT", help="a file, a folder of files or an archive"
    )
    importing.add_argument("--format", default="auto", metavar="NAME", help="default: auto, what the file looks like")
    importing.add_argument("--map", type=Path, metavar="FILE.toml", help="what the columns hold, where they do not say")
    importing.add_argument(
        "--expert", action="store_true", help="answers of the study's authors: of the source expert, in no aggregate"
    )
    importing.add_argument("--dry-run", action="store_true", help="show what would happen, and draft a mapping")
    importing.add_argument("--skip-others", action="store_true", help="name and skip what cannot be read as an export")

    _command(actions, "undo", _undo, "take the last import back, whole")

    _command(actions, "status", _status, "ratings per item, items short of the wanted number, participants flagged")

    texts = _command(actions, "texts", _texts, "show the free texts that nobody has read; release or withhold them")
    texts.add_argument("--release", nargs="+", metavar="N", help="these identify nobody: N, N-M, or all")
    texts.add_argument("--withhold", nargs="+", metavar="N", help="never publish these")

    forget = _command(actions, "forget", _forget, "remove one person, for a withdrawal of consent")
    forget.add_argument("participant", metavar="PARTICIPANT", help="the platform's id, or the participant_id")
    forget.add_argument("--database", metavar="URL", help="of the survey (default: all that it used)")

    withdrawn = _command(
        actions, "withdrawn", _withdrawn, "list who returned, revoked or was rejected on the platform, or remove them"
    )
    withdrawn.add_argument("--remove", action="store_true", help="take their ratings out")
    withdrawn.add_argument("--database", metavar="URL", help="of the survey (default: SQLite in the study folder)")

    simulate = _command(actions, "simulate", _simulate, "add ratings of simulated raters, named so in every row")
    simulate.add_argument("--raters", type=int, default=10, metavar="N", help="for each batch (default: 10)")
    simulate.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")

    model = _command(actions, "from-model", _from_model, "add a model's answers as ratings of the source model")
    model.add_argument("model", metavar="NAME", help="a model of the study that decides")


def _command(actions: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.add_argument("folder", type=local_folder, metavar="DIR", help="the study folder")
    parser.set_defaults(run=run)
    return parser


def _import(options: argparse.Namespace) -> int:
    from builder.ratings.importing import import_exports
    from builder.ratings.preview import preview

    arguments = (options.folder, options.exports, options.format, options.map, options.skip_others)
    source = "expert" if options.expert else "human"
    if options.dry_run:
        seen = preview(*arguments, source=source)
        print(seen.error or "nothing is written; an import would do this:\n")
        if seen.imported:
            _print_imported(options.folder, seen.imported, dry=True)
            print(f"\nthe first ratings as they would be stored:\n{seen.first.to_string(index=False)}")
        if seen.draft:
            print(f"\na mapping for {options.exports[0].name}, to be mended and given with --map:\n{seen.draft}")
        return 2 if seen.error else 0
    imported = import_exports(*arguments, source=source)
    _print_imported(options.folder, imported, dry=False)
    _point_out_withdrawn(options.folder)
    if imported.nothing():
        print("\nno rating was taken: all were refused")
    return int(imported.nothing())


def _print_imported(folder: Path, imported: Any, dry: bool) -> None:
    names, total = [path.name for path, _ in imported.outcomes], f"{len(imported.outcomes)} files"
    width = max(map(len, ["file", *names, *([total] if len(names) > 1 else [])]))
    _print_counts("file", width, _COUNTS)
    totals = [0] * len(_COUNTS)
    for path, each in imported.outcomes:
        counts = (each.read, each.added, each.completed, each.already, each.refused, each.participants)
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        if len(imported.outcomes) <= _MOST_LINES:
            _print_counts(path.name, width, counts)
    if len(imported.outcomes) > 1:
        _print_counts(total, width, totals)
    for path, each in imported.outcomes:
        if not each.read:
            print(f"no rating in {path.name}: {each.participants} new participants")
    for path, reason in imported.skipped:
        print(f"skipped {path.name}: {reason}")
    reasons = imported.reasons()
    if reasons:
        print(
            f"\nrefused or left out, line by line in {folder / 'ratings' / 'refused.csv'}:" if not dry else "\nrefused:"
        )
        _print_reasons(reasons)
        _print_missing(folder, imported)
        print("in which a file is called by a digest of its content, for its name may tell who somebody is:")
        for path, each in imported.outcomes:
            if each.reasons:
                print(f"  {each.file}  {path.name}")


def _point_out_withdrawn(folder: Path) -> None:
    from builder.ratings.withdrawn import withdrawn_people

    people = withdrawn_people(folder)
    here = people[people["ratings"] > 0]
    if len(here):
        counts = ", ".join(f"{status} {count}" for status, count in here["status"].value_counts().items())
        print(f"\nratings of people whose submission does not count are still here, {here['ratings'].sum()} of them")
        print(f"({counts}): ratings withdrawn lists them, and with --remove takes them out")


def _withdrawn(options: argparse.Namespace) -> int:
    from builder.ratings.withdrawn import remove_withdrawn, withdrawn_people

    if options.remove:
        gone = remove_withdrawn(options.folder, options.database)
        if not any(gone.people.values()):
            print("nobody was removed: nothing of people whose submission does not count is here")
            return 1
        statuses = ", ".join(f"{status} {count}" for status, count in gone.people.items())
        print(f"removed {sum(gone.people.values())} people ({statuses}) with {gone.ratings} ratings", end="")
        print(f" and {gone.answers} answers in the survey's database; later imports will refuse their rows")
        if gone.published:
            print("Published versions that still hold somebody who was removed (publish --retract withdraws one):")
            print("\n".join(f"  {each}" for each in gone.published))
        return 0
    people = withdrawn_people(options.folder)
    for row in people.to_dict("records"):
        print(f"{row['participant_id']}  {row['status']:8}  {row['ratings']:6} ratings here")
    counts = people["status"].value_counts()
    print(f"{len(people)} people whose submission does not count: ", end="")
    print(", ".join(f"{status} {counts.get(status, 0)}" for status in ("returned", "revoked", "rejected")), end="")
    print("; --remove takes their ratings out" if people["ratings"].sum() else "; none of their ratings is here")
    return 0


def _print_counts(name: str, width: int, counts: Any) -> None:
    cells = (f"{count:>{max(len(head), 9)}}" for head, count in zip(_COUNTS, counts, strict=True))
    print(f"{name:{width}} {' '.join(cells)}")


def _print_missing(folder: Path, imported: Any) -> None:
    """Says what to do where all ratings of a file lack the answer to one question."""
    from builder.shards import StudyFolder

    names = StudyFolder(folder).study().questionnaire().names
    for name in names:
        lacking = [
            path for path, each in imported.outcomes if each.read and each.reasons[f"{name} missing"] == each.read
        ]
        if lacking:
            rest = [f'"{other}"' for other in names if other != name]
            where = f" in {lacking[0].name}" if len(lacking) == 1 else f" in {len(lacking)} of the files"
            print(
                f"nobody answered {name}{'' if len(lacking) == len(imported.outcomes) else where}: where it was not "
                f"asked, say so in the study file, [ratings] questions = [{', '.join(rest)}], or for these files in a "
                f"mapping: questions = [{', '.join(rest)}]; another import may bring the answers to {name}"
            )


def _undo(options: argparse.Namespace) -> int:
    from builder.ratings.undo import undo

    gone = undo(options.folder)
    print(
        f"the last import is taken back: {gone.ratings} ratings, {gone.participants} participants and {gone.refused} "
        "lines of refused.csv are gone"
        + (f", and {gone.completed} ratings are without what it added to them" if gone.completed else "")
        + (f", and {gone.submissions} submissions stand as before" if gone.submissions else "")
    )
    return 0


def _status(options: argparse.Namespace) -> int:
    from builder.ratings.status import ratings_status

    status = ratings_status(options.folder)
    for source, each in status.sources.items():
        if not each.ratings and (source != "human" or any(other.ratings for other in status.sources.values())):
            continue
        print(f"{source}: {each.ratings} ratings by {each.participants} participants")
        if set(each.answers.values()) != {each.ratings}:
            print("  answers  " + ", ".join(f"{name} {n}" for name, n in each.answers.items()))
        counts = ", ".join(f"{n}: {items} {status.table}" for n, items in each.items_by_ratings.items())
        print(f"  ratings per {status.table.removesuffix('s')}  {counts}")
        if source == "human":
            print(f"  short of {status.wanted}: {each.short} of {status.items} {status.table}")
        print("  flagged  " + ", ".join(f"{flag} {n}" for flag, n in each.flagged.items()))
    if status.reasons:
        print("refused or left out (ratings/refused.csv)")
        _print_reasons(status.reasons)
    print(f"texts held back: {status.held_back}; participants removed: {status.forgotten}")
    if status.withdrawn:
        statuses = ", ".join(f"{word} {count}" for word, count in sorted(status.withdrawn.items()))
        print(f"people whose submission does not count (ratings withdrawn): {statuses}")
    return 0


def _print_reasons(reasons: Counter[str]) -> None:
    for reason, times in reasons.most_common():
        print(f"{times:9}  {reason}")


def _texts(options: argparse.Namespace) -> int:
    from builder.ratings.texts import decide, show
    from loading_script.shell import printable

    if options.release or options.withhold:
        everything = options.release == ["all"]
        released = None if everything else _numbers(options.release or [])
        counts = decide(options.folder, released, _numbers(options.withhold or []))
        print(f"released {counts[0]}, withheld {counts[1]}; ratings texts shows what is left")
        return 0
    texts = show(options.folder)
    for number, row in enumerate(texts.to_dict("records"), start=1):
        finding = f"holds what looks like: {row['found']}" if row["found"] else "nothing found"
        print(f"{number}  {row['question']} of {row['participant_id']}: {finding}\n   {printable(str(row['text']))}")
    if len(texts):
        print(f"{len(texts)} to read: a program knows no names, places or numbers of persons.")
        print("--withhold N ... keeps back what may identify somebody; --release N ... or all lets the rest go.")
    else:
        print("every free text was read")
    return 0


def _numbers(ranges: list[str]) -> list[int]:
    """The numbers in texts such as 3 and 5-9."""
    from builder.errors import RatingsError

    numbers: list[int] = []
    for text in ranges:
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", text)
        if not match:
            raise RatingsError(f"{text!r}: give numbers of texts, such as 3 or 5-9, or --release all")
        numbers += range(int(match[1]), int(match[2] or match[1]) + 1)
    return numbers


def _forget(options: argparse.Namespace) -> int:
    from builder.ratings.forget import forget

    gone = forget(options.folder, options.participant, options.database)
    where = f"{gone.ratings} ratings and {gone.answers} answers in the survey's database"
    print(f"{gone.participant_id}: removed with {where}; later imports will refuse this person's rows")
    if gone.others:
        print(f"and so was what came with the same platform's id from somebody else: {', '.join(gone.others)}")
    if gone.published:
        print("Published versions that still hold this person, or another who was removed:")
        print("\n".join(f"  {each}" for each in gone.published))
        print("Beside a later version each shows who left: withdraw them with publish --retract.")
    print(
        "\n".join([*gone.beyond, "The exports that were imported still hold this person: remove the rows there too."])
    )
    if gone.remains:
        print("NOT DONE YET, what was removed can still be read in:")
        print("\n".join(f"  {each}" for each in gone.remains))
        print("Run the same command again when nobody reads there.")
    return 1 if gone.remains else 0


def _simulate(options: argparse.Namespace) -> int:
    from builder.ratings.importing import add
    from builder.shards import StudyFolder
    from builder.studies import load_kind

    simulator = load_kind(StudyFolder(options.folder).study().study).simulator()
    added = add(options.folder, *simulator.simulate(options.folder, options.raters, options.seed))
    print(f"{options.folder}: {added} simulated ratings added (source = simulated in every row)")
    return 0


def _from_model(options: argparse.Namespace) -> int:
    from builder.ratings.importing import add
    from builder.shards import StudyFolder
    from builder.studies import load_kind

    simulator = load_kind(StudyFolder(options.folder).study().study).simulator()
    ratings, participants, without = simulator.from_model(options.folder, options.model)
    added = add(options.folder, ratings, participants)
    print(f"{options.folder}: {added} ratings by {options.model} added (source = model in every row)")
    if without:
        print(f"{without} items have none: {options.model} gives no answer there")
    return 0
