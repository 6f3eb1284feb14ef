"""Which extra of this project brings a package that is not installed."""

import re


def extra_with(module: str) -> str | None:
    """The extra that lists the package of a module under the same name; None where none does."""
    import importlib.metadata  # which takes longer than all else that --help needs

    wanted = _normalized(module.partition(".")[0])
    for requirement in importlib.metadata.requires("lands-between") or ():
        name, _, marker = requirement.partition(";")
        package = re.match(r"[\w.-]+", name)
        extra = re.search(r"extra == [\"']([\w-]+)", marker)
        if package and extra and extra[1] != "dev" and _normalized(package[0]) == wanted:
            return extra[1]
    return None


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
