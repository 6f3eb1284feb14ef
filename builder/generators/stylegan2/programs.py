"""Looks through the programs that pickles are, before a machine runs them.

Those who run them here admit what they may call. What is left is the work that they can give to the machine itself, and
to torch, which searches its own error for words in a time quadratic in the length of a name.
"""

import io
import pickle
import pickletools
import re
import zipfile
from collections.abc import Sequence
from typing import IO, Any

import torch

_LONGEST_NAME = 1000
_NEWEST_PROTOCOL = 5

_PICKLES = 5
"""In a file of torch before 1.6: magic number, protocol, machine, content, storages; then the numbers."""


def check_pickle(file: IO[bytes]) -> None:
    """Looks through one pickle, from where the file stands to behind it.

    Raises:
        pickle.UnpicklingError, ValueError: it is none; or it names something at great length, or numbers an object
            beyond those there are: the machine makes room for all numbers up to it.
    """
    for count, (code, found, _) in enumerate(pickletools.genops(file)):
        argument: Any = found
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and argument > count:
            raise pickle.UnpicklingError(f"its object {count} at most is numbered {argument}")
        if code.name in ("GLOBAL", "INST") and len(argument) > _LONGEST_NAME:
            raise pickle.UnpicklingError(f"it asks for something with a name of {len(argument)} characters")
        if code.name == "PROTO" and argument > _NEWEST_PROTOCOL:
            raise pickle.UnpicklingError(f"it is of protocol {argument}")


def check_checkpoint(file: IO[bytes], size: int) -> None:
    """Looks through all pickles in a file of torch of `size` bytes; leaves it where it began.

    Raises:
        pickle.UnpicklingError, ValueError: as `check_pickle`; or it is an archive that unpacks to more than it is, for
            torch stores its parts as they are.
        zipfile.BadZipFile: an archive that is damaged.
    """
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > size:
                raise pickle.UnpicklingError(f"it unpacks to {unpacked} bytes, and has {size}")
            for entry in archive.infolist():
                if entry.filename.endswith(".pkl"):
                    check_pickle(io.BytesIO(archive.read(entry)))
    else:
        file.seek(0)
        for _ in range(_PICKLES):
            check_pickle(file)
    file.seek(0)


def read_checkpoint(file: IO[bytes], size: int, dropped: Sequence[str] = ()) -> Any:
    """The tensors, numbers and plain containers in a file of torch of `size` bytes, on the CPU.

    Args:
        file: stands at its beginning.
        size: of the file.
        dropped: types, by dotted name, that it may hold besides; an object without content takes the place of each.

    Raises:
        pickle.UnpicklingError: it holds something else, which the error names; or as `check_checkpoint`.
    """
    check_checkpoint(file, size)
    try:
        with torch.serialization.safe_globals([(_Dropped, name) for name in dropped]):
            return torch.load(file, weights_only=True, map_location="cpu")
    except pickle.UnpicklingError as error:  # torch's own text tells how to switch this off
        asked = re.search(r"GLOBAL (\S+) (was not|whose)", str(error))
        what = f"it asks for {asked[1]}" if asked else "it holds more than tensors, numbers and plain containers"
        raise pickle.UnpicklingError(what) from None


class _Dropped:
    """An object of a checkpoint whose content nobody reads."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        pass
