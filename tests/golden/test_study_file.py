"""What names a study: its identity, its hash, its file as `build` writes it. A study folder is refused if one moves."""

import json
from importlib import resources
from pathlib import Path

from builder.studies.verification.study import VerificationStudy
from builder.study import read_study

GOLDEN = Path(__file__).parent
PAPER = Path(str(resources.files("builder.studies.verification") / "paper.toml"))


def test_the_demo_keeps_its_hash():
    assert read_study().hash() == "6311c1493eecf29e9e8f0ffc444ed9e2fc86b77182c70d4faddf650e0a7957cb"


def test_a_study_of_defaults_keeps_its_hash():
    assert VerificationStudy(name="a").hash() == "c964aa887deab3794369eca9dfbd5c2e748f6dcf5436851bf590b28874cf448f"


def test_the_paper_keeps_its_hash():
    assert read_study(PAPER).hash() == "435d90deb9c22d802514e8ef36fb905bad001da43a95e3017a909ffb59fa666a"


def test_the_demo_keeps_its_identity():
    assert read_study().fingerprint() == json.loads((GOLDEN / "demo-identity.json").read_text())


def test_the_demo_is_written_out_as_before():
    assert read_study().to_toml() == (GOLDEN / "demo-study.toml").read_text()
