"""What the tests of publishing share."""

from collections.abc import Iterator

import pytest

from tests.hub_server import Hub, hub_server


@pytest.fixture
def hub() -> Iterator[Hub]:
    """An empty Hub of its own on the loopback interface; `hub.environment(home)` makes a process use it."""
    with hub_server() as running:
        yield running
