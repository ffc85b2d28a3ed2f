"""Telling systemd that the relay is ready and at work: datagrams to the socket that it names, and nothing else."""

from __future__ import annotations

import os
import socket


def notify(*lines: str) -> None:
    """E.g. notify("READY=1", "STATUS=at work"). Where nobody listens, nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        try:
            sender.sendto("\n".join(lines).encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
        except OSError:  # the service manager is busy or gone; the next one may get there
            return


def watchdog_s() -> float | None:
    """How often a sign of life is wanted; None: none is."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdecimal() and int(microseconds) else None
