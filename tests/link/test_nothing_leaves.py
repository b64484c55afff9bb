"""Local only, in a network namespace with a packet capture: not one packet; the same with leave, to see it tells."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NAMESPACE = ["unshare", "--map-root-user", "--net"]


def num_packets(*states: str) -> list[int]:
    command = [*NAMESPACE, sys.executable, "-m", "tests.link.packets", *states]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


def has_namespaces() -> bool:
    try:
        return subprocess.run([*NAMESPACE, "ip", "link"], capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not has_namespaces(), reason="this system lets nobody make a network namespace")
def test_packets_leave_only_by_leave() -> None:
    without, by_leave = num_packets("local_only", "on")
    assert without == 0
    assert by_leave > 0
