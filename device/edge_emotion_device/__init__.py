"""Reading faces on the device: cameras, the int8 networks, tracking and what listens to them.

from edge_emotion_device import Analyzer
with Analyzer() as analyzer:
    for reading in analyzer.analyze(frame):     # (H, W, 3) uint8 BGR
        print(reading.label, reading.keypoints)
"""

from edge_emotion_device.analyzer import Analyzer
from edge_emotion_device.interpreter import load_emotion, load_keypoints

__all__ = ["Analyzer", "load_emotion", "load_keypoints"]
