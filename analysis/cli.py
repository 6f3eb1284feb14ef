"""The commands of `python -m analysis`; no logic of their own."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from analysis.errors import AnalysisError
from loading_script.shell import run

_OURS = {"analysis", "loading_script"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        The exit status: 0 for done, 2 for an error, 130 where it was stopped.
    """
    options = _parser().parse_args(arguments)
    return run(lambda: int(options.run(options)), AnalysisError, _install, "nothing was written")


def _install(module: str) -> str | None:
    return None if module.partition(".")[0] in _OURS else "pip install 'lands-between[analysis]'"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analysis", description="From a published dataset to findings.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    report = commands.add_parser("report", help="make tables, figures and one HTML page of a dataset")
    report.add_argument(
        "dataset", metavar="DATASET", help="a published folder, a study folder without ratings, or user/name on the Hub"
    )
    report.add_argument("--revision", metavar="R", help="a version such as v1.2.0 of user/name; a folder must be of it")
    report.add_argument("--out", type=Path, default=Path("report"), metavar="DIR", help="default: report")
    report.add_argument("--exclude-flagged", action="store_true", help="leave out flagged participants")
    report.add_argument(
        "--attributes",
        type=Path,
        metavar="FILE",
        help="a CSV or Parquet table of attributes by image_id; each is a grouping too",
    )
    report.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="COLUMN",
        help="group the rates by this column of participants, of images (the first of an item) or of attributes too; "
        "may be given again",
    )
    report.add_argument(
        "--compare-with",
        metavar="NAME",
        help="put the printed figures of another study beside this one's; `paper`: of the one that its kind is after",
    )
    report.add_argument(
        "--signal-detection",
        action="store_true",
        help="d' and criterion of people and models by a hierarchical probit model; takes minutes, and the extra "
        "`signal`",
    )
    report.set_defaults(run=_report)
    return parser


def _report(options: argparse.Namespace) -> int:
    from analysis.report.make import make_report

    index = make_report(
        options.dataset,
        options.out,
        revision=options.revision,
        exclude_flagged=options.exclude_flagged,
        attributes=options.attributes,
        groups=options.group,
        compare_with=options.compare_with,
        signal_detection=options.signal_detection,
    )
    print(index)
    return 0
