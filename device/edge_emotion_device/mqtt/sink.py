"""Readings, events and states of a run, sent to an MQTT broker."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from threading import Event as Flag
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from edge_emotion.errors import warn
from edge_emotion.extras import need
from edge_emotion.labels import EMOTIONS
from edge_emotion.types import Frame, Reading
from edge_emotion_device.board import read_board, read_temperature_c
from edge_emotion_device.mqtt.address import Address, parse_address, read_login, tls_context
from edge_emotion_device.mqtt.discovery import NOBODY, UNDECIDED, describe, discovery_topic
from edge_emotion_device.mqtt.faces import GONE_AFTER_S, Event, Faces, Rate
from edge_emotion_device.mqtt.outbox import Outbox
from edge_emotion_device.options import RunOptions
from edge_emotion_device.sinks.base import Sink
from edge_emotion_device.vitals import Vitals

if TYPE_CHECKING:
    from edge_emotion_device.mqtt.connection import Connection

_LOOK_EVERY_S = 2.0  # at the vitals: a lost camera is told this soon
_VITALS_EVERY_S = 10.0
_PROBABILITIES_EVERY_S = 5.0  # while label and face stay: Home Assistant records each change
_EVENTS_AT_ONCE = 10
_LAST_WORDS_S = 0.1  # for what waits when the run ends
_STEP_S = 0.02


class MqttSink(Sink):
    """Sends what is read to a broker, from a thread of its own.

    `write` takes note and returns: it never waits for the broker, whatever becomes of that.

    Attributes:
        dropped: events and readings that did not arrive, as far as can be known.
        failures: how often the connection was lost or did not come about.
    """

    def __init__(
        self,
        address: Address,
        connect: Callable[[Outbox, Callable[[], None]], "Connection"],
        vitals: Callable[[], Vitals],
        *,
        rate: float = 2.0,
        discovery: bool = True,
    ) -> None:
        """Begin to connect.

        Args:
            address: of the broker.
            connect: makes the connection; is given what it tells the drops of, and what to call
                when there is something to do.
            vitals: how the run goes.
            rate: readings a second of each face, at most.
            discovery: whether to describe the device to Home Assistant.
        """
        self._prefix = address.prefix
        self._vitals = vitals
        self._lock = Lock()  # of the next three
        self._faces, self._rate = Faces(), Rate(rate)
        self._probabilities: tuple[str, int | None, float] = ("", None, 0.0)
        self._outbox = Outbox()
        self._trouble = ""
        self._vitals_due_s = self._look_due_s = 0.0
        self._answered = 0  # of how often everything was asked for
        self._dropped = 0  # when it was last looked at
        self._failure: Exception | None = None
        self._wake, self._closing = Flag(), Flag()
        if discovery:
            board, has_sensor = read_board().model, read_temperature_c() is not None
            described = describe(address.prefix, board, has_temperature=has_sensor)
            self._outbox.set_state(discovery_topic(address.prefix), _line(described))
        self._connection = connect(self._outbox, self._wake.set)
        self._thread = Thread(target=self._work, name="mqtt", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, options: RunOptions, vitals: Callable[[], Vitals]) -> "MqttSink":
        """Send to the broker that a run asks for; one that is away is no error, and is told.

        Raises:
            MissingExtra: paho-mqtt is not installed.
            WrongUse: the address, the login or the certificates cannot be used.
        """
        need("mqtt", "paho", "paho.mqtt.enums")  # Debian's paho, 1.6, lacks the latter
        from edge_emotion_device.mqtt.connection import Connection

        address = parse_address(options.mqtt or "")
        login = read_login(options.mqtt_login_file)
        tls = tls_context(address, options.mqtt_ca_file)

        def connect(outbox: Outbox, wake: Callable[[], None]) -> Connection:
            return Connection(
                address,
                login,
                tls,
                will=f"{address.prefix}/status",
                listens=options.mqtt_discovery,
                wake=wake,
                dropped=lambda: outbox.dropped,
            )

        warn(f"readings go to the broker {address.name}, topics {address.prefix}/...")
        return cls(
            address, connect, vitals, rate=options.mqtt_rate, discovery=options.mqtt_discovery
        )

    @property
    def dropped(self) -> int:
        """Events and readings that did not arrive, as far as can be known."""
        return self._outbox.dropped + self._connection.lost

    @property
    def failures(self) -> int:
        """How often the connection was lost or did not come about."""
        return self._connection.failures

    @property
    def failure(self) -> Exception | None:
        """What ended the sending for good."""
        return self._failure or self._connection.defect

    def write(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Take note of a frame and what was read in it."""
        if self.failure is not None:
            raise self.failure
        now_s = monotonic()
        with self._lock:
            self._tell(self._faces.see(frame, readings), now_s)
            due = [reading for reading in readings if self._rate.due(reading.track_id, now_s)]
        for reading in due:
            self._outbox.add_reading(reading)
        if due:
            self._wake.set()

    def close(self) -> None:
        """Send what waits and say goodbye, as far as the broker takes it in 0.4 s."""
        self._closing.set()
        self._wake.set()
        self._thread.join(2 * _LAST_WORDS_S)
        self._outbox.drop_all()
        self._connection.close()

    def _tell(self, events: Sequence[Event], now_s: float) -> None:
        """Put what has happened, and what holds now, into the outbox."""
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds") if events else ""
        for event in events:
            self._outbox.add_event(_line({**event.as_dict(), "at": at}))
            if event.event == "gone":
                self._rate.forget(event.track_id)
        face = self._faces.prominent
        emotion = NOBODY if face is None else face.label or UNDECIDED
        self._state("faces", str(len(self._faces)))
        self._state("emotion", emotion)
        last, last_id, told_s = self._probabilities
        track_id = None if face is None else face.track_id
        if (emotion, track_id) != (last, last_id) or now_s - told_s >= _PROBABILITIES_EVERY_S:
            self._probabilities = emotion, track_id, now_s
            self._state("probabilities", _line(_probabilities(face)))
        if events:
            self._wake.set()

    def _state(self, topic: str, payload: str) -> None:
        self._outbox.set_state(f"{self._prefix}/{topic}", payload)

    # In the thread.

    def _work(self) -> None:
        try:
            while not self._closing.is_set():
                self._wake.wait(_LOOK_EVERY_S)
                self._wake.clear()
                self._look(monotonic())
                self._send()
            until_s = monotonic() + _LAST_WORDS_S
            while self._connection.up and not self._outbox.empty and monotonic() < until_s:
                self._send()
                self._wake.wait(_STEP_S)
                self._wake.clear()
        except Exception as error:  # raised in the frame loop
            self._failure = error

    def _look(self, now_s: float) -> None:
        """Look at how the run goes, now and then."""
        if now_s < self._look_due_s:
            return
        self._look_due_s = now_s + _LOOK_EVERY_S
        vitals = self._vitals()
        if vitals.trouble and (vitals.since_frame_s or 0.0) > GONE_AFTER_S:
            with self._lock:  # no frame says that nobody is there
                self._tell(self._faces.leave(), now_s)
        if vitals.since_frame_s is None:  # and the rate of the first few frames says nothing
            self._vitals_due_s = now_s + 2 * _LOOK_EVERY_S
        if now_s >= self._vitals_due_s or vitals.trouble != self._trouble:
            self._trouble, self._vitals_due_s = vitals.trouble, now_s + _VITALS_EVERY_S
            self._state("vitals", _line(_vitals(vitals)))

    def _send(self) -> None:
        """Hand over what waits, as much as there is room for."""
        connection, outbox = self._connection, self._outbox
        if not connection.up:
            if connection.failures:  # and not on its way for the first time
                outbox.drop_readings()
            self._dropped = outbox.dropped
            return
        if self._answered != (asked := connection.asked):
            self._answered = asked
            connection.send_online()
            outbox.refresh()
        while connection.room and (state := outbox.next_state()):
            connection.send_state(*state)
        if connection.settled:
            for _ in range(_EVENTS_AT_ONCE):
                if (event := outbox.next_event()) is None:
                    break
                connection.send_event(f"{self._prefix}/events", event)
        while connection.room and (reading := outbox.next_reading()):
            connection.send_reading(f"{self._prefix}/readings", _line(reading.as_dict()))
        if self._dropped < (dropped := outbox.dropped):
            connection.overrun()
        self._dropped = dropped


def _probabilities(face: Reading | None) -> dict[str, Any]:
    """What is known of the most prominent face; null where there is nothing."""
    if face is None:
        return {"track_id": None, "certainty": None, "probabilities": None}
    fields = face.as_dict()
    certainty = None if face.label is None else fields["smoothed"][face.label]
    return {
        "track_id": face.track_id,
        "certainty": certainty,
        "probabilities": {name: fields["smoothed"][name] for name in EMOTIONS},
    }


def _vitals(vitals: Vitals) -> dict[str, Any]:
    """How the run goes; null where there is nothing to know."""
    temperature_c, limit_fps = vitals.temperature_c, vitals.limit_fps
    return {
        "fps": round(vitals.fps, 1),
        "temperature_c": None if temperature_c is None else round(temperature_c, 1),
        "frames": vitals.frames,
        "dropped": vitals.dropped,
        "camera": vitals.camera or None,
        "trouble": vitals.trouble or None,
        "reopened": vitals.reopened,
        "limit_fps": None if limit_fps is None else round(limit_fps, 1),
    }


def _line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
