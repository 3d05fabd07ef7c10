"""How charts tell models apart."""

from edge_emotion_report.gathered import FORMATS
from edge_emotion_report.style import mark


def test_every_format_and_a_peer_has_its_own_colour_and_its_own_shape():
    marks = [mark(name) for name in (*FORMATS, "int8, Edge TPU", "of another kind")]
    marks.append(mark("int8", peer=True))

    for part in zip(*marks, strict=True):
        assert len(set(part)) == len(marks)
