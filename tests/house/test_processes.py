"""Two processes: restarted when they die, fed to the watchdog only while sound flows, and joined by rings."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent import events
from edge_agent.channels import Channels
from edge_agent.event_json import encode
from edge_agent.link.notify import notify
from edge_agent.processes import realtime, supervisor
from edge_agent.processes.supervisor import Child, Supervisor

BEATS = """
import sys, time
from edge_agent.channels import Channels
channels = Channels.attach(sys.argv[1:])
for _ in range(int({hops})):
    channels.heartbeat.beat()
    time.sleep(0.01)
{end}
"""
IDLE = "import time; time.sleep(60)"


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What systemd would hear."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield listener


def heard(systemd: socket.socket) -> list[str]:
    systemd.setblocking(False)
    messages = []
    while True:
        try:
            messages.append(systemd.recv(1000).decode())
        except BlockingIOError:
            return messages


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("WATCHDOG_S", 0.1), ("POLL_S", 0.02), ("FIRST_PAUSE_S", 0.05), ("GRACE_S", 1.0)):
        monkeypatch.setattr(supervisor, name, value)


def started(hop: str, link: str = IDLE) -> Supervisor:
    result = Supervisor("generic_x86")
    result.hop.command = [sys.executable, "-c", hop, *result.channels.arguments]
    result.link.command = [sys.executable, "-c", link, *result.channels.arguments]
    return result


def run_until(agent: Supervisor, is_done: Callable[[], bool], limit_s: float = 60.0) -> int:
    """Run the supervisor here, as it must be in the main thread, and end it when something has happened."""

    def watch() -> None:
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s and not is_done():
            if has_ended.wait(0.02):
                return
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    has_ended = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        return agent.run()
    finally:
        has_ended.set()
        watcher.join()
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.usefixtures("quick")
def test_ready_and_watchdog_only_while_sound_flows(systemd: socket.socket) -> None:
    agent = started(BEATS.format(hops=60, end="time.sleep(60)"))
    said: list[str] = []

    def is_done() -> bool:
        said.extend(heard(systemd))
        # sound flowed, then stood still for three reports
        return agent.channels.heartbeat.count >= 60 and said[-3:] == 3 * ["STATUS=no sound from the device"]

    assert run_until(agent, is_done) == 0
    said += heard(systemd)
    flowing = [message for message in said if "WATCHDOG=1" in message]
    assert set(flowing) == {"READY=1\nWATCHDOG=1\nSTATUS=listening"}
    assert len(flowing) <= 60, "a report without a new beat fed the watchdog"
    assert said[-1] == "STOPPING=1"


@pytest.mark.parametrize(
    ("wake", "said"),
    [("", "listening"), ("wake: {phrases: [computer, hey house]}", "listening for “computer” or “hey house”")],
)
def test_the_user_is_told_once_when_to_speak(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wake: str, said: str
) -> None:
    profile = tmp_path / "p.yaml"
    profile.write_text(f"name: p\n{wake}\n", encoding="utf-8")
    agent = Supervisor(str(profile))
    agent.report()
    assert capsys.readouterr().err == "", "no sound has flowed"
    for _ in range(2):
        agent.channels.heartbeat.beat()
        agent.report()
    assert capsys.readouterr().err == f"edge-agent: {said} (Ctrl-C ends it)\n"


@pytest.mark.usefixtures("quick")
def test_a_process_that_dies_is_started_again(capfd: pytest.CaptureFixture[str]) -> None:
    agent = started(BEATS.format(hops=3, end="import os; os.kill(os.getpid(), 9)"), link="raise SystemExit(1)")
    assert run_until(agent, lambda: agent.hop.num_starts >= 3 and agent.link.num_starts >= 3) == 0
    assert agent.channels.heartbeat.count >= 6, "the successor does not write into the same heartbeat"
    said = capfd.readouterr().err
    assert "the hop process ended (signal 9); starting it again in" in said
    assert "the link process ended (status 1); starting it again in" in said


@pytest.mark.usefixtures("quick")
def test_a_users_error_ends_it_with_the_same_status() -> None:
    agent = started("import sys; sys.exit(2)")
    assert run_until(agent, lambda: False) == 2
    assert agent.hop.num_starts == 1
    assert agent.link.process is not None
    assert agent.link.process.poll() is not None, "the link process was left behind"


def test_pauses_grow_while_a_process_keeps_dying() -> None:
    child = Child("hop process", [sys.executable, "-c", "raise SystemExit(1)"], ())
    pauses = []
    now_s = 0.0
    for _ in range(8):
        child.start(now_s)
        assert child.process is not None
        child.process.wait()
        assert child.check(now_s + 0.5) == 1
        pauses.append(child.pause_s)
    assert pauses == [0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0]
    child.start(now_s)
    assert child.process is not None
    child.process.wait()
    child.check(now_s + 60)
    assert child.pause_s == 0.2


def test_notify_without_systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert notify("READY=1") is False
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    assert notify("READY=1") is False


def test_link_process_prints_and_logs_what_the_ring_brings(tmp_path: Path) -> None:
    channels = Channels.create()
    log = tmp_path / "events.jsonl"
    command = [sys.executable, "-m", "edge_agent.link", "--json", "--log", str(log), *channels.arguments]
    with subprocess.Popen(command, pass_fds=channels.fds, stdout=subprocess.PIPE, text=True) as link:
        assert link.stdout is not None
        channels.events.send(encode(events.Wake(160, "computer")))
        assert json.loads(link.stdout.readline()) == {"event": "wake", "at_ms": 10.0, "phrase": "computer"}
        channels.events.send(b"\xff not an event")
        channels.events.send(b'{"event": "telepathy"}')
        channels.offload.send(b"sound")
        channels.events.send(encode(events.Reply(320, "yes")))
        assert json.loads(link.stdout.readline())["text"] == "yes"
        channels.events.send(encode(events.Xrun(480, "device_lost")))
        link.terminate()
        rest = link.stdout.read()
        assert link.wait(60) == 0
    assert "device_lost" in rest or channels.events.receive() is not None
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()][:2] == ["wake", "reply"]


def test_channels_of_a_child_are_those_of_the_parent() -> None:
    channels = Channels.create()
    script = BEATS.format(hops=1, end="channels.events.send(b'x' * 5000)")
    subprocess.run([sys.executable, "-c", script, *channels.arguments], pass_fds=channels.fds, check=True, timeout=60)
    assert channels.heartbeat.count == 1
    assert channels.events.receive() == b"x" * 5000


PARENT = """
import subprocess, sys
from edge_agent.channels import Channels
channels = Channels.create()
command = [sys.executable, "-c", sys.argv[1], *channels.arguments]
child = subprocess.Popen(command, pass_fds=channels.fds, start_new_session=True)
while channels.heartbeat.count == 0:
    pass
print(child.pid, flush=True)
child.wait()
"""


def test_a_killed_supervisor_leaves_nobody_at_the_device() -> None:
    child = BEATS.format(hops=1, end="time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", PARENT, child], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child_pid = int(parent.stdout.readline())
        parent.kill()
    end_s = time.monotonic() + 60
    while is_running(child_pid) and time.monotonic() < end_s:
        time.sleep(0.02)
    assert not is_running(child_pid)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


SPINS = """
import os, sys
try:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
except PermissionError:
    sys.exit(77)
while True:
    pass
"""


def test_a_process_that_spins_in_real_time_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "LONGEST_REALTIME_RUN_US", 100_000)
    child = Child("hop process", [sys.executable, "-c", SPINS], ())
    child.start(0.0)
    assert child.process is not None
    status = child.process.wait(timeout=30)
    if status == 77:
        pytest.skip("this system grants no real-time priority")
    assert status == -signal.SIGXCPU
