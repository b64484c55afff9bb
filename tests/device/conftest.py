"""A virtual sound card for the tests of this folder; those that end its daemon start it again."""

from collections.abc import Iterator

import pytest

from tests.device.virtual_card import VirtualCard, missing_programs


@pytest.fixture(scope="session")
def card() -> Iterator[VirtualCard]:
    """One card for the whole run, with its daemon running."""
    if missing := missing_programs():
        pytest.skip(f"not installed: {', '.join(missing)}")
    with VirtualCard() as virtual_card:
        yield virtual_card
