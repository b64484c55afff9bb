"""What every test may use."""

import gc
import os
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
MOST_WORKERS = 4  # each loads the models; one more than cores, since tests also wait for processes and sockets


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """`pytest` alone: all but the tests of the sound card, on several cores. What is chosen by path or mark: in one."""
    keep_what_is_compiled()
    option = config.option
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS or option.markexpr:
        return
    option.markexpr = "not device"
    is_worker = hasattr(config, "workerinput")
    if config.pluginmanager.hasplugin("xdist") and not is_worker and option.numprocesses is None and not option.usepdb:
        option.numprocesses = min(MOST_WORKERS, len(os.sched_getaffinity(0)) + 1)
        option.dist = "worksteal"


def keep_what_is_compiled() -> None:
    """Here and in every process started from here, whatever the shell says: to rewrite the assertions of all tests
    takes longer than to collect them, and each process would do it anew.
    """
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: no search for garbage need look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recordings beside the checkout; the test is skipped where they are not."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.exists():
        pytest.skip(f"{folder} is not here: this test needs the evaluation recordings")
    return folder
