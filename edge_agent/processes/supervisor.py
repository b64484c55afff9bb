"""`edge-agent run`: starts the hop and the link process, restarts either when it dies, and vouches for them to systemd.

The watchdog is fed only while the hop process reports sound from the device, so a deaf agent is restarted, not
kept alive. The supervisor itself touches no sound.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from edge_agent.channels import Channels
from edge_agent.link.notify import notify
from edge_agent.processes import switch
from edge_agent.processes.realtime import limit_realtime
from edge_agent.profile_file import load_profile

POLL_S = 0.1
WATCHDOG_S = 1.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
STEADY_S = 10.0  # a process that lived this long was well
GRACE_S = 3.0
USERS_ERROR = 2


def say(line: str) -> None:
    """One line for the person or the journal."""
    sys.stderr.write(f"edge-agent: {line}\n")
    sys.stderr.flush()


@dataclass
class Child:
    """One process and its restarts; pauses grow while it keeps dying."""

    name: str
    command: list[str]
    fds: tuple[int, ...]
    pause_s: float = FIRST_PAUSE_S
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    again_s: float = 0.0
    num_starts: int = 0

    def start(self, now_s: float) -> None:
        # a session of its own: Ctrl-C is the supervisor's to pass on, in order
        self.process = subprocess.Popen(
            self.command, pass_fds=self.fds, stdin=subprocess.DEVNULL, start_new_session=True
        )
        limit_realtime(self.process.pid)
        self.started_s = now_s
        self.num_starts += 1

    def check(self, now_s: float) -> int | None:
        """Start again what has ended, after a pause; the exit status in the moment that the end is seen."""
        if self.process is None:
            if now_s >= self.again_s:
                self.start(now_s)
            return None
        status = self.process.poll()
        if status is None:
            return None
        self.process = None
        self.pause_s = FIRST_PAUSE_S if now_s - self.started_s > STEADY_S else min(2 * self.pause_s, LONGEST_PAUSE_S)
        self.again_s = now_s + self.pause_s
        return status

    def end(self) -> None:
        """Ask, then insist."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Supervisor:
    """Both processes, the rings between them, and the word to systemd."""

    def __init__(self, profile_name: str, *, as_json: bool = False, log: Path | None = None) -> None:
        """Raises ProfileError before anything is started."""
        profile = load_profile(profile_name)
        privacy, phrases = profile.privacy, profile.wake.phrases
        self._listening = f"listening for “{'” or “'.join(phrases)}”" if phrases else "listening"
        self._switch = Path(privacy.switch or switch.default_path())
        self._is_muted_by_profile = privacy.state == "muted"
        self.channels = Channels.create()
        self._read_switch()
        module = "edge_agent.processes.hop_process"
        hop = [sys.executable, "-m", module, "--profile", profile_name, *self.channels.arguments]
        link = [sys.executable, "-m", "edge_agent.link", "--profile", profile_name, *self.channels.arguments]
        link += ["--json"] if as_json else []
        link += ["--log", str(log)] if log is not None else []
        self.hop = Child("hop process", hop, self.channels.fds)
        self.link = Child("link process", link, self.channels.fds)
        self._is_ending = False
        self._beats_seen = 0
        self._is_ready = False

    def run(self) -> int:
        """Until SIGTERM or SIGINT; the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        try:
            return self._watch(time.monotonic, time.sleep)
        finally:
            notify("STOPPING=1")
            self.hop.end()
            self.link.end()

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._is_ending = True

    def _watch(self, now_s: Callable[[], float], sleep: Callable[[float], None]) -> int:
        next_report_s = now_s() + WATCHDOG_S
        while not self._is_ending:
            for child in (self.link, self.hop):
                status = child.check(now_s())
                if status is not None and not self._may_go_on(child, status):
                    return USERS_ERROR
            self._read_switch()
            if now_s() >= next_report_s:
                next_report_s = now_s() + WATCHDOG_S
                self.report()
            sleep(POLL_S)
        return 0

    def _may_go_on(self, child: Child, status: int) -> bool:
        """False when the child, before all sound, has told the user what to cure."""
        if self._is_ending:
            return True
        if status == USERS_ERROR and not self._is_ready:
            return False
        reason = f"signal {-status}" if status < 0 else f"status {status}"
        say(f"the {child.name} ended ({reason}); starting it again in {child.pause_s:.1f} s")
        return True

    def _read_switch(self) -> None:
        self.channels.mic_off.set(int(switch.is_off(self._switch, self._is_muted_by_profile)))

    def report(self) -> None:
        """Once a second: is sound flowing? Only then is systemd told that all is well."""
        beats = self.channels.heartbeat.count
        is_flowing = beats > self._beats_seen
        self._beats_seen = beats
        if not is_flowing:
            notify("STATUS=no sound from the device")
            return
        is_off = self.channels.mic_off.count > 0
        status = "the microphone is off; edge-agent unmute turns it on" if is_off else self._listening
        notify(f"READY=1\nWATCHDOG=1\nSTATUS={status}")
        if not self._is_ready:
            say(f"{status} (Ctrl-C ends it)")
        self._is_ready = True
