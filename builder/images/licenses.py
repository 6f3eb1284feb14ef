"""The licenses of pictures, and what they demand of what is made of them."""

import re

NOT_STATED = "not stated"
"""The license of a user's pictures where the study file says none."""

_VERSIONS = ("1.0", "2.0", "2.5", "3.0", "4.0")

_CREATIVE_COMMONS = re.compile(
    r"\bCC[ -]BY(?P<elements>([ -](NC|SA|ND))*)[ -](?P<version>[1-4]\.[05])\b", re.IGNORECASE
)


def demanded(license: str) -> tuple[str, ...]:
    """The licenses, as `[publish] license` names them, of which what is made of pictures must have one.

    Of the Creative Commons licenses with ShareAlike that is the same one, or a later version of it (section 4b of 3.0,
    3b of 4.0; 1.0 has no such clause); of others with NonCommercial any that has it. Of all others, and of a text that
    names none, nothing is known: it is empty.

    Args:
        license: as a card states it, such as "CC BY-SA 3.0".
    """
    match = _CREATIVE_COMMONS.search(license)
    if not match or match["version"] not in _VERSIONS:
        return ()
    elements = re.findall("NC|SA", match["elements"].upper())
    at = _VERSIONS.index(match["version"])
    if "SA" in elements:
        name = "cc-by-nc-sa" if "NC" in elements else "cc-by-sa"
        return tuple(f"{name}-{version}" for version in (_VERSIONS[at:] if at else _VERSIONS[:1]))
    if "NC" in elements:
        return tuple(f"cc-by-{name}-{version}" for name in ("nc", "nc-sa", "nc-nd") for version in _VERSIONS)
    return ()
