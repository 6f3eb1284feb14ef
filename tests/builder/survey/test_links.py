"""Signed links, with tokens made by PyJWT under keys of cryptography as a platform would."""

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from builder.errors import SurveyError
from builder.survey.links import Vouched, read_signed_links
from tests.builder.survey.serving import Page, serving
from tests.conftest import run_builder

ADDRESS = "https://survey.example.org/study"
IDS = {"PROLIFIC_PID": "5f1e0000000000000000000c", "STUDY_ID": "77bb", "SESSION_ID": "64aa0000000000000000000c"}
SECRET = b"a shared secret of 32 bytes, or more"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public(key, kid):
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return json.loads(algorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig"}


def shared(secret, kid):
    return {"kty": "oct", "alg": "HS256", "kid": kid, "k": base64.urlsafe_b64encode(secret).rstrip(b"=").decode()}


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [public(RSA, "one"), shared(SECRET, "two")]}))
    return path


def token(key=RSA, algorithm="RS256", kid="one", **claims):
    said = {"iss": "https://www.prolific.com", "aud": ADDRESS, "exp": time.time() + 600, "prolific": IDS} | claims
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, key, algorithm, headers={} if kid is None else {"kid": kid})


def test_whom_the_platform_vouches_for_is_known(keys):
    links = read_signed_links(keys, ADDRESS)
    known = Vouched(IDS["PROLIFIC_PID"], IDS["SESSION_ID"])
    assert links.vouched(token()) == known
    assert links.vouched(token(SECRET, "HS256", "two")) == known
    assert links.vouched(token(aud="https://Survey.example.org/study?PROLIFIC_PID=5f1e")) == known
    assert links.vouched(token(aud=["https://elsewhere.example.org", "survey.example.org"])) == known
    assert links.vouched(token(prolific=None, PROLIFIC_PID="a")) == Vouched("a", None)


def altered(signed, **claims):
    """The same signature below other claims."""
    head, body, signature = signed.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "==")) | claims
    other = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return f"{head}.{other}.{signature}"


def confused():
    """Signed with the public key as if it were a shared secret."""
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    unsigned = token(SECRET, "HS256", "one").rpartition(".")[0]
    signature = hmac.digest(pem, unsigned.encode(), hashlib.sha256)
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


HOSTILE = {
    "of another key": token(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "of an unknown key": token(ec.generate_private_key(ec.SECP256R1()), "ES256", "three"),
    "of no named key": token(kid=None),
    "unsigned": token(None, "none"),
    "by another algorithm": token(RSA, "PS256"),
    "the public key as the secret": confused(),
    "altered": altered(token(), prolific=IDS | {"PROLIFIC_PID": "5f1e00000000000000000009"}),
    "expired": token(exp=time.time() - 120),
    "for ever": token(exp=None),
    "not yet": token(nbf=time.time() + 86_400),  # tests may begin long after they are collected
    "for another survey": token(aud="https://elsewhere.example.org/study"),
    "for a name that ends alike": token(aud="https://evil-survey.example.org.elsewhere.org/"),
    "for nobody in particular": token(aud=None),
    "of nobody": token(prolific={}),
    "of a number": token(prolific={"PROLIFIC_PID": 7}),
    "no token": "null",
    "three parts": "a.b.c",
    "nested": "." * 3000,
}


@pytest.mark.parametrize("link", HOSTILE.values(), ids=HOSTILE)
def test_what_the_platform_did_not_sign_for_this_survey_and_for_now_vouches_for_nobody(keys, link):
    assert read_signed_links(keys, ADDRESS).vouched(link) is None


@pytest.mark.parametrize(
    ("content", "address", "said"),
    [
        (None, ADDRESS, "no such file"),
        ("{", ADDRESS, "is no JSON Web Key Set"),
        ("[]", ADDRESS, "is no JSON Web Key Set"),
        ('{"keys": []}', ADDRESS, "is no JSON Web Key Set"),
        (json.dumps({"keys": [shared(b"short", "a")]}), ADDRESS, "must have 32 bytes"),
        (json.dumps({"keys": [public(RSA, "one")]}), "https://", "the address must be"),
    ],
)
def test_keys_that_cannot_be_used_are_said(tmp_path, content, address, said):
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SurveyError, match=said):
        read_signed_links(path, address)


def test_a_served_survey_lets_in_whom_the_platform_vouches_for_and_nobody_who_says_they_are_them(
    survey_folder, stub, keys
):
    with serving(survey_folder, stub, "--signed-links", str(keys), ADDRESS) as server, server.client() as client:
        for link in (None, HOSTILE["altered"], HOSTILE["expired"]):
            thief = Page(client, prolific_pid=IDS["PROLIFIC_PID"], session_id=IDS["SESSION_ID"], link=link)
            assert (thief.enter().status_code, thief.enter().json()) == (403, {"error": "link"})
        mine = Page(client, prolific_pid="5f1e00000000000000000009", link=token())  # what is signed counts
        assert mine.enter().status_code == 200
        assert mine.consent().json() == {"saved": True}
        assert mine.rate(0).json() == {"saved": True}
        reloaded = Page(client)
        reloaded.token = mine.token
        assert reloaded.enter().status_code == 200
        elsewhere = Page(client, link=token(prolific=IDS | {"SESSION_ID": "another"}))
        elsewhere.enter()
        assert len(elsewhere.session["answered"]) == 1
    done = run_builder("ratings", "forget", survey_folder, IDS["PROLIFIC_PID"])
    assert "1 answers in the survey's database" in done.stdout
