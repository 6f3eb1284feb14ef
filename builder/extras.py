"""Packages that the project needs: how one is installed, which extra brings it, and what hides a broken one."""

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ENVIRONMENT = (
    "activate the project's environment (source .venv/bin/activate in its folder), or install the project into this "
    "Python: pip install -e ."
)


def how_to_install(module: str) -> str | None:
    """The way to a module that is absent, in words; None for one that is no package which this project declares."""
    import importlib.metadata

    try:
        extra = extra_with(module)
    except importlib.metadata.PackageNotFoundError:  # the project itself is not installed
        return ENVIRONMENT
    if extra is not None:
        return f"pip install 'lands-between[{extra}]'"
    return ENVIRONMENT if _normalized(module.partition(".")[0]) in _core() else None


def extra_with(module: str) -> str | None:
    """The extra that lists the package of a module under the same name; None where none does."""
    import importlib.metadata  # which takes longer than all else that --help needs

    package_name = _normalized(module.partition(".")[0])
    for requirement in importlib.metadata.requires("lands-between") or ():
        name, _, marker = requirement.partition(";")
        package = re.match(r"[\w.-]+", name)
        extra = re.search(r"extra == [\"']([\w-]+)", marker)
        if package and extra and extra[1] != "dev" and _normalized(package[0]) == package_name:
            return extra[1]
    return None


def _core() -> set[str]:
    """Packages that come without an extra, under their normalized names."""
    import importlib.metadata

    requirements = importlib.metadata.requires("lands-between") or ()
    names = (re.match(r"[\w.-]+", requirement) for requirement in requirements if "extra ==" not in requirement)
    return {_normalized(name[0]) for name in names if name}


def packages_of(extra: str) -> list[str]:
    """The packages that an extra brings, as pip takes them."""
    import importlib.metadata

    packages = []
    for requirement in importlib.metadata.requires("lands-between") or ():
        package, _, marker = requirement.partition(";")
        named = re.search(r"extra == [\"']([\w-]+)", marker)
        if named and named[1] == extra:
            packages.append(package.strip().replace(" ", ""))
    return packages


@contextmanager
def hidden_if_broken(name: str) -> Iterator[None]:
    """Hides a package that is there and cannot be imported, within the block.

    diffusers and transformers import a torchvision that they find, for models that are not used here; and one beside a
    torch of another build (CPU, CUDA), which pip does not prevent, cannot be imported.
    """
    try:
        importlib.import_module(name)
    except (ImportError, OSError, RuntimeError):
        sys.modules[name] = None  # type: ignore[assignment]
        try:
            yield
        finally:
            del sys.modules[name]
    else:
        yield


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
