"""What systemd is told, on a real datagram socket (sd_notify(3))."""

import os
import socket
from contextlib import suppress

import pytest

from edge_emotion_device.supervisor import Supervisor


class Manager:
    """The manager's end of the socket."""

    def __init__(self, folder) -> None:
        self.address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)

    def told(self) -> list[str]:
        messages = []
        with suppress(BlockingIOError):
            while True:
                messages.append(self._socket.recv(4096).decode())
        return messages


@pytest.fixture
def manager(tmp_path):
    return Manager(tmp_path)


def test_ready_is_told_once_and_again_after_reloading(manager):
    supervisor = Supervisor({"NOTIFY_SOCKET": manager.address})
    supervisor.ready()
    supervisor.ready()
    assert manager.told() == ["READY=1"]
    supervisor.reloading()
    supervisor.ready()
    reloading, ready = manager.told()
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=") and ready == "READY=1"
    supervisor.stopping()
    assert manager.told() == ["STOPPING=1"]


def test_the_watchdog_hears_of_it_twice_in_its_time(manager):
    now_s = 0.0
    environment = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "4000000"}
    supervisor = Supervisor(environment, clock=lambda: now_s)
    for tenth in range(80):
        now_s = tenth / 10
        supervisor.beat()
    assert manager.told() == 4 * ["WATCHDOG=1"]


def test_a_watchdog_that_watches_another_process_hears_nothing(manager):
    environment = {
        "NOTIFY_SOCKET": manager.address,
        "WATCHDOG_USEC": "4000000",
        "WATCHDOG_PID": str(os.getpid() + 1),
    }
    Supervisor(environment).beat()
    assert manager.told() == []


def test_the_status_is_asked_for_now_and_then(manager):
    seconds = iter(range(30))
    supervisor = Supervisor({"NOTIFY_SOCKET": manager.address}, clock=lambda: next(seconds))
    asked = iter("abcdefg")
    for _ in range(30):
        supervisor.beat(lambda: next(asked))
    assert manager.told() == ["STATUS=a", "STATUS=b", "STATUS=c"]


def test_without_a_manager_nothing_happens():
    supervisor = Supervisor({})
    supervisor.ready()
    supervisor.beat(lambda: pytest.fail("nobody reads it"))
    supervisor.stopping()


def test_a_manager_that_is_gone_does_no_harm(tmp_path):
    Supervisor({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
