"""Tells systemd how the service is, without a dependency; nothing happens where systemd does not listen."""

import os
import socket


def notify(message: str) -> bool:
    """Send "READY=1", "WATCHDOG=1", "STATUS=..." or "STOPPING=1"; False when nobody listens. Never waits."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as channel:
        try:
            channel.connect(address)
            channel.sendall(message.encode())
        except OSError:
            return False
    return True
