"""Identifiers of a person: replaced by a pseudonym, coarsened, or found in a text so that it is held back."""

import functools
import hmac
import ipaddress
import re
import secrets
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import phonenumbers
from publicsuffixlist import PublicSuffixList
from stdnum import iban

from builder.errors import FolderError
from builder.files import Folder

KEY_FILE = "participant.key"

_PREFIX = "p-"
_PSEUDONYM = re.compile(r"p-[0-9a-f]{32}")
_KEY_BYTES = 32

_BRACKETED = [
    (re.compile(r"[\[({<]\s{0,3}(?:at|ät|@)\s{0,3}[\])}>]", re.IGNORECASE), "@"),
    (re.compile(r"[\[({<]\s{0,3}(?:dot|punkt|point|\.)\s{0,3}[\])}>]", re.IGNORECASE), "."),
    (re.compile(r"(?<=\d)\s{1,3}\.\s{1,3}(?=\d)"), "."),
]
_SPELLED = [
    (re.compile(r"[\s_*-]{1,3}(?:at|ät)[\s_*-]{1,3}", re.IGNORECASE), "@"),
    (re.compile(r"[\s_*-]{1,3}(?:dot|punkt)[\s_*-]{1,3}", re.IGNORECASE), "."),
]
"""Separators that somebody spelled out, in brackets or as words between others."""

_EMAIL = re.compile(r"[\w.+%-]{1,64}\s{0,3}@\s{0,3}([\w-]{1,63}(?:\s{0,3}\.\s{0,3}[\w-]{1,63})+)")
_LINK = re.compile(r"(?<![^\W_])[a-z][a-z0-9+.-]{1,20}:/|www\.", re.IGNORECASE)
_LABEL = r"[^\W_](?:[^\W_]|-){0,62}"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_HANDLE = re.compile(r"(?<![^\W_]|\.)@\w{3,}")
_PLATFORM_ID = re.compile(
    r"""
      (?<![0-9a-fA-F])[0-9a-fA-F]{24,28}(?![0-9a-fA-F])             # Prolific: participant, study and session
    | (?<![0-9A-Z])A(?=[0-9A-Z]*[0-9])[0-9A-Z]{11,20}(?![0-9A-Z])   # MTurk: worker
    | (?<![0-9a-z])a(?=[0-9a-z]*[0-9])(?=[0-9a-z]*[g-z])[0-9a-z]{11,20}(?![0-9a-z])  # small: more than a rating's id
    | (?i:(?<![a-z])r_[0-9a-z]{11,17}(?![0-9a-z]))                  # Qualtrics: response
    """,
    re.VERBOSE,
)
"""The ends of an id. An underscore or the rest of a file's name beside it does not hide it: only what would make it
longer does, so that a digest or a pseudonym (32 digits or more) is none. The 24 digits of an id are up to 28 with the
last letters of a word such as "data" before them."""

_ACCOUNT = re.compile(r"[A-Z]{2}\s?\d{2}", re.IGNORECASE)
_IBAN_LENGTHS = range(15, 35)
_DIGEST = re.compile(r"(?<![^\W_])(?![0-9a-f]*[a-f]{2}\d{18})[0-9a-f]{20,}(?![^\W_])")
"""A rating's id or a digest, in which chance may write an IBAN of digits and the letters a to f, but hardly one with 18
digits in a row, such as Germany's: that is looked at.
"""

_COORDINATES = re.compile(
    r"""
      (?<![\d.,])[+-]?\d{1,3}[.,]\d{3,}\s{0,2}°?\s?[NS]?[\s,;/|]{1,3}[+-]?\d{1,3}[.,]\d{3,}   # 48.1374, 11.5755
    | \d{1,3}(?:[.,]\d+)?\s?°\s?(?:\d{1,2}\s?['\u2032\u2019]|[NSEWO](?![^\W_]))              # 48° 8\u2032 N, 48.13° N
    | (?<![^\W_])[2-9CFGHJMPQRVWX]{8}\+[2-9CFGHJMPQRVWX]{2,3}(?![^\W_])                     # a plus code
    """,
    re.VERBOSE | re.IGNORECASE,
)

