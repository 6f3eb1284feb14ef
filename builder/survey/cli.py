"""The commands `survey serve`, `survey export`, `survey results` and `survey texts`."""

import argparse
import ipaddress
from pathlib import Path

from builder.arguments import local_folder

DEFAULT_PORT = 8000


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `survey` to the commands of `python -m builder`."""
    survey = commands.add_parser("survey", help="ask people: serve the rating task, export it, get the results")
    tasks = survey.add_subparsers(required=True, metavar="COMMAND")
    database = "such as postgresql://user@host/name (default: SQLite in the study folder)"

    serve = tasks.add_parser("serve", help="serve the rating task as a web page")
    serve.add_argument("folder", type=local_folder, metavar="DIR")
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine alone")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"0: any (default: {DEFAULT_PORT})")
    serve.add_argument("--database", metavar="URL", help=database)
    serve.add_argument(
        "--token", help="opens /admin (default: $LANDS_BETWEEN_SURVEY_TOKEN, or a new one, which is printed)"
    )
    serve.add_argument(
        "--behind-proxy",
        type=_network,
        action="append",
        default=[],
        metavar="ADDRESS",
        help="of a web server in front, or its network; what it says in X-Forwarded-For and X-Forwarded-Proto is "
        "believed, and nobody else (may be given again)",
    )
    serve.add_argument(
        "--signed-links",
        nargs=2,
        metavar=("KEYS.json", "ADDRESS"),
        help="the platform signs its links (Prolific: secure external URLs): its public keys, a JSON Web Key Set, and "
        "the survey's address there, https://...; then only whom it vouches for takes part",
    )
    serve.set_defaults(run=_serve)

    export = tasks.add_parser(
        "export", help="write the task as a static page and for Qualtrics, Label Studio and MTurk"
    )
    export.add_argument("folder", type=local_folder, metavar="DIR")
    export.add_argument("out", type=Path, metavar="OUT", help="a new folder")
    export.add_argument("--images", metavar="URL", help="where OUT/page/images will lie on the web, for the tools")
    export.set_defaults(run=_export)

    results = tasks.add_parser("results", help="write the answers to a file, for ratings import")
    results.add_argument("folder", type=local_folder, metavar="DIR")
    results.add_argument("file", type=Path, metavar="FILE.jsonl")
    results.add_argument("--database", metavar="URL", help=database)
    results.set_defaults(run=_results)

    texts = tasks.add_parser("texts", help="print all that the page says, as a file to change: [survey] language")
    texts.add_argument("folder", type=local_folder, metavar="DIR")
    texts.set_defaults(run=_texts)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither an IP address nor a network of them") from None


def _serve(options: argparse.Namespace) -> int:
    from builder.survey.serve import serve

    serve(
        options.folder,
        host=options.host,
        port=options.port,
        database=options.database,
        token=options.token,
        behind=options.behind_proxy,
        links=options.signed_links and (Path(options.signed_links[0]), options.signed_links[1]),
    )
    return 0


def _export(options: argparse.Namespace) -> int:
    from builder.survey.export import export

    export(options.folder, options.out, options.images)
    print(f"{options.out}: README.md there says what each folder is for")
    return 0


def _results(options: argparse.Namespace) -> int:
    from builder.survey.results import write_results

    people, ratings = write_results(options.folder, options.file, options.database)
    print(f"{options.file}: {ratings} ratings of {people} participants")
    return 0


def _texts(options: argparse.Namespace) -> int:
    import tomli_w

    from builder.shards import StudyFolder
    from builder.studies import kind_texts
    from builder.survey.texts import read_texts

    study = StudyFolder(options.folder).study()
    print(tomli_w.dumps(read_texts(study.survey.language, study.asked(), kind_texts(study.study))), end="")
    return 0
