"""What a trained network answers before it is converted."""

from edge_emotion_train.predicting import predict

__all__ = ["predict"]
