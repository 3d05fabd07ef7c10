"""On a machine where device/install.sh has installed the service and its camera shows something.

Run it as root, with the repository and pytest there (it stops, kills and reloads the service, and
puts the settings back): pytest -m hardware tests/hardware/test_service.py
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SERVICE = "edge-emotion.service"
SETTINGS = Path("/etc/edge-emotion.toml")
WATCHDOG_S = 120

pytestmark = [
    pytest.mark.hardware,
    pytest.mark.skipif(not Path("/run/systemd/system").exists(), reason="systemd does not run"),
    pytest.mark.skipif(not SETTINGS.exists(), reason="needs: sudo device/install.sh"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
]


def systemctl(*arguments: str) -> str:
    done = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def shown(name: str) -> str:
    return systemctl("show", "--value", "--property", name, SERVICE)


def messages(since_s: float) -> str:
    """What the service has said, apart from readings, since a time of the clock."""
    told = subprocess.run(
        ["journalctl", "-u", SERVICE, "-o", "cat", "--since", f"@{int(since_s)}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return "\n".join(line for line in told.stdout.splitlines() if not line.startswith("{"))


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        if holds():
            return True
        time.sleep(0.2)
    return holds()


@pytest.fixture(autouse=True)
def _running() -> None:
    if shown("ActiveState") != "active":
        systemctl("restart", SERVICE)


def test_it_is_active_once_a_frame_was_read_and_says_what_it_does():
    systemctl("restart", SERVICE)  # returns after READY=1
    assert (shown("ActiveState"), shown("SubState")) == ("active", "running")
    assert wait_until(lambda: shown("StatusText") != "", 15)


def test_its_frame_loop_pings_the_watchdog():
    before = shown("WatchdogTimestampMonotonic")
    assert wait_until(lambda: shown("WatchdogTimestampMonotonic") != before, WATCHDOG_S / 2 + 2)


def test_it_ends_cleanly_within_two_seconds():
    start_s = time.monotonic()
    systemctl("stop", SERVICE)
    assert time.monotonic() - start_s < 2
    assert (shown("Result"), shown("ExecMainStatus")) == ("success", "0")


def test_it_comes_back_after_it_was_killed_or_froze():
    for number, seconds in ((signal.SIGKILL, 30), (signal.SIGSTOP, WATCHDOG_S + 45)):
        before = int(shown("NRestarts"))
        os.kill(int(shown("MainPID")), number)
        assert wait_until(lambda before=before: int(shown("NRestarts")) > before, seconds)
        assert wait_until(lambda: shown("ActiveState") == "active", 60)


def test_changed_settings_are_taken_and_wrong_ones_told():
    former = SETTINGS.read_text()
    process = shown("MainPID")
    try:
        start_s = time.time()
        SETTINGS.write_text(former + "\nall_frames_please = true\n")
        systemctl("reload", SERVICE)
        assert wait_until(lambda: "all_frames_please" in messages(start_s), 10)
        SETTINGS.write_text(former + "\nthreads = 2\n")
        start_s = time.time()
        systemctl("reload", SERVICE)
        assert wait_until(lambda: "settings taken" in messages(start_s), 10)
        assert wait_until(lambda: shown("ActiveState") == "active", 10)
        assert shown("MainPID") == process
    finally:
        SETTINGS.write_text(former)
        systemctl("reload", SERVICE)


def test_it_stays_within_its_memory():
    time.sleep(5)
    status = Path("/proc", shown("MainPID"), "status").read_text()
    resident_kb = int(status.partition("VmRSS:")[2].split()[0])
    assert resident_kb < 150_000


def test_it_sees_the_devices_it_needs_and_no_home():
    with_its_rights = ["nsenter", "--target", shown("MainPID"), "--mount"]
    home = subprocess.run([*with_its_rights, "ls", "/home"], capture_output=True, text=True)
    assert home.stdout == ""
    written = subprocess.run([*with_its_rights, "touch", "/etc/edge-emotion.probe"], check=False)
    assert written.returncode != 0
    assert (
        "video"
        in subprocess.run(
            ["id", "-nG", "edge-emotion"], capture_output=True, text=True, check=True
        ).stdout.split()
    )
