"""What a service manager is told: systemd's notification protocol.

See sd_notify(3), "Well-known assignments", and sd_watchdog_enabled(3).
"""

import os
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic

_STATUS_EVERY_S = 10.0


class Supervisor:
    """Tells systemd that a run is ready, alive and ending; without systemd it does nothing.

    Args:
        environment: with NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID as systemd sets them.
    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._address = re.sub("^@", "\0", environment.get("NOTIFY_SOCKET", ""))
        self._clock = clock
        self._ready = False
        self._next_status_s = 0.0
        microseconds = environment.get("WATCHDOG_USEC", "")
        watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._beat_s = int(microseconds) / 2e6 if watched and microseconds.isdecimal() else 0.0
        self._next_beat_s = 0.0

    def beat(self, status: Callable[[], str] | None = None) -> None:
        """Tell that the frame loop runs, twice in a watchdog's time; cheap between.

        Args:
            status: what `systemctl status` shows, asked for now and then.
        """
        if not self._address:
            return
        now_s = self._clock()
        if self._beat_s and now_s >= self._next_beat_s:
            self._next_beat_s = now_s + self._beat_s
            self._tell("WATCHDOG=1")
        if status is not None and now_s >= self._next_status_s:
            self._next_status_s = now_s + _STATUS_EVERY_S
            self._tell(f"STATUS={status()}")

    def ready(self) -> None:
        """The first frame was read, or the settings read again were taken or refused."""
        if not self._ready:
            self._ready = True
            self._next_status_s = 0.0  # there is more to tell now
            self._tell("READY=1")

    def reloading(self) -> None:
        """Settings are read again; `ready` ends it."""
        self._ready = False
        # Type=notify-reload wants the time, CLOCK_MONOTONIC in microseconds
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={int(monotonic() * 1e6)}")

    def stopping(self) -> None:
        """The run is ending."""
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.settimeout(0.5)  # a manager that does not listen must not hold up the frames
            notify.sendto(state.encode(), self._address)
