"""What is to be sent, held while the broker is away or slow, and bounded."""

from collections import deque
from threading import Lock

from edge_emotion.types import Reading

EVENTS = 300  # some hours of a quiet room, some minutes of a busy one
READINGS = 100


class Outbox:
    """Holds the latest value of each state, the last 300 events and the last 100 readings.

    States and events outlast the broker's absence.  Readings would be stale by then: they are
    dropped.  It may be used from any thread.

    Attributes:
        dropped: events and readings that were not sent, since the run began.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._states: dict[str, str] = {}
        self._unsent: dict[str, None] = {}  # topics, in their order
        self._events: deque[str] = deque()
        self._readings: deque[Reading] = deque()
        self.dropped = 0

    def set_state(self, topic: str, payload: str) -> None:
        """Have the value of a state sent, unless it is the one that was sent last."""
        with self._lock:
            if self._states.get(topic) != payload:
                self._states[topic] = payload
                self._unsent[topic] = None

    def refresh(self) -> None:
        """Have all states sent again, in the order in which they were first set."""
        with self._lock:
            self._unsent = dict.fromkeys(self._states)

    def add_event(self, payload: str) -> None:
        """Have an event sent; the oldest one that waits makes room for it."""
        with self._lock:
            self._events.append(payload)
            self._shorten(self._events, EVENTS)

    def add_reading(self, reading: Reading) -> None:
        """Have a reading sent; the oldest one that waits makes room for it."""
        with self._lock:
            self._readings.append(reading)
            self._shorten(self._readings, READINGS)

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not (self._unsent or self._events or self._readings)

    def drop_readings(self) -> None:
        """Drop the readings that wait."""
        with self._lock:
            self._shorten(self._readings, 0)

    def drop_all(self) -> None:
        """Drop the events and readings that wait."""
        with self._lock:
            self._shorten(self._readings, 0)
            self._shorten(self._events, 0)

    def next_state(self) -> tuple[str, str] | None:
        """The topic and value of the next state to send; None if there is none."""
        with self._lock:
            if not self._unsent:
                return None
            topic = next(iter(self._unsent))
            del self._unsent[topic]
            return topic, self._states[topic]

    def next_event(self) -> str | None:
        """The next event to send; None if there is none."""
        with self._lock:
            return self._events.popleft() if self._events else None

    def next_reading(self) -> Reading | None:
        """The next reading to send; None if there is none."""
        with self._lock:
            return self._readings.popleft() if self._readings else None

    def _shorten(self, queue: deque[str] | deque[Reading], length: int) -> None:
        while len(queue) > length:
            queue.popleft()
            self.dropped += 1
