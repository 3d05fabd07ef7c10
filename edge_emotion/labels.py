"""The names and the order of everything the networks answer with."""

from collections.abc import Sequence

EMOTIONS = ("Angry", "Disgust", "Sad", "Happy", "Surprise")

# What a face may show instead: no answer of the network, so their labels are below 0, and
# SHOWN[label] names any label.
FEAR, NEUTRAL = -2, -1
SHOWN = (*EMOTIONS, "Fear", "Neutral")

# Kaggle, "Facial Keypoints Detection" (2013), in the order of the columns of training.csv.  Left
# and right are the subject's own: `left_eye_center` lies right of `right_eye_center` in a picture.
KEYPOINTS = (
    "left_eye_center",
    "right_eye_center",
    "left_eye_inner_corner",
    "left_eye_outer_corner",
    "right_eye_inner_corner",
    "right_eye_outer_corner",
    "left_eyebrow_inner_end",
    "left_eyebrow_outer_end",
    "right_eyebrow_inner_end",
    "right_eyebrow_outer_end",
    "nose_tip",
    "mouth_left_corner",
    "mouth_right_corner",
    "mouth_center_top_lip",
    "mouth_center_bottom_lip",
)

DETECTED = ("face",)  # what the detector finds

LEFT_EYE, RIGHT_EYE = KEYPOINTS.index("left_eye_center"), KEYPOINTS.index("right_eye_center")

KEYPOINT_COLUMNS = tuple(f"{name}_{axis}" for name in KEYPOINTS for axis in "xy")


def _mirrored_name(name: str) -> str:
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")


def _mirrored_order(names: Sequence[str]) -> tuple[int, ...]:
    return tuple(names.index(_mirrored_name(name)) for name in names)


# Point i of a mirrored face is point MIRRORED_KEYPOINTS[i] of the face, its x turned around.
MIRRORED_KEYPOINTS = _mirrored_order(KEYPOINTS)

# FER2013's seven classes (0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral) as
# ours, and the two that have none.
FER2013_TO_EMOTION = {
    0: EMOTIONS.index("Angry"),
    1: EMOTIONS.index("Disgust"),
    3: EMOTIONS.index("Happy"),
    4: EMOTIONS.index("Sad"),
    5: EMOTIONS.index("Surprise"),
}
FER2013_TO_OTHER = {2: FEAR, 6: NEUTRAL}
