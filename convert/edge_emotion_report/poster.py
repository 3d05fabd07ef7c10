"""The report's main chart as a picture of its own, for a README."""

import io

from matplotlib import rc_context
from matplotlib.figure import Figure

from edge_emotion.errors import EdgeEmotionError
from edge_emotion_report import drawing
from edge_emotion_report.gathered import Gathered
from edge_emotion_report.style import svg
from edge_emotion_report.tasks import TASKS
from edge_emotion_train.pictures.style import as_file

_DPI = 160


def poster(gathered: Gathered, suffix: str) -> bytes:
    """Accuracy against latency of the first task that has both, on white.

    Args:
        gathered: the measurements.
        suffix: .svg or .png.

    Raises:
        EdgeEmotionError: no model has both.
    """
    charts = [
        chart
        for task in TASKS
        for chart in drawing.trade_offs(gathered, task)
        if "-latency-" in chart.name
    ]
    if not charts:
        raise EdgeEmotionError(
            "no model has both an accuracy and a time: there is no picture to write",
            expected="a file of edge-emotion benchmark, and evaluations of its models",
        )
    first = charts[0]
    if suffix == ".svg":
        return as_file(svg(first.figure, first.name, first.title)).encode()
    return _as_png(first.figure)


def _as_png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    with rc_context({"savefig.facecolor": "#ffffff"}):
        figure.savefig(stream, format="png", dpi=_DPI, metadata={"Software": None})
    return stream.getvalue()
