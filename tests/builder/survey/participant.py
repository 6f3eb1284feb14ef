"""A participant at a browser: what they are told, what they do with a mouse, and what with a keyboard alone."""

import time
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tomli_w
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

PATIENCE_S = 60

_ROOT = Path(__file__).parents[3]
NEXT = "form .actions button"

Answer = tuple[int, bool]
"""similarity 0 to 100, identity"""

SURVEY = {
    "purpose": "To learn where people and models disagree.",
    "institution": "Example University",
    "contact": "survey@example.org",
    "expected_minutes": 7.5,
    "consent": "You can stop at any time.\n\n<img src=x onerror=alert(1)>",
    "completion_code": "C0DE",
    "completion_url": "https://example.org/done?cc=C0DE",
    "return_url": "https://example.org/back?cc=N0NE",
}
"""What participants are told."""


def inform(folder: Path, **more: object) -> None:
    """Puts SURVEY, and more, into the study file of a study folder."""
    path = folder / "study.toml"
    study = tomllib.loads(path.read_text())
    path.write_text(tomli_w.dumps(study | {"survey": study["survey"] | SURVEY | more}))


def wait_for(what: Callable[[], Any], said: str) -> Any:
    """What `what` gives as soon as it is something."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            if found := what():
                return found
        except StaleElementReferenceException:
            pass
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {said}")


def find(browser: Chrome, css: str) -> WebElement:
    found: WebElement = wait_for(lambda: next(iter(browser.find_elements(By.CSS_SELECTOR, css)), None), css)
    return found


def heading(browser: Chrome) -> str:
    return " ".join(element.text for element in browser.find_elements(By.CSS_SELECTOR, "h1"))


def wait_for_heading(browser: Chrome, text: str) -> None:
    try:
        wait_for(lambda: heading(browser) == text, text)
    except AssertionError as error:
        raise AssertionError(f"{error}; there is {heading(browser)!r}") from None


def pixels(browser: Chrome, css: str) -> np.ndarray:
    """What an image of the page shows, (height, width, 3)."""
    script = """
        const image = document.querySelector(arguments[0]);
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return [canvas.height, canvas.width, [...context.getImageData(0, 0, canvas.width, canvas.height).data]];
    """
    height, width, data = browser.execute_script(script, css)
    return np.array(data, dtype=np.uint8).reshape(height, width, 4)[:, :, :3]


def check_accessibility(browser: Chrome) -> None:
    """axe-core finds nothing, and nothing is wider than the page."""
    axe = _ROOT / "builder" / "survey" / "web" / "node_modules" / "axe-core" / "axe.min.js"
    browser.execute_script(axe.read_text())
    found = browser.execute_async_script("axe.run().then(arguments[0])")["violations"]
    assert not found, [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


class Hands(Protocol):
    """How somebody operates a page; controls are given as CSS selectors."""

    browser: Chrome

    def press(self, css: str) -> None: ...
    def write(self, css: str, text: str) -> None: ...
    def pick(self, css: str, label: str) -> None: ...
    def slide(self, css: str, value: int) -> None: ...


@dataclass
class Mouse:
    """Clicks; writes with the keyboard what only that can write."""

    browser: Chrome

    def press(self, css: str) -> None:
        element = find(self.browser, css)
        wait_for(element.is_enabled, f"{css} enabled")
        ActionChains(self.browser, duration=0).scroll_to_element(element).click(element).perform()

    def write(self, css: str, text: str) -> None:
        self.press(css)
        ActionChains(self.browser).send_keys(text).perform()

    def pick(self, css: str, label: str) -> None:
        Select(find(self.browser, css)).select_by_visible_text(label)

    def slide(self, css: str, value: int) -> None:
        slider, thumb = find(self.browser, css), 28
        way = (slider.size["width"] - thumb) * (value / 100 - 0.5)
        moves = ActionChains(self.browser, duration=0).scroll_to_element(slider)
        moves.move_to_element_with_offset(slider, round(way), 0).click().perform()


@dataclass
class Keyboard:
    """Tab, arrows, Home, Enter, Space and letters; whatever has the focus must show it."""

    browser: Chrome

    def press(self, css: str) -> None:
        element = find(self.browser, css)
        if element.get_attribute("type") == "radio":
            self._reach(f"[type=radio][name={element.get_attribute('name')}]")
            for _ in range(10):
                if self._focused(css):
                    return self._keys(Keys.SPACE)
                self._keys(Keys.ARROW_RIGHT)
            raise AssertionError(f"arrows do not reach {css}")
        self._reach(css)
        return self._keys(Keys.SPACE if element.get_attribute("type") == "checkbox" else Keys.ENTER)

    def write(self, css: str, text: str) -> None:
        self._reach(css)
        self._keys(text)

    def pick(self, css: str, label: str) -> None:
        self._reach(css)
        self._keys(label)

    def slide(self, css: str, value: int) -> None:
        self._reach(css)
        self._keys(Keys.HOME, *[Keys.ARROW_RIGHT] * value)

    def _keys(self, *keys: str) -> None:
        ActionChains(self.browser, duration=0).send_keys(*keys).perform()

    def _focused(self, css: str) -> bool:
        return bool(self.browser.execute_script("return document.activeElement.matches(arguments[0])", css))

    def _reach(self, css: str) -> None:
        find(self.browser, css)
        for _ in range(40):
            if self._focused(css):
                style = "return getComputedStyle(document.activeElement).outlineStyle"
                assert self.browser.execute_script(style) == "solid", f"{css} does not show that it has the focus"
                return
            self._keys(Keys.TAB)
        raise AssertionError(f"Tab does not reach {css}")


def consent(hands: Hands) -> None:
    wait_for_heading(hands.browser, "Information and consent")
    hands.press("[type=checkbox]")
    hands.press(NEXT)


def say_demographics(hands: Hands) -> None:
    wait_for_heading(hands.browser, "About you")
    hands.write("[name=age][type=number]", "34")
    hands.press("[name=gender][value=female]")
    hands.pick("[name=country]", "Germany")
    hands.press(NEXT)


def answer_pair(hands: Hands, position: int, answer: Answer, of: int) -> Answer:
    """Answers the pair at `position` (from 0) of `of`; gives what the page shows as the answer."""
    wait_for_heading(hands.browser, f"Pair {position + 1} of {of}")
    similarity, identity = answer
    hands.slide("[type=range]", similarity)
    hands.press(f"[name=identity][value={'yes' if identity else 'no'}]")
    shown = int(find(hands.browser, ".value").text)
    hands.press(NEXT)
    return shown, identity


def say_strategies(hands: Hands, similarity: str, identity: str) -> None:
    wait_for_heading(hands.browser, "How did you decide?")
    hands.write("[name=strategy_similarity]", similarity)
    hands.write("[name=strategy_identity]", identity)
    hands.press(NEXT)


def console(browser: Chrome, expected: Iterable[str] = ()) -> list[str]:
    """What the browser complained of since this was last asked, but for what contains something expected."""
    said = [entry["message"] for entry in browser.get_log("browser")]
    return [message for message in said if not any(part in message for part in expected)]
