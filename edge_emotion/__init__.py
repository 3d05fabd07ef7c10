"""Edge Emotion: facial keypoints and five emotions on small devices.

This package is the contract the rooms share (labels, types, preprocessing, metrics, data readers,
the model file) and holds the shipped int8 models.  It needs NumPy and OpenCV only.
"""

__version__ = "0.1.0"
