"""What identifies a person: replaced by a pseudonym, coarsened, or found in a text so that it is held back."""

import hmac
import ipaddress
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import phonenumbers

from builder.errors import FolderError
from builder.files import Folder

KEY_FILE = "participant.key"

_PREFIX = "p-"
_PSEUDONYM = re.compile(r"p-[0-9a-f]{32}")
_KEY_BYTES = 32

_EMAIL = re.compile(r"[\w.+%-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[\w-]{1,63}(?:\.[\w-]{1,63})+", re.IGNORECASE)
_LINK = re.compile(
    r"https?:/|www\.|[\w-]{2}\.(?:com|org|net|edu|io|de|uk|eu|info|me|app|gg|ly)(?![^\W_])", re.IGNORECASE
)
_HANDLE = re.compile(r"(?<![^\W_]|\.)@\w{3,}")
_PLATFORM_ID = re.compile(
    r"""
      (?<![0-9a-fA-F])[0-9a-fA-F]{24,28}(?![0-9a-fA-F])             # Prolific: participant, study and session
    | (?<![0-9A-Z])A(?=[0-9A-Z]*[0-9])[0-9A-Z]{11,20}(?![0-9A-Z])   # MTurk: worker
    | (?<![A-Z])R_[0-9A-Za-z]{11,17}(?![0-9A-Za-z])                 # Qualtrics: response
    """,
    re.VERBOSE,
)
"""What stands beside an id, an underscore or the rest of a file's name, does not hide it: only what would make it
longer does, so that a digest or a pseudonym (32 digits or more) is none. The 24 digits of an id are up to 28 with the
last letters of a word such as "data" before them."""

_ADDRESS = re.compile(
    r"(?<![^\W_]|[.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![^\W_]|:)"
)
_REGIONS = [None, "US", "GB", "DE", "FR", "IN"]
"""Where a phone number without a country code may be from; None: any with one."""

_LEAST_DIGITS = 9
"""Of digits in a row, parted by nothing but spaces and signs, that may be a phone number of any country."""

_DIGITS = re.compile(rf"(?<![^\W_]|-)\+?\(?\d[\d\s()/.-]{{{_LEAST_DIGITS - 2},30}}\d(?![^\W_]|-)")


def participant_key(folder: Path) -> bytes:
    """The key of a study folder's pseudonyms, 32 random bytes, made when it is first asked for.

    It lies in `ratings/` with rights for its owner alone, and is no part of what is published.

    Raises:
        FolderError: it cannot be written or is not as it was made.
    """
    name, study = f"ratings/{KEY_FILE}", Folder(folder)
    if study.size(name) is None:
        study.write_first(name, secrets.token_bytes(_KEY_BYTES), 0o600)  # where another process was, its key is the one
    key = study.read(name)
    if len(key) != _KEY_BYTES:
        raise FolderError(
            f"{folder / name}: has {len(key)} bytes, not {_KEY_BYTES}: damaged; put a copy of it in its place"
        )
    return key


def pseudonym(key: bytes, participant: str) -> str:
    """The participant_id of a platform's id: `p-` and the first 128 bits of its HMAC-SHA256 (RFC 2104, section 5).

    An e-mail address is the same in capitals and small letters.
    """
    known = participant.strip()
    if "@" in known:
        known = known.casefold()
    return _PREFIX + hmac.digest(key, known.encode(), "sha256").hex()[:32]


def other_pseudonyms(key: bytes, participant: str) -> tuple[str, ...]:
    """The participant_ids of who says that somebody else took part with their platform's id: three, in order.

    They are made of the platform's id alone, so that whoever has it finds, and can remove, all that was said with it.
    """
    return tuple(pseudonym(key, f"{participant.strip()}\nnot me {number}") for number in (1, 2, 3))


def is_pseudonym(participant: str) -> bool:
    """Whether a text has the form that `pseudonym` gives."""
    return _PSEUDONYM.fullmatch(participant) is not None


def findings(text: str) -> list[str]:
    """What in a free text may identify somebody: names of kinds, sorted; empty where nothing was found.

    It errs on the side of finding: what it finds is held back, not removed.
    """
    return sorted(set(_found(text)))


def _found(text: str) -> Iterator[str]:
    if _EMAIL.search(text):
        yield "e-mail address"
    if _LINK.search(text):
        yield "link"
    if _HANDLE.search(text) or _PLATFORM_ID.search(text):
        yield "platform id"
    if any(_is_address(match) for match in _ADDRESS.findall(text)):
        yield "IP address"
    if _has_phone_number(text):
        yield "phone number"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _has_phone_number(text: str) -> bool:
    if any(sum(map(str.isdigit, run)) >= _LEAST_DIGITS for run in _DIGITS.findall(text)):
        return True
    return any(phonenumbers.PhoneNumberMatcher(text, region).has_next() for region in _REGIONS)