_ADDRESS = re.compile(
    r"""
      (?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)                          # also ip203.0.113.7 and 203.0.113.7:80
    | (?<![^\W_]|[.:])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![^\W_]|:)
    """,
    re.VERBOSE,
)
_REGIONS = [None, "US", "GB", "DE", "FR", "IN"]
"""The regions that a phone number without a country code may be from; None: any with one."""

_LEAST_DIGITS = 9
"""Fewest digits in a row, parted by nothing but spaces and signs, that may be a phone number of any country."""

_DIGITS = re.compile(rf"(?<![\da-fA-F-])\+?\(?\d[\d\s()/.-]{{{_LEAST_DIGITS - 2},30}}\d(?![\da-fA-F-])")
"""Letters beside a number do not hide it, but those of digests."""


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
    name = participant.strip()
    if "@" in name:
        name = name.casefold()
    return _PREFIX + hmac.digest(key, name.encode(), "sha256").hex()[:32]


def other_pseudonyms(key: bytes, participant: str) -> tuple[str, ...]:
    """The participant_ids of who says that somebody else took part with their platform's id: three, in order.

    They are made of the platform's id alone, so that whoever has it finds, and can remove, all that was said with it.
    """
    return tuple(pseudonym(key, f"{participant.strip()}\nnot me {number}") for number in (1, 2, 3))


def is_pseudonym(participant: str) -> bool:
    """Whether a text has the form that `pseudonym` gives."""
    return _PSEUDONYM.fullmatch(participant) is not None


def findings(text: str) -> list[str]:
    """The kinds of what in a free text may identify somebody, sorted; empty where nothing was found.

    It errs on the side of finding: what it finds is held back, not removed. It knows no names, addresses of houses or
    numbers of persons: those somebody has to read.
    """
    plain = _plain(text)
    return sorted({*_found(plain), *_addressed(_replaced(plain, _SPELLED), strict=True)})


def _plain(text: str) -> str:
    """A text in the usual form of its letters, without invisible ones, brackets around separators removed."""
    letters = unicodedata.normalize("NFKC", text).replace("\u3002", ".")
    return _replaced("".join(each for each in letters if unicodedata.category(each) != "Cf"), _BRACKETED)


def _replaced(text: str, separators: list[tuple[re.Pattern[str], str]]) -> str:
    for pattern, separator in separators:
        text = pattern.sub(separator, text)
    return text


def _found(text: str) -> Iterator[str]:
    yield from _addressed(text, strict=False)
    if _HANDLE.search(text) or _PLATFORM_ID.search(text):
        yield "platform id"
    if any(_is_address(match) for match in _ADDRESS.findall(text)):
        yield "IP address"
    if _has_account(text):
        yield "bank account"
    if _COORDINATES.search(text):
        yield "coordinates"
    if _has_phone_number(text):
        yield "phone number"


def _addressed(text: str, *, strict: bool) -> Iterator[str]:
    """E-mail addresses and links; strict: only those under a suffix that is registered."""
    domains = (re.sub(r"\s", "", domain) for domain in _EMAIL.findall(text))
    if any(_is_domain(domain) if strict else True for domain in domains):
        yield "e-mail address"
    if _LINK.search(text) or any(_is_domain(host) for host in _HOST.findall(text)):
        yield "link"


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def _is_domain(host: str) -> bool:
    return _suffixes().privatesuffix(host.lower()) is not None


def _has_account(text: str) -> bool:
    text = _DIGEST.sub("/", text)
    for start in (match.start() for match in _ACCOUNT.finditer(text)):
        number = re.sub(r"[\s-]", "", text[start : start + 2 * _IBAN_LENGTHS.stop])
        if any(iban.is_valid(number[:length], check_country=False) for length in _IBAN_LENGTHS):
            return True
    return False


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
