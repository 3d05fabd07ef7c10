"""The connection to a broker: it comes back by itself, and says once what is wrong with it."""

import secrets
import socket
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock
from time import monotonic
from typing import Any

from paho.mqtt.client import Client, MQTTMessageInfo, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from edge_emotion.errors import warn
from edge_emotion_device.mqtt.address import WHERE_LOGINS_BELONG, Address, Login
from edge_emotion_device.mqtt.flight import Flight

BIRTH_TOPIC = "homeassistant/status"
# A broker that hangs is noticed within twice this, and it notices us within 1.5 times (its rule).
KEEPALIVE_S = 20
RECONNECT_S = (1, 30)  # the first delay, doubled up to the last
AT_ONCE = 20  # messages on their way: more are not handed over
LAST_WORDS_S = 0.3
_AGAIN_S = 60.0  # the same trouble is not told again within
_KEPT_BY_PAHO = 100  # messages; a backstop, for no more than AT_ONCE are handed over


class Connection:
    """Sends messages while the broker listens; nothing here waits for it, except `close`.

    MQTT 3.1.1, which every broker speaks and Home Assistant takes; 5 would add nothing that is used
    here.  States and readings go with QoS 0: a state is sent again after each reconnection, and a
    repeated one from before could overwrite a newer.

    Args:
        address: of the broker.
        login: if it asks for one.
        tls: for a connection that is encrypted.
        will: topic of `online` and `offline`; the broker says offline when we are lost.
        listens: whether to listen for Home Assistant's birth message.
        wake: is called when there may be something to do: connected, called, a message has left.
        dropped: how many messages were dropped so far, before they came here.

    Attributes:
        up: whether the broker listens.
        asked: how often everything was asked for: whenever it listens anew, and when it says so.
        failures: how often it was lost or did not come about.
        defect: what failed in paho's thread, which is not the broker's fault.
    """

    def __init__(
        self,
        address: Address,
        login: Login | None,
        tls: ssl.SSLContext | None,
        *,
        will: str,
        listens: bool,
        wake: Callable[[], None],
        dropped: Callable[[], int],
    ) -> None:
        self._address, self._login, self._will = address, login, will
        self._listens, self._wake = listens, wake
        self._news = _News(address.name, lambda: dropped() + self.lost)
        self.up = False
        self.asked = self.failures = 0
        self.defect: Exception | None = None
        self._refused = False
        self._sending = Lock()  # of the next: nothing is sent after goodbye
        self._closing, self._ended = False, Event()
        self._states, self._readings, self._events = Flight(), Flight(), Flight()
        self._client = self._open(tls)

    def _open(self, tls: ssl.SSLContext | None) -> Client:
        # 3.1.1 lets a broker refuse names of more than 23 characters.
        name = f"edge-emotion-{secrets.token_hex(5)}"
        client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv311)
        client.will_set(self._will, "offline", qos=1, retain=True)
        if self._login is not None:
            client.username_pw_set(self._login.user, self._login.password)
        if tls is not None:
            client.tls_set_context(tls)
        client.reconnect_delay_set(*RECONNECT_S)
        client.max_queued_messages_set(_KEPT_BY_PAHO)
        client.on_connect = self._kept(self._on_connect)
        client.on_connect_fail = self._kept(self._on_connect_fail)
        client.on_disconnect = self._kept(self._on_disconnect)
        client.on_message = self._kept(self._on_message)
        client.on_publish = self._kept(lambda *_: self._wake())
        client.connect_async(self._address.host, self._address.port, KEEPALIVE_S)
        client.loop_start()
        return client

    def _kept(self, callback: Callable[..., None]) -> Callable[..., None]:
        """A callback whose error is kept: it would end paho's thread without a word."""

        def kept(*arguments: Any) -> None:
            try:
                callback(*arguments)
            except Exception as error:
                self.defect = error

        return kept

    @property
    def room(self) -> bool:
        """Whether another message may be handed over: not while many have not left yet."""
        return self.up and self._states.count() + self._readings.count() < AT_ONCE

    @property
    def settled(self) -> bool:
        """Whether the broker has taken all events; further ones would overtake a repeated one."""
        return not self._events.count()

    @property
    def lost(self) -> int:
        """Readings that never left, and at the end also events that the broker did not confirm."""
        return self._readings.lost + self._events.lost

    def send_state(self, topic: str, payload: str) -> None:
        """Send a state, which the broker keeps."""
        self._states.add(self._publish(topic, payload, retain=True))

    def send_reading(self, topic: str, payload: str) -> None:
        """Send a reading."""
        self._readings.add(self._publish(topic, payload))

    def send_event(self, topic: str, payload: str) -> None:
        """Send an event; the broker gets it at least once."""
        info = self._publish(topic, payload, qos=1)
        if (
            info is not None and info.rc == MQTTErrorCode.MQTT_ERR_NO_CONN
        ):  # paho keeps it for the next one
            info.rc = MQTTErrorCode.MQTT_ERR_SUCCESS
        self._events.add(info)

    def send_online(self) -> None:
        """Say that we are online."""
        self._publish(self._will, "online", qos=1, retain=True)

    def _publish(
        self, topic: str, payload: str, *, qos: int = 0, retain: bool = False
    ) -> MQTTMessageInfo | None:
        with self._sending:
            if self._closing:
                return None
            return self._client.publish(topic, payload, qos, retain)

    def overrun(self) -> None:
        """Tell, once a connection, that the broker takes less than is sent."""
        self._news.overrun()

    def close(self) -> None:
        """Say goodbye; waits for the broker for 0.3 s at most."""
        until_s = monotonic() + LAST_WORDS_S
        with self._sending:
            self._closing = True
        if was_up := self.up:
            goodbye = self._client.publish(self._will, "offline", qos=1, retain=True)
            with suppress(RuntimeError, ValueError):  # lost in this moment
                goodbye.wait_for_publish(LAST_WORDS_S)
        self._client.disconnect()
        if was_up:
            self._ended.wait(max(0.0, until_s - monotonic()))
        for flight in (self._readings, self._events):
            flight.give_up()
        self._news.end()

    # Called in paho's thread.

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if self._closing:  # it came about while goodbye was said
            client.disconnect()
        elif reason.is_failure:
            self._refused = True
            self._lost(self._refusal(str(reason)), refused=True)
        else:
            self.asked += 1
            self.up = True
            self._news.good()
            client.subscribe(self._will)
            if self._listens:
                client.subscribe(BIRTH_TOPIC)
            self._wake()

    def _refusal(self, reason: str) -> str:
        refuses = f"the broker {self._address.name} refuses us: {reason}"
        if reason not in ("Bad user name or password", "Not authorized"):
            return refuses
        if self._login is None:
            return f"{refuses}; if it expects a login, {WHERE_LOGINS_BELONG}"
        return f"{refuses}; check the login of {self._login.user}"

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        name, error = self._address.name, sys.exc_info()[1]  # paho calls this while handling it
        if isinstance(error, ssl.SSLCertVerificationError):
            self._lost(
                f"the broker {name} is not trusted: {error.verify_message}; "
                "--mqtt-ca-file takes the certificate of who signed its own",
                refused=True,
            )
        elif isinstance(error, ssl.SSLError):
            self._lost(f"the broker {name} speaks no TLS that we do: {error.reason}")
        elif isinstance(error, socket.gaierror):
            self._lost(f"the name of the broker {name} is not known: {error.strerror}")
        else:
            why = getattr(error, "strerror", None) or error  # a timeout has no strerror
            self._lost(f"the broker {name} does not answer: {why}")

    def _on_disconnect(self, *_: Any) -> None:
        was_up, self.up = self.up, False
        if self._closing:
            self._ended.set()
        elif was_up:
            self._lost(f"the connection to the broker {self._address.name} is lost")
        elif not self._refused:
            self._lost(
                f"{self._address.name} does not greet as a broker does; "
                "check the address, which begins with mqtts:// for TLS"
            )
        self._refused = False

    def _lost(self, trouble: str, *, refused: bool = False) -> None:
        if not self._closing:
            self.failures += 1
            self._news.bad(trouble, refused)

    def _on_message(self, _client: Client, _data: Any, message: Any) -> None:
        """Home Assistant has come, or we were taken for offline.

        The latter after a power cut: the broker notices the end of the former connection only when
        this one has begun.  What was retained from before says nothing new.
        """
        try:
            asked = {BIRTH_TOPIC: b"online", self._will: b"offline"}.get(message.topic)
        except UnicodeDecodeError:  # paho decodes it here; nothing of ours
            return
        if message.payload == asked and not message.retain:
            self.asked += 1
            self._wake()


