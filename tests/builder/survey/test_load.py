"""The benchmark's load with fewer participants, and the server killed in the middle."""

import asyncio

import pytest

from benchmarks.survey import lost_and_doubled, participants, stored, survey_folder, with_kills


@pytest.mark.slow
def test_what_was_acknowledged_survives_kills_and_everyone_goes_on(tmp_path, stub):
    people = participants(12)
    folder = survey_folder(tmp_path, raters=12)
    killed = asyncio.run(with_kills(people, folder, stub, kills=3))
    assert killed == 3
    assert sum(person.interrupted for person in people) >= 3
    assert all(person.finished for person in people)
    assert lost_and_doubled(people, folder) == (0, 0)
    assert len(stored(folder)) == 12 * 112
