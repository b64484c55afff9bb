"""Local only, in a network namespace with a packet capture: not one packet; the same with leave, to see it tells."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NAMESPACE = ["unshare", "--map-root-user", "--net"]


def num_packets(state: str) -> int:
    command = [*NAMESPACE, sys.executable, "-m", "tests.link.packets", state]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def has_namespaces() -> bool:
    try:
        return subprocess.run([*NAMESPACE, "ip", "link"], capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not has_namespaces(), reason="this system lets nobody make a network namespace")
@pytest.mark.parametrize(("state", "leaves"), [("local_only", False), ("on", True)])
def test_packets_leave_only_by_leave(state: str, leaves: bool) -> None:
    assert (num_packets(state) > 0) is leaves
