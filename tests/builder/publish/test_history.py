"""What stands in a public changelog for good."""

import pytest

from builder.errors import PublishError
from builder.publish.history import published, withdrawn


@pytest.mark.parametrize("why", ["", "  ", "mail from willy@example.org", "as 203.0.113.2 asked"])
def test_a_reason_that_says_nothing_or_names_somebody_is_refused(why):
    with pytest.raises(PublishError, match="--why"):
        withdrawn(published((), "1.0.0", ["first"]), "1.0.0", why)


def test_a_reason_is_kept():
    history = withdrawn(published((), "1.0.0", ["first"]), "1.0.0", "A participant withdrew consent.")
    assert history[-1].notes == ("A participant withdrew consent.",)
