"""Text from a study file or a table as Markdown that shows just that text."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#|~!$])")


def escaped(text: object) -> str:
    """One line: no markup, no HTML, no end of a table's cell; control characters and line ends are spaces."""
    line = "".join(char if char.isprintable() else " " for char in str(text))
    plain = _SPECIAL.sub(r"\\\1", " ".join(line.split()).replace("&", "&amp;"))
    return re.sub(r"^([0-9]*)([-+=.])(?=\s|$|[-=])", r"\1\\\2", plain)  # else a list, a heading or a rule


def quoted(text: str) -> str:
    """Several lines, as a quotation."""
    return "\n".join(f"> {escaped(line)}".rstrip() for line in text.strip().splitlines())
