import hashlib
import hmac
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import FolderError
from builder.ratings.privacy import findings, is_pseudonym, participant_key, pseudonym


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to jane.doe+x@mail.example.org", "e-mail address"),
        ("jane (at) example.org", "e-mail address"),
        ("see https://example.org/me", "link"),
        ("my page is janedoe.com", "link"),
        ("on instagram I am @jane_doe", "platform id"),
        ("my prolific id is 5f3c2a1b9d8e7f6a5b4c3d2e", "platform id"),
        ("worker A1B2C3D4E5F6G7", "platform id"),
        ("response R_1dP9xqYk2LmN3oP", "platform id"),
        ("from 203.0.113.7", "IP address"),
        ("from 2001:db8::7", "IP address"),
        ("call +49 170 1234567", "phone number"),
        ("call (555) 123-4567", "phone number"),
        ("0151 23456789", "phone number"),
        ("ftp://files.example/x", "link"),
        ("my page is janedoe.ch", "link"),
        ("janedoe.at and doe.nl", "link"),
        ("JaneDoe.dev", "link"),
        ("jane-doe.co.uk/me", "link"),
        ("t.me/janedoe", "link"),
        ("janedoe dot ch", "link"),
        ("janedoe[.]com", "link"),
        ("janedoe\uff0ech", "link"),
        ("jane[at]example[dot]ch", "e-mail address"),
        ("jane (at) example (dot) org", "e-mail address"),
        ("jane at example dot org", "e-mail address"),
        ("jane @ example . org", "e-mail address"),
        ("jane\uff20example.org", "e-mail address"),
        ("jane\u200b@\u200bexample.org", "e-mail address"),
        ("192[.]168[.]1[.]12", "IP address"),
        ("192(.)168(.)1(.)12", "IP address"),
        ("DE89370400440532013000", "bank account"),
        ("de89 3704 0044 0532 0130 00", "bank account"),
        ("GB29 NWBK 6016 1331 9268 19", "bank account"),
        ("5F3C2A1B9D8E7F6A5B4C3D2E", "platform id"),
        ("worker a1b2c3d4e5f6g7", "platform id"),
        ("R_1DP9XQYK2LMN3OP", "platform id"),
        ("48.1374, 11.5755", "coordinates"),
        ("-33,8568; 151,2153", "coordinates"),
        ("48\u00b0 8' 15\" N", "coordinates"),
        ("48.137\u00b0 N", "coordinates"),
        ("8FWH4HX8+QR", "coordinates"),
    ],
)
def test_what_may_identify_somebody_is_found(text, found):
    assert found in findings(text)
    assert found in findings(f"I looked at the eyes.\n{text}, and at the nose!")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(
            (f"{letters}{account}", "bank account")
            for letters in ("x", "IBAN", "a", "my account is_", "7")
            for account in (
                "DE89370400440532013000",
                "de89370400440532013000",
                "AT611904300234573201",
                "BE68539007547034",
            )
        ),
        ("xGB29 NWBK 6016 1331 9268 19", "bank account"),
        ("data_5f3c2a1b9d8e7f6a5b4c3d2e.csv", "platform id"),
        ("data5f3c2a1b9d8e7f6a5b4c3d2e", "platform id"),
        ("é5f3c2a1b9d8e7f6a5b4c3d2eé", "platform id"),
        ("5f3c2a1b9d8e7f6a5b4c3d2e_final", "platform id"),
        ("5F3C2A1B9D8E7F6A5B4C3D2E", "platform id"),
        ("worker_A1B2C3D4E5F6G7_1", "platform id"),
        ("export_R_1dP9xqYk2LmN3oP", "platform id"),
        ("instagram_@jane_doe", "platform id"),
        ("janedoe.com_2", "link"),
        ("ip_203.0.113.7_x", "IP address"),
        ("ip_2001:db8::7_x", "IP address"),
        ("tel_999999999_home", "phone number"),
        ("tel999999999home", "phone number"),
        ("ip203.0.113.7x", "IP address"),
        ("IP:203.0.113.7:8080", "IP address"),
    ],
)
def test_letters_and_underscores_beside_it_hide_nothing(text, found):
    assert found in findings(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "std::vector, Augen::Nase, C++ 1.2.3",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "p-9f86d081884c7d659a2feaa0c55ad015 is a pseudonym",
        "commit 0503687a0503687a0503687a0503687a05036871",
        "I looked at the eyes and the nose, mostly.",
        "Eyes: 50 %, nose: 30 %, the rest: 20 %.",
        "I took 2-3 seconds for each of the 112 pairs",
        "AUGEN UND NASENPARTIEN, dann der Mund.Manchmal die Haare",
        "between 10:30 and 11:15",
        "I looked at the dot on the cheek, then at the eyes",
        "turned by 45\u00b0 West-style, at 2.5 or 3.25 times, e.g. z.B. i.e. 5 p.m.",
        "(at first) the nose",
    ],
)
def test_ordinary_answers_are_let_through(text):
    assert findings(text) == []


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text):
    assert findings(text) == sorted(set(findings(text)))


def test_a_pseudonym_is_the_hmac_of_the_platforms_id(tmp_path):
    key = participant_key(tmp_path)
    expected = hmac.new(key, b"5f3c2a1b9d8e7f6a5b4c3d2e", hashlib.sha256).hexdigest()
    assert pseudonym(key, " 5f3c2a1b9d8e7f6a5b4c3d2e\n") == "p-" + expected[:32]
    assert is_pseudonym(pseudonym(key, "x"))
    assert not is_pseudonym("5f3c2a1b9d8e7f6a5b4c3d2e")
    assert not any(findings(pseudonym(key, str(number))) for number in range(300))


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path):
    keys = []
    threads = [threading.Thread(target=lambda: keys.append(participant_key(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1
    (path,) = (tmp_path / "ratings").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert participant_key(tmp_path) == path.read_bytes()


def test_a_damaged_key_is_named(tmp_path):
    participant_key(tmp_path)
    (tmp_path / "ratings" / "participant.key").write_bytes(b"short")
    with pytest.raises(FolderError, match=r"participant\.key: has 5 bytes"):
        participant_key(tmp_path)
