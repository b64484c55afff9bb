"""A link process for who runs the hop himself (a replay in real time, a test): with the rings that join them."""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edge_agent.channels import Channels
from edge_agent.errors import CloudError
from edge_agent.profile import Profile

GRACE_S = 3.0
READY_WITHIN_S = 60.0  # on a machine that is busy with other things
POLL_S = 0.01


@contextlib.contextmanager
def linked(profile: Profile) -> Iterator[Channels]:
    """The rings to a link process that lives as long as the block; it shows nothing, and its errors go to stderr.

    It is at work when the block begins, so that the first question is not kept waiting. Raises CloudError when it ends
    before that.
    """
    channels = Channels.create()
    with tempfile.TemporaryDirectory(prefix="edge-agent-") as folder:
        path = Path(folder) / "profile.yaml"
        path.write_text(profile.model_dump_json(), encoding="utf-8")  # JSON is YAML
        command = [sys.executable, "-m", "edge_agent.link", "--profile", str(path), *channels.arguments]
        process = subprocess.Popen(command, pass_fds=channels.fds, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            _wait_until_ready(channels, process)
            yield channels
        finally:
            _end(process)


def _wait_until_ready(channels: Channels, process: "subprocess.Popen[bytes]") -> None:
    end_s = time.monotonic() + READY_WITHIN_S
    while not channels.link_ready.count:
        if process.poll() is not None:
            raise CloudError(f"the link process ended (status {process.returncode}) before it began: it said why above")
        if time.monotonic() > end_s:
            raise CloudError(
                f"the link process did not begin within {READY_WITHIN_S:.0f} s: try it on a calmer machine"
            )
        time.sleep(POLL_S)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
