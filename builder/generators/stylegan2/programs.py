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

_MOST_STEPS = 1_000_000
_MOST_WORK = 30_000_000
"""Steps and work of one pickle, beside one for every byte: seconds at most."""

_UNIT = 64
"""Bytes that are as much work as one object."""

_FILLS = {"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"}
"""Steps that put objects into one that is there."""

_WORKS = {
    *("SETITEM", "SETITEMS", "ADDITEMS", "BUILD", "DICT", "FROZENSET"),
    *("REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"),
}
"""Steps that hash, copy or walk through what they take."""

_PICKLES = 5
"""Pickles in a file of torch before 1.6: magic number, protocol, machine, content, storages; then the numbers."""


def check_pickle(file: IO[bytes]) -> None:
    """Looks through one pickle, from where the file stands to behind it.

    Raises:
        pickle.UnpicklingError, ValueError: it is none; or it names something at great length, or numbers an object
            beyond those there are: the machine makes room for all numbers up to it; or it is more work than any network
            is: thirty steps can build a key that takes a minute to hash.
    """
    work = _Work()
    for count, (code, operand, at) in enumerate(pickletools.genops(file)):
        argument: Any = operand
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and argument > count:
            raise pickle.UnpicklingError(f"its object {count} at most is numbered {argument}")
        if code.name in ("GLOBAL", "INST") and len(argument) > _LONGEST_NAME:
            raise pickle.UnpicklingError(f"it asks for something with a name of {len(argument)} characters")
        if code.name == "PROTO" and argument > _NEWEST_PROTOCOL:
            raise pickle.UnpicklingError(f"it is of protocol {argument}")
        if count == _MOST_STEPS:
            raise pickle.UnpicklingError(f"it has more than {_MOST_STEPS} steps")
        work.step(code, argument)
        work.check(_MOST_WORK + (at or 0))


class _Work:
    """An account of the work that a pickle gives to the machine that runs it.

    Every object has a weight: one for itself and for every 64 bytes of it, and the weights of all that it holds, of
    what it holds twice twice. To hash, copy or build an object takes time that grows with its weight at most; the
    weights of all that is hashed, copied or built are summed.
    """

    def __init__(self) -> None:
        self._stack: list[list[int] | None] = []  # None is a mark; a weight is in a list, as memo and stack share it
        self._memo: dict[int, list[int]] = {}
        self._sum = self._largest = 0

    def step(self, code: pickletools.OpcodeInfo, argument: Any) -> None:
        """Takes one more step of the program into account.

        Raises:
            pickle.UnpicklingError: there is nothing to do it to.
        """
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self._memo[len(self._memo) if code.name == "MEMOIZE" else argument] = self._top()
        elif code.name in ("GET", "BINGET", "LONG_BINGET"):
            self._stack.append(self._memo.setdefault(argument, [1]))  # an absent one ends the machine itself
        elif code.name == "DUP":
            self._stack.append(self._top())
        elif code.name == "MARK":
            self._stack.append(None)
        elif code.name == "POP":
            if self._stack:
                self._stack.pop()
        elif code.stack_before or code.stack_after:
            self._replace(code, argument)

    def check(self, most: int) -> None:
        """Checks that neither the work so far nor the weight of an object is above `most`.

        Raises:
            pickle.UnpicklingError: one is.
        """
        if max(self._largest, self._sum) > most:
            raise pickle.UnpicklingError("it is more work than any network is")

    def _replace(self, code: pickletools.OpcodeInfo, argument: Any) -> None:
        parts = self._taken(code)
        if code.name in _FILLS and parts:
            sizes, *added = parts
        else:
            sizes, added = [1 + _bytes(argument) // _UNIT], parts
        weight = sum(part[0] for part in added)
        sizes[0] += weight
        self._sum += weight if code.name in _WORKS else 0
        self._largest = max(self._largest, sizes[0])
        self._stack += [sizes] * len(code.stack_after)

    def _taken(self, code: pickletools.OpcodeInfo) -> list[list[int]]:
        """The values that a step takes from the stack, the lowest first."""
        behind: list[list[int]] = []
        count = len(code.stack_before)
        if pickletools.markobject in code.stack_before:
            count = code.stack_before.index(pickletools.markobject)
            while self._stack and (last := self._stack.pop()) is not None:
                behind.append(last)
        before = [part for part in self._stack[len(self._stack) - count :] if part] if count else []
        del self._stack[len(self._stack) - count :]
        return before + behind[::-1]

    def _top(self) -> list[int]:
        if not self._stack or self._stack[-1] is None:
            raise pickle.UnpicklingError("it names an object where there is none")
        return self._stack[-1]


def _bytes(argument: Any) -> int:
    if isinstance(argument, int):
        return argument.bit_length() // 8
    return len(argument) if isinstance(argument, bytes | bytearray) else 0  # a text's hash is computed once


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
        match = re.search(r"GLOBAL (\S+) (was not|whose)", str(error))
        what = f"it asks for {match[1]}" if match else "it holds more than tensors, numbers and plain containers"
        raise pickle.UnpicklingError(what) from None


class _Dropped:
    """An object of a checkpoint whose content nobody reads."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        pass
