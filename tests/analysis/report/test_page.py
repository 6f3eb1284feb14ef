"""The page by itself, from items made by hand: that texts from data are texts, in a real browser too."""

import html.parser
import re
import xml.etree.ElementTree
from pathlib import Path

import pandas as pd
import pytest

from analysis.figures import style
from analysis.report.contents import Contents
from analysis.report.page import MOST_ROWS, Card, CardPicture, NoteItem, Page, Section, StripItem, render, table_item

HOSTILE = [
    "<script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 1">',
    "</script><script>window.hacked = 1</script>",
    "</script ><img src=x onerror=window.hacked=1>",
    "<!--<script >",
    "{{ 7 * 7 }}{% for x in y %}",
    "<svg/onload=window.hacked=1>",
    "javascript:window.hacked=1",
    "\x00 \x1b[2J & \u202e",
]
PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="


def hostile_page(text: str) -> Page:
    """The text wherever data go."""
    contents = Contents(None)
    figure = style.finished(style.new_figure(2, 1), None)
    plot = {
        "data": [
            {"type": "scatter", "x": [1], "y": [1], "mode": "markers", "name": text, "customdata": [[text, text, text]]}
        ],
        "layout": {"xaxis": {"title": {"text": text}}},
    }
    card = Card("pair-0", text, text, text, [CardPicture(text, text, PICTURE, PICTURE)] * 2, [(text, text)])
    items = [
        contents.figure("figure", figure, text, text, plot),
        contents.table("table", pd.DataFrame({text: [text, None]}), text),
        StripItem("strip", 2, "figures/strip", text, [card]),
        NoteItem([text]),
    ]
    section = Section("section", text, [text], items)
    return Page(text, text, text, text, [text], [section], {text: PICTURE})


class Elements(html.parser.HTMLParser):
    """Names and attributes of all elements."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def harmless() -> bytes:
    return render(hostile_page("harmless"))


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_from_data_add_no_element_and_no_handler(text):
    as_long = "h" * len(text)  # long texts wrap
    found, wanted = Elements(render(hostile_page(text))).found, Elements(render(hostile_page(as_long))).found
    assert [tag for tag, _ in found] == [tag for tag, _ in wanted]
    assert [list(attributes) for _, attributes in found] == [list(attributes) for _, attributes in wanted]


@pytest.mark.parametrize("text", HOSTILE)
def test_an_svg_is_well_formed_whatever_its_texts(text):
    figure = style.new_figure(2, 1)
    figure.text(0, 0, style.plain(text))
    xml.etree.ElementTree.fromstring(style.svg(figure, text, text))  # noqa: S314 - our own output


@pytest.mark.slow
def test_texts_from_data_do_not_run_in_a_browser(tmp_path, open_browser):
    browser = open_browser(1440, 900)
    for place, text in enumerate(HOSTILE):
        path = tmp_path / f"{place}.html"
        path.write_bytes(render(hostile_page(text)))
        browser.get(path.as_uri())
        browser.execute_async_script("setTimeout(arguments[0], 300)")
        assert browser.execute_script("return window.hacked === undefined"), text
        assert browser.execute_script("return document.querySelectorAll('.js-plotly-plot').length") == 1, text


@pytest.mark.slow
def test_the_policy_stops_a_script_and_a_request_that_got_in_all_the_same(tmp_path, open_browser, harmless):
    """The second line of defense: what would happen had the escaping failed."""
    smuggled = b"<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'><img src='./secret.png'>"
    (tmp_path / "secret.png").write_bytes(b"")
    path = tmp_path / "page.html"
    path.write_bytes(harmless.replace(b"<main", smuggled + b"<main"))
    browser = open_browser(1440, 900)
    browser.get(path.as_uri())
    assert browser.execute_script("return window.hacked === undefined")
    refused = [entry["message"] for entry in browser.get_log("browser")]
    assert sum("Content Security Policy" in message for message in refused) >= 3


def test_everything_is_in_the_one_file(harmless):
    for tag, attributes in Elements(harmless).found:
        for name in ("src", "href", "srcset", "action", "data"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, name, value)


def test_the_policy_names_every_script_and_no_origin(harmless):
    policy = re.search(rb'http-equiv="Content-Security-Policy" content="([^"]*)"', harmless).group(1).decode()
    assert "default-src &#39;none&#39;" in policy
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.replace("style-src &#39;unsafe-inline&#39;", "")
    assert policy.count("sha256-") == 2


def test_plotly_is_left_out_where_nothing_needs_it():
    page = render(Page("t", "d", None, None, [], [Section("s", "S", ["text"])]))
    assert len(page) < 50_000


def test_simulated_is_said_at_the_top_and_at_every_item():
    contents = Contents("simulated")
    figure = contents.figure("f", style.finished(style.new_figure(2, 1), "simulated"), "A figure.", "An alt text.")
    table = contents.table("t", pd.DataFrame({"a": [1]}), "A table.")
    page = render(Page("t", "d", None, "simulated", [], [Section("s", "S", items=[figure, table])])).decode()
    assert page.count("Simulated ratings.") >= 3  # both captions and the alternative text
    assert "All ratings here are simulated" in page
    assert all(b"imulated" in content for name, content in contents.files.items()), contents.files.keys()


def test_the_name_of_a_folder_need_not_be_utf_8():
    assert b"demo" in render(Page("demo\udcff", "demo\udcff", None, None, [], []))


def test_a_long_table_is_cut_folded_and_says_so():
    short, long = (table_item("t", 1, "c", pd.DataFrame({"a": range(rows)})) for rows in (3, MOST_ROWS + 7))
    assert (short.folded, short.left_out) == (False, 0)
    assert (long.folded, long.left_out, len(long.rows)) == (True, 7, MOST_ROWS)
    page = render(Page("t", "d", None, None, [], [Section("s", "S", items=[long])])).decode()
    assert "7 more rows are in the CSV" in page


def test_templates_are_in_the_package():
    assert {"index.html.j2", "report.css", "report.js"} <= {
        path.name for path in (Path(render.__code__.co_filename).parent / "templates").iterdir()
    }
