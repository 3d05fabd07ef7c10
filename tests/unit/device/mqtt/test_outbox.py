"""What waits for the broker, and what is dropped."""

from edge_emotion_device.mqtt.outbox import EVENTS, READINGS, Outbox
from helpers.readings import reading_at


def states(outbox: Outbox) -> list[tuple[str, str]]:
    return list(iter(outbox.next_state, None))


def test_only_the_latest_value_of_a_state_is_sent():
    outbox = Outbox()
    for emotion in ("Sad", "Happy", "Angry"):
        outbox.set_state("emotion", emotion)
    outbox.set_state("faces", "1")
    assert states(outbox) == [("emotion", "Angry"), ("faces", "1")]
    outbox.set_state("faces", "1")
    assert states(outbox) == [] and outbox.empty and outbox.dropped == 0


def test_all_states_are_sent_again_to_a_broker_that_is_back():
    outbox = Outbox()
    outbox.set_state("emotion", "Sad")
    outbox.set_state("faces", "1")
    states(outbox)
    outbox.set_state("faces", "2")
    outbox.refresh()
    assert states(outbox) == [("emotion", "Sad"), ("faces", "2")]


def test_the_oldest_events_make_room_and_are_counted():
    outbox = Outbox()
    for number in range(EVENTS + 7):
        outbox.add_event(str(number))
    kept = list(iter(outbox.next_event, None))
    assert (kept[0], kept[-1], len(kept), outbox.dropped) == ("7", str(EVENTS + 6), EVENTS, 7)


def test_readings_are_dropped_and_counted():
    outbox = Outbox()
    for number in range(READINGS + 3):
        outbox.add_reading(reading_at(number / 25))
    assert outbox.dropped == 3
    assert outbox.next_reading().frame == 3
    outbox.drop_readings()
    assert outbox.next_reading() is None and outbox.dropped == READINGS + 2


def test_the_end_drops_all_that_waits():
    outbox = Outbox()
    outbox.add_event("{}")
    outbox.add_reading(reading_at(0.0))
    outbox.drop_all()
    assert outbox.empty and outbox.dropped == 2
