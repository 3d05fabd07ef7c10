"""Messages between being handed to paho-mqtt and leaving, or being confirmed by the broker."""

from dataclasses import dataclass, field

from paho.mqtt.client import MQTTMessageInfo


@dataclass
class Flight:
    """Messages on their way: until they have left with QoS 0, until they are confirmed with 1.

    Only `lost` may be looked at from other threads than the one that sends.

    Attributes:
        lost: how many will not arrive, as far as can be known.
    """

    lost: int = 0
    _infos: list[MQTTMessageInfo] = field(default_factory=list)

    def add(self, info: MQTTMessageInfo | None) -> None:
        """Follow a message; one that was not even handed over is lost."""
        if info is None:
            self.lost += 1
        else:
            self._infos.append(info)

    def count(self) -> int:
        """How many are on their way."""
        infos, self._infos = self._infos, []
        for info in infos:
            try:
                if not info.is_published():
                    self._infos.append(info)
            except (RuntimeError, ValueError):  # the connection is lost, or paho holds too much
                self.lost += 1
        return len(self._infos)

    def give_up(self) -> None:
        """Take all that are on their way for lost."""
        self.lost += self.count()
        self._infos = []
