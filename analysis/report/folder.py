"""The report's folder: all of a report or nothing of it."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from analysis.errors import AnalysisError

LISTING = "report.json"
"""Lists the files of a report; a folder in which it lists everything may be replaced by a newer report."""

_LARGEST_LISTING = 1_000_000


def check_replaceable(out: Path) -> None:
    """Checks that a report may be written to `out`: it is absent, empty, or holds an earlier report and nothing else.

    Raises:
        AnalysisError: it is a file or a link, or holds other things.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise AnalysisError(f"{out}: the report is a folder, and this is a file or a link; name another with --out")
    if not out.exists():
        return
    try:
        there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_symlink() or not path.is_dir()}
    except OSError as error:
        raise AnalysisError(f"{out}: {error.strerror}") from error
    foreign = sorted(there - _listed(out) - {LISTING}) if there else []
    if foreign:
        raise AnalysisError(
            f"{out}: holds {len(foreign)} files that are no report's, such as {foreign[0]!r}; name another with --out"
        )


def write_folder(out: Path, files: Mapping[str, bytes], about: Mapping[str, object]) -> None:
    """Writes the files beside `out` and renames the whole; an earlier report there is replaced.

    Args:
        out: The folder.
        files: Content by path inside the folder.
        about: What else `report.json` says beside the list of files.

    Raises:
        AnalysisError: as `check_replaceable`, or there is no room or no right to write; what was there stays.
    """
    check_replaceable(out)
    listing = {**about, "files": sorted(files)}
    partial = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.parent))
        for name, content in [*files.items(), (LISTING, (json.dumps(listing, indent=1) + "\n").encode())]:
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        partial.chmod(0o755)  # a folder made by mkdtemp is for its owner alone
        _replace(partial, out)
    except OSError as error:
        raise AnalysisError(f"{out}: cannot write the report: {error.strerror or error}") from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def _replace(new: Path, out: Path) -> None:
    """Renames `new` to `out`; an earlier `out` is set aside and comes back where that fails."""
    if not out.exists():
        os.replace(new, out)
        return
    aside = new.with_suffix(".earlier")
    os.replace(out, aside)
    try:
        os.replace(new, out)
    except OSError:
        os.replace(aside, out)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _listed(out: Path) -> set[str]:
    """The files that an earlier report lists; none where there is no readable list."""
    path = out / LISTING
    try:
        if path.stat().st_size > _LARGEST_LISTING:
            return set()
        listing = json.loads(path.read_text())
        return {str(name) for name in listing["files"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
