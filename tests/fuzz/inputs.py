"""Files as somebody who means harm, a broken disk or an editor would make them of valid ones."""

from collections.abc import Sequence

from hypothesis import strategies as st

_LENGTHS = [
    value.to_bytes(size, order, signed=True)
    for size in (4, 8)
    for order in ("little", "big")
    for value in (-1, 0, 1, 2**31 - 1, 2**24, 2 ** (8 * size - 1) - 1, -(2 ** (8 * size - 1)))
]
"""What a field that holds a length may lie."""

_WORDS = [
    *(b"\x00", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3\x28", b"\xed\xa0\x80", "\U0001f600".encode()),
    *(b"\r", b"\n", b"\t", b" " * 40, b"", b"9" * 400),
    *b"\" ' , ; . { } [ ] ( ) - # = : \\ \\ud800 null true NaN Infinity 1e999 -0 ../../x /etc/passwd".split(),
]


@st.composite
def damaged(draw: st.DrawFn, valid: Sequence[bytes], words: Sequence[bytes] = ()) -> bytes:
    """A valid file with up to four places overwritten, cut out, cut off, repeated, or with something put in.

    `words` are what the format knows besides.
    """
    word = st.sampled_from([*_WORDS, *words])
    many = st.tuples(word, st.sampled_from([3, 200, 5000])).map(lambda both: both[0] * both[1])
    pieces = st.one_of(word, many, st.sampled_from(_LENGTHS), st.binary(min_size=1, max_size=8))
    content = draw(st.sampled_from(list(valid)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(["overwrite", "insert", "flip", "cut", "end", "repeat", "splice"])):
            case "overwrite":
                piece = draw(pieces)
                content = content[:at] + piece + content[at + len(piece) :]
            case "insert":
                content = content[:at] + draw(pieces) + content[at:]
            case "flip" if at < len(content):
                flipped = content[at] ^ (1 << draw(st.integers(0, 7)))
                content = content[:at] + bytes([flipped]) + content[at + 1 :]
            case "cut":
                content = content[:at] + content[at + draw(st.integers(1, 64)) :]
            case "end":
                content = content[:at]
            case "repeat":
                part = content[at : at + draw(st.integers(1, 200))]
                content = content[:at] + part * draw(st.integers(2, 50)) + content[at:]
            case "splice":
                other = draw(st.sampled_from(list(valid)))
                begin = draw(st.integers(0, len(other)))
                content = content[:at] + other[begin : begin + draw(st.integers(1, 400))] + content[at:]
    return content


def json_values(names: Sequence[str], texts: Sequence[str]) -> st.SearchStrategy[object]:
    """Values of JSON under the names that a format knows."""
    scalars = st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        st.sampled_from([*texts, "\ud800", 10**400, -1, 2**63]),
    )
    keys = st.sampled_from(list(names)) | st.text(max_size=3)
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
        max_leaves=20,
    )


def tables(names: Sequence[str], cells: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Delimited files under the names of columns that a format knows."""
    cell = st.sampled_from(list(cells)) | st.text(max_size=6)
    row = st.lists(cell, max_size=10)
    header = st.lists(st.sampled_from(list(names)), min_size=1, max_size=10)

    def written(parts: tuple[list[str], list[list[str]], str, str, str]) -> bytes:
        head, body, delimiter, end, encoding = parts
        lines = [delimiter.join('"' + text.replace('"', '""') + '"' for text in line) for line in [head, *body]]
        return end.join(lines).encode(encoding, "replace")

    return st.tuples(
        header,
        st.lists(row, max_size=6),
        st.sampled_from([",", ";", "\t"]),
        st.sampled_from(["\n", "\r\n", "\r"]),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
    ).map(written)
