"""The picture of the rating page in the README: `python -m tests.builder.survey.screenshot STUDY_FOLDER FILE.png`."""

import functools
import http.server
import shutil
import sys
import tempfile
import threading
from pathlib import Path

from selenium import webdriver

from builder.survey.export import export
from tests.builder.survey.participant import Mouse, consent, inform, say_demographics, wait_for_heading

SIZE = {"width": 1280, "height": 740, "deviceScaleFactor": 1, "mobile": False}

ORDER = "Math.random = () => 0.41"
"""One order of the pairs, so that the picture is of the same pair each time."""


def take(study_folder: Path, png: Path) -> None:
    """Shows the first pair of the study's first batch in that order, answered."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, out = Path(scratch) / "study", Path(scratch) / "out"
        shutil.copytree(study_folder, folder)
        inform(folder)
        export(folder, out)
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(out / "page"))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = open_browser()
        try:
            browser.get(f"http://127.0.0.1:{server.server_port}/?batch=0")
            answer(browser)
            browser.save_screenshot(str(png))
        finally:
            browser.quit()
            server.shutdown()


def open_browser() -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or sys.exit("no browser: install chromium and chromium-driver")
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", SIZE)
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": ORDER})
    return browser


def answer(browser: webdriver.Chrome) -> None:
    mouse = Mouse(browser)
    consent(mouse)
    say_demographics(mouse)
    wait_for_heading(browser, "Pair 1 of 112")
    mouse.slide("[type=range]", 31)
    mouse.press("[value=no]")


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
