"""The picture of a report in the README: `python -m tests.analysis.report.screenshot INDEX.html PICTURE.png`."""

import base64
import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

from builder.files import write_whole

WIDTH = 1000
PARTS = ["header", "[id^=figure-similarity-distance]", "[id^=strip-model-closer]", "[id^=strip-people-closer]"]
"""Of the page, one below the other."""

MARGIN = 12


def main(index: Path, png: Path) -> None:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        size = {"width": WIDTH, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get(index.resolve().as_uri())
        drawn = "return document.querySelectorAll('[data-plot] .main-svg').length >= 2"
        WebDriverWait(browser, 60).until(lambda driver: driver.execute_script(drawn))
        pictures = [shoot(browser, part) for part in PARTS]
    finally:
        browser.quit()
    sheet = Image.new("RGB", (WIDTH, sum(picture.height for picture in pictures)), "white")
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height
    buffer = io.BytesIO()
    sheet.quantize(256, Image.Quantize.MAXCOVERAGE).save(buffer, format="PNG", optimize=True)
    write_whole(png, buffer.getvalue())


def shoot(browser: webdriver.Chrome, part: str) -> Image.Image:
    box = f"const b = document.querySelector('{part}').getBoundingClientRect(); return [b.top + scrollY, b.height]"
    top, height = browser.execute_script(box)
    clip = {"x": 0, "y": max(top - MARGIN, 0), "width": WIDTH, "height": height + 2 * MARGIN, "scale": 1}
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    with Image.open(io.BytesIO(base64.b64decode(shot["data"]))) as picture:
        return picture.convert("RGB")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
