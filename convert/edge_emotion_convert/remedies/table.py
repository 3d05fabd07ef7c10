"""The remedies, in the order in which `auto` tries them: from the cheapest to the dearest."""

from edge_emotion_convert.remedies.bias import correct_biases
from edge_emotion_convert.remedies.calibrating import more_faces
from edge_emotion_convert.remedies.clipping import clip_ranges
from edge_emotion_convert.remedies.equalization import equalize
from edge_emotion_convert.remedies.fine_tuning import fine_tune
from edge_emotion_convert.remedies.sixteen_bits import widen
from edge_emotion_convert.remedies.way import Remedy

REMEDIES = (
    Remedy("calibration", more_faces),
    Remedy("clipped ranges", clip_ranges),
    Remedy("equalization", equalize),
    Remedy("bias correction", correct_biases),
    Remedy("fine-tuning", fine_tune),
    Remedy("16 bits", widen, last=True),
)
