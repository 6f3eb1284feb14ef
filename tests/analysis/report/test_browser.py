"""The report as a reader has it: in Chromium, from the disk."""

from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = pytest.mark.slow

SIZES = [(360, 740), (1440, 900)]


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}px")
def page(request, simulated_report: Path, open_browser):
    """The report of simulated ratings, both plots drawn."""
    browser = open_browser(*request.param)
    browser.execute_cdp_cmd("Network.enable", {})
    browser.get((simulated_report / "index.html").as_uri())
    wait_for_plots(browser)
    return browser


def wait_for_plots(browser):
    drawn = "return document.querySelectorAll('[data-plot] .main-svg').length >= 2"
    WebDriverWait(browser, 60).until(lambda driver: driver.execute_script(drawn))


OF_MODELS = ("latent plane, drawn", "latent plane, plotted", "distances", "transfer")
"""Figures that rest on no rating."""


def test_nothing_is_wrong_and_nothing_is_loaded(page):
    assert page.get_log("browser") == []
    loaded = page.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in loaded if not name.startswith("data:")] == []


def test_the_page_does_not_scroll_sideways(page):
    wide, width = page.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide == width
    beyond = page.execute_script(
        "return [...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, svg') && "
        "e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert beyond == []


def test_wide_tables_scroll_in_their_own_box_and_by_keyboard(page):
    boxes = page.execute_script(
        "return [...document.querySelectorAll('.table .scroll')].filter(e => e.scrollWidth > e.clientWidth)"
        ".map(e => [getComputedStyle(e).overflowX, e.tabIndex, e.getAttribute('role')])"
    )
    if page.execute_script("return innerWidth") == 360:
        assert boxes
    assert all(box == ["auto", 0, "region"] for box in boxes)


def test_every_figure_is_visible_within_the_page(page):
    boxes = page.execute_script(
        "return [...document.querySelectorAll('figure .drawing:not([hidden]), .plot .main-svg, button.pair')]"
        ".map(e => { const b = e.getBoundingClientRect(); return [b.left, b.right, b.width, b.height]; })"
    )
    width = page.execute_script("return innerWidth")
    assert len(boxes) > 20
    for left, right, wide, high in boxes:
        assert wide > 20
        assert high > 20
        assert left >= 0
        assert right <= width + 1
    broken = "return [...document.images].filter(i => i.src && i.complete && !i.naturalWidth).length"
    assert page.execute_script(broken) == 0


def test_letters_of_figures_are_large_enough_on_a_phone(page):
    widths = "[e.clientWidth, +e.getAttribute('width')]"
    script = f"return [...document.querySelectorAll('.drawing:not([hidden]) img')].map(e => {widths})"
    for shown, drawn in page.execute_script(script):
        assert 9 * 96 / 72 * shown / drawn > 10.9  # legends, the smallest letters, have 9 points


def test_every_figure_has_an_alternative_text_that_says_something(page):
    texts = page.execute_script(
        "return [...document.querySelectorAll('main figure .drawing img')].map(e => e.alt)"
        ".concat([...document.querySelectorAll('[data-plot]')].map(e => e.getAttribute('aria-label')))"
    )
    assert len(texts) > 15
    assert all(len(text) > 40 for text in texts)
    assert sum("imulated" in text for text in texts) == len(texts) - len(OF_MODELS)
    assert page.execute_script("return [...document.images].every(i => i.hasAttribute('alt'))")


def test_headings_and_tables_are_what_a_screen_reader_needs(page):
    assert page.execute_script("return document.documentElement.lang") == "en"
    assert page.execute_script("return document.querySelectorAll('h1').length") == 1
    unnamed = page.execute_script(
        "return [...document.querySelectorAll('main .table table')].filter(t => "
        "!document.getElementById(t.getAttribute('aria-labelledby'))?.textContent.trim() || "
        "!t.querySelector('thead th[scope=col]') || !t.querySelector('tbody th[scope=row]')).length"
    )
    assert unnamed == 0
    twice = "const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return ids.length - new Set(ids).size"
    assert page.execute_script(twice) == 0


@pytest.mark.parametrize("way", ["click", "keyboard"])
def test_a_pair_opens_with_both_images_and_all_scores(page, way):
    button = page.find_element(By.CSS_SELECTOR, "button.pair")
    dialog = page.find_element(By.ID, button.get_attribute("data-opens"))
    assert not dialog.is_displayed()
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    if way == "click":
        button.click()
    else:
        page.execute_script("arguments[0].focus()", button)
        ActionChains(page).send_keys(Keys.ENTER).perform()
    assert dialog.is_displayed()
    images = dialog.find_elements(By.TAG_NAME, "img")
    WebDriverWait(page, 10).until(lambda _: all(image.get_property("naturalWidth") for image in images))
    assert len(images) == 2
    box = dialog.rect
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.execute_script("return innerWidth")
    names = {row.text for row in dialog.find_elements(By.CSS_SELECTOR, "tbody th")}
    scores = {"dlib distance", "dlib accept", "similarity mean", "identity rate", "n ratings", "latent L2"}
    assert scores | {"LPIPS (AlexNet)", "LPIPS (VGG16)", "kind", "disagreement"} <= names
    if way == "click":
        dialog.find_element(By.CSS_SELECTOR, "form button").click()
    else:
        ActionChains(page).send_keys(Keys.ESCAPE).perform()
    assert not dialog.is_displayed()
    assert page.execute_script("return document.activeElement === arguments[0]", button)


def test_hovering_a_marker_shows_the_images_of_its_pair(page):
    plot = page.find_element(By.CSS_SELECTOR, "[data-plot^=similarity-distance]")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    marker = plot.find_elements(By.CSS_SELECTOR, ".scatterlayer .points path")[1]
    card = page.find_element(By.ID, "card")
    assert not card.is_displayed()
    ActionChains(page).move_to_element(marker).perform()
    WebDriverWait(page, 10).until(lambda _: card.is_displayed())
    images = card.find_elements(By.TAG_NAME, "img")
    WebDriverWait(page, 10).until(lambda _: all(image.get_property("naturalWidth") for image in images))
    assert len(images) == 2
    assert "mean similarity" in card.text
    box = card.rect
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.execute_script("return innerWidth")


def test_a_plot_shows_every_scored_pair_its_threshold_and_the_word(page, simulated_dataset):
    trace_points = "return document.querySelectorAll('[data-plot^=similarity-distance] .points path').length"
    from analysis.dataset import load

    published = load(str(simulated_dataset))
    assert page.execute_script(trace_points) == published.pairs["dlib_distance"].notna().sum()
    (line,) = page.find_elements(By.CSS_SELECTOR, "[data-plot^=similarity-distance] .shapelayer path")
    assert line.value_of_css_property("stroke-opacity") == "1"
    titles = page.find_elements(By.CSS_SELECTOR, "[data-plot] .gtitle")
    assert [title.text for title in titles] == ["simulated ratings"]


def test_without_scripts_the_drawings_are_there(simulated_report, open_browser):
    browser = open_browser(1440, 900)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get((simulated_report / "index.html").as_uri())
    drawings = browser.find_elements(By.CSS_SELECTOR, ".drawing img")
    assert len(drawings) > 15
    assert all(drawing.is_displayed() for drawing in drawings)


def test_the_report_without_ratings_opens(models_report, open_browser):
    browser = open_browser(360, 740)
    browser.get((models_report / "index.html").as_uri())
    assert browser.get_log("browser") == []
    assert "The dataset has no ratings" in browser.find_element(By.CLASS_NAME, "missing").text
    assert browser.find_element(By.CSS_SELECTOR, "#figure-distances-dlib img").rect["width"] > 20


def test_a_report_of_hostile_texts_runs_nothing(small_folder, tmp_path, open_browser):
    """The name of the dataset, what people wrote and the names of columns, from the table to the page."""
    import pandas as pd

    from analysis.report.make import make_report
    from tests.analysis.report.rated import write_published

    attack = "<img src=x onerror=window.hacked=1><script>window.hacked=1<script>"
    dataset = write_published(
        small_folder, tmp_path / f"study {attack}", source="human", texts=(attack, f"eyes {attack}")
    )
    images = pd.read_parquet(dataset / "data" / "images.parquet", columns=["image_id"])
    attributes = images.assign(**{attack: [attack if row % 2 else "plain" for row in range(len(images))]})
    attributes.to_csv(tmp_path / "attributes.csv", index=False)
    index = make_report(str(dataset), tmp_path / "report", attributes=tmp_path / "attributes.csv")
    assert attack.replace("<", "&lt;").replace(">", "&gt;") in index.read_text()
    browser = open_browser(1440, 900)
    browser.get(index.as_uri())
    wait_for_plots(browser)
    assert browser.execute_script("return window.hacked === undefined")
    assert browser.get_log("browser") == []


def test_an_opened_pair_begins_with_its_images(page):
    button = page.find_element(By.CSS_SELECTOR, "button.pair")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", button)
    dialog = page.find_element(By.ID, button.get_attribute("data-opens"))
    assert page.execute_script("return arguments[0].scrollTop", dialog) == 0
    assert page.execute_script("return document.activeElement.textContent") == "Close"
    assert "Simulated ratings." in dialog.text
