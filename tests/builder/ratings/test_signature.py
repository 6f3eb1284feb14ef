import tracemalloc

import pytest

from builder.ratings.signature import is_signed, signed

KEY = b"k" * 32
WHOLE = "".join(signed(['{"a": 1}\n', '{"b": "\u00e4"}\n'], KEY)).encode()


@pytest.mark.parametrize("end", [b"", b"\r", b"\n\r\n\n"])
def test_results_are_signed_whatever_line_ends_follow(end):
    assert is_signed(WHOLE.rstrip(b"\n") + end, KEY)


def test_the_signature_of_nothing_before_it():
    assert is_signed("".join(signed([], KEY)).encode(), KEY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        WHOLE.replace(b"1", b"2", 1),
        b" " + WHOLE,
        WHOLE.replace(b"\n", b"\r\n", 1),
        WHOLE + b'{"c": 1}\n',
        WHOLE.splitlines()[-1],
        WHOLE.rstrip(b"\n") + b" " * 2000,
        b"[" * 5000,
    ],
)
def test_what_was_changed_is_not(content):
    assert not is_signed(content, KEY)


def test_with_another_key_it_is_not():
    assert not is_signed(WHOLE, b"l" * 32)


def test_a_large_file_is_not_copied():
    large = b"x" * 99 + b"\n"
    content = "".join(signed([large.decode()] * 100_000, KEY)).encode()
    tracemalloc.start()
    assert is_signed(content, KEY)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000 < len(content)
