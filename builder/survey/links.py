"""Signed links: a platform vouches for whom it sends, in a JSON Web Token (RFC 7519) that it adds to the address."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from builder.errors import SurveyError
from builder.files import explained

log = logging.getLogger(__name__)

_MOST_BYTES = 1_000_000
_LEAST_SECRET = 32
"""Bytes of a shared secret: as many as HMAC-SHA256 gives."""

_LEEWAY_S = 60
_PERSON, _SESSION = "PROLIFIC_PID", "SESSION_ID"


@dataclass(frozen=True)
class Vouched:
    """A person that a platform vouches for: its own ids of the person and, where it gives one, of their session."""

    person: str
    session: str | None


class SignedLinks:
    """Tells whom a platform vouches for, by the keys that it signs with.

    A key is used with the one algorithm that it is for; a token must not have expired, and must be made for this
    survey: its audience is the survey's address, or any on the same host.
    """

    def __init__(self, keys: Any, host: str) -> None:
        self._keys, self._host = keys, host

    def vouched(self, token: str) -> Vouched | None:
        """The person that the token is of; None where it was not signed by the platform, for this survey, and for
        now.
        """
        import jwt

        try:
            name = jwt.get_unverified_header(token).get("kid")
            key = self._keys.keys[0] if name is None and len(self._keys.keys) == 1 else self._keys[name]
            required = {"require": ["exp", "aud"], "verify_aud": False}  # the host alone is compared, below
            claims = jwt.decode(token, key, [key.algorithm_name], options=required, leeway=_LEEWAY_S)
        except (jwt.PyJWTError, KeyError, ValueError, RecursionError) as error:
            log.info("a link was refused: %s", type(error).__name__)
            return None
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if self._host not in [_host(each) for each in audience if isinstance(each, str)]:
            log.warning("a link was refused: the platform signed it for another address than that of --signed-links")
            return None
        ids = claims["prolific"] if isinstance(claims.get("prolific"), dict) else claims
        person, session = ids.get(_PERSON), ids.get(_SESSION)
        if not isinstance(person, str) or not person or not isinstance(session, str | None):
            return None
        return Vouched(person, session)


def read_signed_links(path: Path, address: str) -> SignedLinks:
    """The signed links of a platform.

    Args:
        path: its keys, a JSON Web Key Set (RFC 7517): public keys, or a secret that it shares with the survey.
        address: the survey's address as the platform has it.

    Raises:
        SurveyError: the file is none, or holds a key that cannot be used; or the address has no host.
    """
    try:
        import jwt
    except ModuleNotFoundError as error:  # whose name is not that of its package
        raise SurveyError("--signed-links needs PyJWT: pip install 'lands-between[survey]'") from error
    host = _host(address)
    if not host:
        raise SurveyError(f"--signed-links {path} {address}: the address must be such as https://survey.example.org/")
    with explained(path):
        if not path.is_file():
            raise SurveyError(f"{path}: no such file; save there the keys that the platform publishes")
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    try:
        keys = jwt.PyJWKSet.from_dict(json.loads(content[:_MOST_BYTES]))
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise SurveyError(f"{path}: is no JSON Web Key Set: {error}") from error
    weak = [key for key in keys.keys if isinstance(key.key, bytes) and len(key.key) < _LEAST_SECRET]
    if weak:
        raise SurveyError(f"{path}: a shared secret must have {_LEAST_SECRET} bytes or more")
    return SignedLinks(keys, host)


def _host(address: str) -> str:
    """The host of an address, in small letters; of what is no address, the text itself."""
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        return (parts.hostname or "").lower()
    except ValueError:
        return ""
