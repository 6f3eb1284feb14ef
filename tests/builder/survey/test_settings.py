import pytest

from builder.errors import StudyError
from builder.study import parse_study


def test_where_the_last_page_leads_is_an_https_address():
    url = "https://app.prolific.com/submissions/complete?cc=C1A2B3"
    assert parse_study({"name": "a", "survey": {"completion_url": url}}, "study.toml").survey.completion_url == url


@pytest.mark.parametrize("url", ["http://a.org", "javascript:alert(1)", "https://", "https://a b", "https://a\n", 7])
def test_other_addresses_are_refused(url):
    with pytest.raises(StudyError, match=r"survey\.completion_url"):
        parse_study({"name": "a", "survey": {"completion_url": url}}, "study.toml")
