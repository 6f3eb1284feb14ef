"""The commands `survey serve`, `survey export` and `survey results`."""

import argparse
from pathlib import Path

DEFAULT_PORT = 8000


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `survey` to the commands of `python -m builder`."""
    survey = commands.add_parser("survey", help="ask people: serve the rating task, export it, get the results")
    tasks = survey.add_subparsers(required=True, metavar="COMMAND")
    database = "such as postgresql://user@host/name (default: SQLite in the study folder)"

    serve = tasks.add_parser("serve", help="serve the rating task as a web page")
    serve.add_argument("folder", type=Path, metavar="DIR")
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine alone")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"0: any (default: {DEFAULT_PORT})")
    serve.add_argument("--database", metavar="URL", help=database)
    serve.add_argument(
        "--token", help="opens /admin (default: $LANDS_BETWEEN_SURVEY_TOKEN, or a new one, which is printed)"
    )
    serve.set_defaults(run=_serve)

    results = tasks.add_parser("results", help="write the answers to a file, for ratings import")
    results.add_argument("folder", type=Path, metavar="DIR")
    results.add_argument("file", type=Path, metavar="FILE.jsonl")
    results.add_argument("--database", metavar="URL", help=database)
    results.set_defaults(run=_results)


def _serve(options: argparse.Namespace) -> int:
    from builder.survey.serve import serve

    serve(options.folder, host=options.host, port=options.port, database=options.database, token=options.token)
    return 0


def _results(options: argparse.Namespace) -> int:
    from builder.survey.results import write_results

    people, ratings = write_results(options.folder, options.file, options.database)
    print(f"{options.file}: {ratings} ratings of {people} participants")
    return 0
