"""The commands `publish` and `verify`; no logic of their own."""

import argparse
from typing import TYPE_CHECKING, Any

from builder.arguments import local_folder, local_path

if TYPE_CHECKING:
    from builder.publish.publishing import Outcome


def add_commands(commands: Any) -> None:
    """Adds both to the commands of `python -m builder`."""
    publish = commands.add_parser(
        "publish",
        help="publish a study as a version of a dataset, or withdraw one",
        description="Publishes a study as a version of a dataset, in a folder or on the Hub, or withdraws one.",
    )
    publish.add_argument("folder", type=local_folder, nargs="?", metavar="DIR", help="the study folder")
    where = publish.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", type=local_path, metavar="FOLDER", help="the folder that becomes the version")
    where.add_argument("--repo", metavar="USER/NAME", help="the dataset on the Hub that gets the version")
    what = publish.add_mutually_exclusive_group(required=True)
    what.add_argument("--version", metavar="X.Y.Z", help="the version; a step too small for what changed is refused")
    what.add_argument("--retract", metavar="X.Y.Z", help="withdraw this version; DIR, if given, notes it")
    publish.add_argument("--why", metavar="TEXT", help="why it is withdrawn; stays in the changelog")
    publish.add_argument("--private", action="store_true", help="where the dataset is made anew, make it private")
    publish.add_argument("--with-simulated", action="store_true", help="publish simulated ratings too")
    publish.add_argument("--exclude-flagged", action="store_true", help="aggregates without flagged participants")
    publish.add_argument("--dry-run", action="store_true", help="print what would go, with sizes; send nothing")
    publish.set_defaults(run=_publish)

    verify = commands.add_parser(
        "verify",
        help="check a published version: hashes, schema, ids, aggregates, decisions",
        description="Checks a published version: hashes, schema, ids, aggregates, decisions against distances.",
    )
    verify.add_argument("dataset", metavar="FOLDER_OR_REPO", help="a published folder, or a dataset USER/NAME")
    verify.add_argument("--revision", metavar="REVISION", help="of the dataset, such as v1.0.0 (default: the newest)")
    verify.add_argument(
        "--predictions",
        action="store_true",
        help="ask the classifiers again of every published picture, which takes as long as it took the study",
    )
    verify.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME=MODEL",
        help="a classifier whose weights are yours, as a study file says it, such as mine=onnx:model.onnx",
    )
    verify.set_defaults(run=_verify)


def _publish(options: argparse.Namespace) -> int:
    from builder.errors import PublishError
    from builder.publish import publishing
    from builder.publish.prepare import Options

    if options.retract:
        return _retract(options)
    if options.folder is None:
        raise PublishError("name the study folder: python -m builder publish DIR ...")
    if options.why is not None:
        raise PublishError("--why goes with --retract")
    choice = Options(with_simulated=options.with_simulated, flagged_excluded=options.exclude_flagged)
    if options.to:
        outcome = publishing.publish_to_folder(
            options.folder, options.to, options.version, choice, dry_run=options.dry_run
        )
    else:
        outcome = publishing.publish_to_hub(
            options.folder, options.repo, options.version, choice, private=options.private, dry_run=options.dry_run
        )
    _print(outcome, str(options.to or options.repo), options.version, dry_run=options.dry_run)
    return 0


def _print(outcome: "Outcome", target: str, version: str, *, dry_run: bool) -> None:
    if dry_run:
        for path, file in sorted(outcome.files.items()):
            print(f"{file.bytes:12}  {file.sha256}  {path}")
    for change in outcome.prepared.changes:
        print(f"{change.step}: {change.note}")
    for text in outcome.prepared.left_out:
        print(f"left out: {text}")
    if outcome.prepared.with_times:
        versions = ", ".join(outcome.prepared.with_times)
        print(f"to be withdrawn with --retract, for they tell the time of every rating: {versions}")
    size = sum(file.bytes for file in outcome.files.values())
    done = "nothing to do, is there already" if not outcome.prepared.changes else "published"
    print(f"{target}: version {version}, {len(outcome.files)} files, {size} bytes ({'dry run' if dry_run else done})")


def _retract(options: argparse.Namespace) -> int:
    from builder.publish import publishing

    why = options.why or ""
    if options.to:
        current = publishing.withdraw_from_folder(options.to, options.retract, why, options.folder)
        gone = "its files are gone" if current else "its files were replaced by a later version's before"
    else:
        publishing.withdraw_from_hub(options.repo, options.retract, why, options.folder)
        gone = "its tag and its files are gone"
    print(f"{options.to or options.repo}: version {options.retract} is withdrawn, {gone}; the next version is a major")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from builder.errors import PublishError
    from builder.publish.verify import opened, verify

    models = dict(each.partition("=")[::2] for each in options.model)
    if models and not options.predictions:
        raise PublishError("--model goes with --predictions")
    accounts: list[str] = []
    with opened(options.dataset, options.revision) as folder:
        errors = verify(folder)
        if options.predictions and not errors:
            from builder.publish.repeat import repeat

            errors, accounts = repeat(folder, models)
    for line in accounts:
        print(line)
    print("\n".join(errors) or f"{options.dataset}: everything is as it should be")
    return 1 if errors else 0
