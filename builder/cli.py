"""The commands of `python -m builder`; no logic of their own."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.arguments import folder, gibibytes, integer, png_path, port, positive, share
from builder.errors import BuildError, LandsBetweenError
from builder.extras import how_to_install
from builder.publish.cli import add_commands as add_publish
from builder.ratings.cli import add_commands as add_ratings
from builder.survey.cli import add_commands as add_survey
from loading_script.shell import run

if TYPE_CHECKING:
    from builder.build import Crew
    from builder.study import Study

_WORKERS = (
    "default: 1; where batches mostly train networks, which takes one thread, one for each CPU, unless there is a GPU; "
    "with ray as many as the cluster fits"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        The exit status: 0 for done, 1 where `status` or `assets` finds something missing or damaged, 2 for an error.
    """
    options = _parser().parse_args(arguments)
    stopped = "finished batches are kept, the same command continues"
    return run(lambda: _dispatch(options), LandsBetweenError, how_to_install, stopped)


def _dispatch(options: argparse.Namespace) -> int:
    from tqdm.contrib.logging import logging_redirect_tqdm  # which takes longer than all that --help needs

    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
    with logging_redirect_tqdm():
        return int(options.run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m builder", description="Builds, rates and publishes studies.")
    parser.set_defaults(verbose=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_builds(commands)
    _add_studies(commands)
    _add_models(commands)
    _add_picture(commands)
    add_publish(commands)
    add_ratings(commands)
    add_survey(commands)
    return parser


def _add_builds(commands: Any) -> None:
    build = commands.add_parser("build", help="build a study's batches into its folder, or continue it")
    build.add_argument(
        "study", nargs="?", metavar="STUDY", help="a study file, or the name of a packaged study (default: the demo)"
    )
    build.add_argument(
        "--out", type=folder, metavar="DIR", help="a folder or an fsspec URL (default: out/<study name>)"
    )
    build.add_argument("--batches", type=integer, metavar="N", help="how many; raising it continues the folder")
    build.add_argument("--seed", type=integer, metavar="N", help="seed of all that is drawn")
    build.add_argument("--metrics-port", type=port, metavar="N", help="serve the build's progress for Prometheus")
    build.add_argument(
        "--dry-run", action="store_true", help="say how many items, ratings and minutes that is, and build nothing"
    )
    _add_crew(build)
    build.set_defaults(run=_build)

    status = commands.add_parser("status", help="done, missing and damaged batches of a study folder; rate, slow steps")
    status.add_argument("folder", type=folder, metavar="DIR")
    status.add_argument("--verify", action="store_true", help="read every shard and compare its SHA-256")
    status.add_argument("--repair", action="store_true", help="verify, and build the damaged batches again")
    _add_crew(status)
    status.set_defaults(run=_status)


def _add_studies(commands: Any) -> None:
    studies = commands.add_parser("studies", help="list the packaged studies by kind")
    studies.add_argument(
        "--packages", metavar="NAME", help="print the packages that the extras of this one bring, for pip, and no more"
    )
    studies.set_defaults(run=_studies)

    study = commands.add_parser("study", help="print a packaged study file, a comment on every key")
    study.add_argument("name", nargs="?", metavar="NAME", help="default: the demo")
    study.set_defaults(run=_study)


def _add_models(commands: Any) -> None:
    fetch = commands.add_parser("fetch", help="fetch the weights that a study needs and that are missing")
    fetch.add_argument(
        "study", nargs="?", metavar="STUDY", help="a study file, or the name of a packaged study (default: the demo)"
    )
    fetch.add_argument("--all", action="store_true", help="those of every model that is installed")
    fetch.add_argument("--verbose", action="store_true", help="say what is being done")
    fetch.set_defaults(run=_fetch)

    assets = commands.add_parser("assets", help="list the weights: size, license, present or not")
    assets.set_defaults(run=_assets)

    models = commands.add_parser("models", help="list the models by group: license, weights, device")
    models.set_defaults(run=_models)

    convert = commands.add_parser("convert", help="convert StyleGAN2 weights to safetensors, reading them as data")
    convert.add_argument("source", type=Path, metavar="SOURCE", help="a network pickle of NVIDIA's or rosinality's .pt")
    convert.add_argument("target", type=Path, metavar="TARGET.safetensors")
    convert.set_defaults(run=_convert)


def _add_picture(commands: Any) -> None:
    picture = commands.add_parser("picture", help="draw one item of a batch, with all that belongs to it, as a PNG")
    picture.add_argument("folder", type=folder, metavar="DIR")
    picture.add_argument("png", type=png_path, metavar="FILE.png")
    picture.add_argument("--batch", type=integer, default=0, metavar="N", help="default: 0")
    picture.add_argument(
        "--index", "--base", type=integer, default=0, metavar="N", help="index in the batch (default: 0)"
    )
    picture.set_defaults(run=_picture)


def _add_crew(command: argparse.ArgumentParser) -> None:
    command.add_argument("--engine", choices=["local", "ray"], default="local", help="default: local, processes here")
    command.add_argument("--address", metavar="URL", help="of a Ray cluster (default: one of this machine alone)")
    command.add_argument("--workers", type=positive, metavar="N", help=_WORKERS)
    command.add_argument("--threads-per-worker", type=positive, metavar="N", help="default: CPUs / workers; with ray 1")
    command.add_argument(
        "--memory-per-worker",
        type=gibibytes,
        metavar="GIB",
        help="of the CPU or the GPU that models run on; default: three quarters of what is free, shared by all workers",
    )
    command.add_argument(
        "--gpus-per-worker", type=share, default=1.0, metavar="X", help="may be a fraction; default: 1"
    )
    command.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="default: auto")
    command.add_argument("--verbose", action="store_true", help="say what is being done")


def _crew(options: argparse.Namespace) -> "Crew":
    from builder.build import Crew

    if options.address and options.engine != "ray":
        raise BuildError("--address is a Ray cluster's; add --engine ray")
    return Crew(
        engine=options.engine,
        device=options.device,
        workers=options.workers,
        threads=options.threads_per_worker,
        gpus=options.gpus_per_worker,
        address=options.address,
        memory=options.memory_per_worker,
        verbose=options.verbose,
    )


def _build(options: argparse.Namespace) -> int:
    from builder.build import build
    from builder.study import read_study

    study = read_study(options.study, batches=options.batches, seed=options.seed)
    out = options.out or str(Path("out") / study.name)
    if options.dry_run:
        return _plan(study, out)
    outcome = build(study, out, _crew(options), options.metrics_port)
    _print_failed(outcome.failed)
    status = outcome.status
    batches = f"{len(status.done)} batch{'es' if len(status.done) != 1 else ''}"
    what = "nothing to do, all are finished; status --verify reads every byte"
    if outcome.built or outcome.failed:
        what = f"built {outcome.built} now"
    rows = ", ".join(f"{count} {table}" for table, count in status.rows.items())
    print(f"{out}: {batches}, {rows} ({what})")
    if status.done:
        _print_how_to_load(out, next(table for table, count in status.rows.items() if count))
    return 1 if outcome.failed else 0


def _plan(study: "Study", out: str) -> int:
    from builder.catalog import needed
    from builder.plan import plan

    print(f"{study.name}, a study of the kind {study.study}, into {out}; nothing is built\n")
    print("\n".join(plan(study, out).lines()))
    print(f"needs: {needed(study)}")
    return 0


def _print_how_to_load(out: str, default: str) -> None:
    if "://" in out and not out.startswith("file://"):
        arguments = f'"arrow", data_files={out.rstrip("/") + f"/shards/{default}/*.arrow"!r}'
    else:
        arguments = f'{out!r}, "{default}"'
    print(f'\nfrom datasets import load_dataset\n{default} = load_dataset({arguments}, split="train")')


def _status(options: argparse.Namespace) -> int:
    from builder.build import repair
    from builder.log import read_log, summary, table
    from builder.shards import StudyFolder

    if options.repair:
        outcome = repair(options.folder, _crew(options))
        again = f"built {outcome.built} damaged batch{'es' if outcome.built != 1 else ''} again" if outcome else ""
        print(again or "nothing is damaged")
        _print_failed(outcome.failed if outcome else {})
    folder = StudyFolder(options.folder)
    status = folder.status(verify=options.verify and not options.repair)
    print(f"wanted   {status.wanted}\ndone     {len(status.done)}")
    print(f"missing  {len(status.missing)}{_few(status.missing)}")
    print(f"damaged  {len(status.damaged)}")
    for batch, reason in status.damaged.items():
        print(f"  batch {batch}: {reason}")
    if status.damaged:
        print("\nstatus --repair builds the damaged batches again.")
    elif not options.verify and not options.repair:
        print("\nSizes were compared; --verify reads every byte.")
    steps = summary(read_log(folder.storage, range(status.wanted)), status.done)
    if steps:
        print(f"\n{table(steps, len(status.missing) + len(status.damaged))}")
    return 1 if status.missing or status.damaged else 0


def _print_failed(failed: dict[int, str]) -> None:
    """Prints the numbers of batches that failed; why was said when it happened, and is in the log."""
    if failed:
        print(f"failed   {len(failed)}{_few(sorted(failed))}; the same command tries again", file=sys.stderr)


def _few(batches: Sequence[int], most: int = 10) -> str:
    if not batches:
        return ""
    numbers = ", ".join(map(str, batches[:most]))
    return f"  ({numbers}{', ...' if len(batches) > most else ''})"


def _study(options: argparse.Namespace) -> int:
    from builder.studies import DEFAULT_STUDY, packaged_text

    print(packaged_text(options.name or DEFAULT_STUDY), end="")
    return 0


def _studies(options: argparse.Namespace) -> int:
    from builder.catalog import extras_of, needed
    from builder.extras import packages_of
    from builder.studies import DEFAULT_STUDY, packaged
    from builder.study import read_study

    if options.packages:
        extras = extras_of(read_study(options.packages))
        print("\n".join(package for extra in extras for package in packages_of(extra)))
        return 0
    for name, kind in packaged().items():
        print(f"{name:28} {kind:16}{' the default' if name == DEFAULT_STUDY else ''}".rstrip())
        print(f"    needs {needed(read_study(name))}")
    print("\npython -m builder study NAME prints one, python -m builder build NAME builds it.")
    return 0


def _fetch(options: argparse.Namespace) -> int:
    from builder import assets
    from builder.catalog import assets_of, declared
    from builder.study import read_study

    fetched = assets.fetch(declared() if options.all else assets_of(read_study(options.study)))
    print("\n".join(f"fetched {package}" for package in fetched) or "everything is here already")
    print(f"in {assets.cache_folder()}")
    return 0


def _assets(options: argparse.Namespace) -> int:
    from builder import assets
    from builder.catalog import declared

    states = [(asset, assets.state(asset)) for asset in declared()]
    for asset, state in states:
        package = f"{asset.package.name} {asset.package.version}"
        print(f"{asset.name:30} {asset.size / 1e6:7.3f} MB  {state:8} {package:30} {asset.license}")
    print(f"cache: {assets.cache_folder()}")
    return 0 if all(state == "present" for _, state in states) else 1


def _models(options: argparse.Namespace) -> int:
    from builder.catalog import catalog
    from builder.runtime import start_runtime

    for group, entries in catalog(start_runtime("auto")).items():
        print(f"{group}")
        for entry in entries:
            print(f"  {entry.model}\n    license  {entry.license}")
            print(f"    weights  {entry.weights}\n    device   {entry.device}")
    return 0


def _convert(options: argparse.Namespace) -> int:
    from builder.generators.stylegan2.checkpoints import convert

    config, sha256 = convert(options.source, options.target)
    print(f"{options.target}: StyleGAN2, {config.img_resolution} pixels, w of {config.w_dim}")
    print(f'\n[generator]\nmodel = "stylegan2:{options.target}"\nsha256 = "{sha256}"')
    return 0


def _picture(options: argparse.Namespace) -> int:
    from builder.shards import StudyFolder
    from builder.studies import load_kind

    kind = load_kind(StudyFolder(options.folder).study().study)
    kind.picture(options.folder, options.png, batch=options.batch, index=options.index)
    print(options.png)
    return 0
