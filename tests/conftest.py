"""What every test may use."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recordings beside the checkout; the test is skipped where they are not."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.exists():
        pytest.skip(f"{folder} is not here: this test needs the evaluation recordings")
    return folder
