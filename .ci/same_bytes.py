"""Compares what two commits made of the same studies: prints every file that differs; exit status 1 if one does."""

import json
import re
import sys
from pathlib import Path
from typing import Any

DIFFER_BY_RUN = {"timings", "environment", "created", "created_at", "finished_at", "machine", "software", "released"}
"""Keys of JSON files that say when, where and with what something was made."""

LEFT_OUT = re.compile(r"venv/.*|log|.*/log/.*|.*\.lock|.*\.(svg|png|html|pseudonym-key)|.*-report/report\.json")
"""Files that are compared in no way: pictures (of the report), logs, locks."""

BY_RUN = re.compile(r"(?<=content )[0-9a-f]{16}|[0-9]{4}-[0-9]{2}-[0-9]{2}")


def content(path: Path) -> Any:
    """A file as it is compared: bytes, or, of a text that says when it was made, the text without that."""
    if path.suffix == ".json":
        return _without(json.loads(path.read_text("utf-8")))
    if path.suffix in {".md", ".cff"}:
        return BY_RUN.sub("", path.read_text("utf-8"))
    return path.read_bytes()


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(each) for key, each in value.items() if key not in DIFFER_BY_RUN}
    return [_without(each) for each in value] if isinstance(value, list) else value


def files(root: Path) -> dict[str, Path]:
    """The files to compare by their path within `root`."""
    paths = {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}
    return {name: path for name, path in paths.items() if not LEFT_OUT.fullmatch(name)}


def main(before: Path, after: Path) -> int:
    """Prints the differences; the exit status."""
    old, new = files(before), files(after)
    missing, added = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    changed = [name for name in sorted(old.keys() & new.keys()) if content(old[name]) != content(new[name])]
    for word, names in (("missing", missing), ("new", added), ("changed", changed)):
        print("".join(f"{word}  {name}\n" for name in names), end="")
    print(f"{len(old)} files before, {len(new)} after, {len(missing) + len(added) + len(changed)} differ")
    return 1 if missing or added or changed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
