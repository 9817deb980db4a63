"""The worker of the edge in a thread, once for each module of tests."""

from collections.abc import Iterator

import pytest

from tests.config.edge.raw_client import Edge, running


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with running() as started:
        yield started
