"""A link process for who runs the hop himself (a replay in real time, a test): with the rings that join them."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edge_agent.channels import Channels
from edge_agent.profile import Profile

GRACE_S = 3.0


@contextlib.contextmanager
def linked(profile: Profile) -> Iterator[Channels]:
    """The rings to a link process that lives as long as the block; it shows nothing, and its errors go to stderr."""
    channels = Channels.create()
    with tempfile.TemporaryDirectory(prefix="edge-agent-") as folder:
        path = Path(folder) / "profile.yaml"
        path.write_text(profile.model_dump_json(), encoding="utf-8")  # JSON is YAML
        command = [sys.executable, "-m", "edge_agent.link", "--profile", str(path), *channels.arguments]
        process = subprocess.Popen(command, pass_fds=channels.fds, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            yield channels
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