class _News:
    """Tells the user what becomes of the connection.

    That the broker has come is told once, that it is away too, whichever way that shows, and so is
    each refusal.
    """

    def __init__(self, name: str, dropped: Callable[[], int]) -> None:
        self._name, self._dropped = name, dropped
        self._told_s: dict[str, float] = {}  # what, and when
        self._away = self._slow = self._came = False
        self._told_dropped = 0

    def bad(self, trouble: str, refused: bool) -> None:
        what = trouble if refused else "away"
        told_s = self._told_s.get(what)
        # One that comes and goes is not told each time, but one that stays away is.
        if told_s is None or (not self._away and monotonic() - told_s >= _AGAIN_S):
            warn(f"{trouble}; the run goes on and tries again")
            self._told_s[what] = monotonic()
            self._away = True

    def good(self) -> None:
        if self._away:
            warn(f"the broker {self._name} is back; {self._count()} messages were dropped")
        elif not self._came:
            warn(f"the broker {self._name} is connected")
        self._came = True
        self._away = self._slow = False
        lately_s = monotonic() - _AGAIN_S
        self._told_s = {what: told_s for what, told_s in self._told_s.items() if told_s > lately_s}

    def overrun(self) -> None:
        if not self._slow:
            warn(f"more readings than the broker {self._name} takes; some are dropped")
        self._slow = True

    def end(self) -> None:
        if count := self._count():
            warn(f"{count} messages for the broker {self._name} were dropped")

    def _count(self) -> int:
        """Messages dropped since it was told last."""
        dropped = self._dropped()
        count, self._told_dropped = dropped - self._told_dropped, dropped
        return count
