"""The order in which a participant sees the options of a question, by the page's own code in Node."""

import itertools
import json
import subprocess
from pathlib import Path

import pytest
from scipy.stats import chisquare

from tests.builder.survey.conftest import ROOT

WEB = ROOT / "builder" / "survey" / "web"

ORDERS = """
const { ordered } = await import(process.argv[2]);
const [values, shuffled, seeds] = JSON.parse(process.argv[3]);
const options = values.map((value) => ({ value, text: value }));
console.log(JSON.stringify(seeds.map((seed) => ordered(options, shuffled, seed).map(({ value }) => value))));
"""


@pytest.fixture(scope="module")
def code(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("order") / "order.mjs"
    esbuild = WEB / "node_modules" / ".bin" / "esbuild"
    subprocess.run([esbuild, WEB / "src" / "order.ts", "--format=esm", f"--outfile={out}"], check=True)
    return out


def orders(code: Path, values: str, shuffled: str, seeds: list[str]) -> list[str]:
    (code.parent / "orders.mjs").write_text(ORDERS)
    given = json.dumps([list(values), list(shuffled), seeds])
    said = subprocess.run(["node", code.parent / "orders.mjs", code, given], check=True, capture_output=True, text=True)
    return ["".join(order) for order in json.loads(said.stdout)]


def test_every_order_comes_as_often_and_the_others_stay_behind(code: Path):
    seen = orders(code, "xabcd", "abcd", [f"p-{number:032x}:emotion" for number in range(2400)])
    assert {each[4] for each in seen} == {"x"}
    counts = [sum(each == "".join(order) + "x" for each in seen) for order in itertools.permutations("abcd")]
    assert sum(counts) == 2400
    assert chisquare(counts).pvalue > 1e-3


def test_an_order_is_a_function_of_the_seed(code: Path):
    first, again, other = orders(code, "abcdefg", "abcdefg", ["anna:emotion", "anna:emotion", "anna:gender"])
    assert first == again != other
    assert orders(code, "abc", "", ["anna"]) == ["abc"]
