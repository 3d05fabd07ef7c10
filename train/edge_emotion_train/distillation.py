"""Learning from teachers beside the labels: distillation (Hinton, Vinyals and Dean 2015,
"Distilling the Knowledge in a Neural Network").

The teachers look at the very faces that the student sees, augmented as they are, so their answers
fit where no label could; or once at each face as it is, which tells a student what to see in a face
too dark or too blurred for the teachers themselves.  They are followed on every face alike and in
all of its points, those without a label included; the weights of sets, classes and missing points
weigh labels only.  On faces that show none of the emotions the target stands in the teachers'
place.
Everything is keras.ops, so that every backend runs it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.labels import MIRRORED_KEYPOINTS
from edge_emotion.modelfile import Task
from edge_emotion.preprocess import KEYPOINT_SIDE_PX
from edge_emotion.types import Floats
from edge_emotion_train.batches import Samples, as_input, unchanged
from edge_emotion_train.losses import make_teacher_loss
from edge_emotion_train.networks import OFFSET_LIMIT_PX
from edge_emotion_train.networks.saved import read_recorded
from edge_emotion_train.recipe import Recipe, Teacher
from edge_emotion_train.runs import read_run

_ASKED_AT_ONCE = 256  # faces


@dataclass(frozen=True)
class LoadedTeacher:
    """A teacher ready to be asked.

    Attributes:
        source: where it comes from, its file's fingerprint included.
        network: `(N, S, S, 1)` faces in [0, 1] to the answers described in `networks.heads`.
        mean_face: `(15, 2)` px, which its offsets start from; None for emotion.
    """

    source: Teacher
    network: keras.Model
    mean_face: Floats | None = None

    def answer(self, faces: keras.KerasTensor) -> keras.KerasTensor:
        """`(N, 5)` probabilities, or `(N, 15, 2)` points in pixels of the face."""
        answer = self._ask(faces)
        if not self.source.mirror:
            return answer
        mirrored = self._ask(ops.flip(faces, axis=2))
        if self.mean_face is not None:
            turned = np.array([-1, 1], np.float32), np.array([KEYPOINT_SIDE_PX - 1, 0], np.float32)
            mirrored = ops.take(mirrored, MIRRORED_KEYPOINTS, axis=1) * turned[0] + turned[1]
        return (answer + mirrored) / 2

    def _ask(self, faces: keras.KerasTensor) -> keras.KerasTensor:
        answers = ops.cast(self.network(faces, training=False), "float32")
        if self.mean_face is None:
            return answers
        offsets = ops.reshape(answers, (-1, *self.mean_face.shape))
        return offsets * OFFSET_LIMIT_PX + self.mean_face


def read_teachers(recipe: Recipe) -> tuple[Recipe, tuple[LoadedTeacher, ...]]:
    """The teachers that a recipe names, and the recipe with their files' fingerprints.

    None are read where no share of the loss follows them.

    Raises:
        EdgeEmotionError: a teacher's file is missing, damaged, of another shape or fingerprint, or
            its run is not finished.
        WrongUse: it was trained for the other task.
    """
    if not recipe.fit.distillation:
        return recipe, ()
    loaded = {name: _read(name, source, recipe.task) for name, source in recipe.teachers.items()}
    sources = {name: teacher.source for name, teacher in loaded.items()}
    return replace(recipe, teachers=sources), tuple(loaded.values())


def _read(name: str, source: Teacher, task: Task) -> LoadedTeacher:
    file, mean_face = Path(source.path), None
    try:
        if file.is_dir() or (task == "keypoints" and file.exists()):  # a run tells the mean face
            run = read_run(file)
            if run.task != task:
                raise WrongUse(
                    f"{file} was trained for {run.task}",
                    expected=f"a run for {task}",
                    remedy="name another path in the recipe",
                )
            file, mean_face = run.network, run.mean_face
        network, digest = read_recorded(file, task, source.sha256)
    except EdgeEmotionError as error:
        raise type(error)(f"teachers.{name}: {error}") from error
    network.trainable = False
    return LoadedTeacher(replace(source, sha256=digest), network, mean_face)


def distilled(
    network: keras.Model,
    recipe: Recipe,
    teachers: tuple[LoadedTeacher, ...],
    mean_face: Floats | None,
) -> keras.Model:
    """A model to be compiled and fitted that shares the layers and weights of `network`.

    Args:
        network: the student.
        recipe: its task, and the share and temperature of the distillation.
        teachers: averaged by their weights; without any the network itself is returned.
        mean_face: `(15, 2)` px, which the student's offsets start from; None for emotion.
    """
    if not teachers:
        return network

    def ask(faces: keras.KerasTensor) -> keras.KerasTensor:
        answers = _averaged(teachers, faces)
        if mean_face is not None:
            answers = ops.reshape((answers - mean_face) / OFFSET_LIMIT_PX, (-1, mean_face.size))
        return ops.stop_gradient(answers)

    answered = recipe.fit.teachers_see == "plain"
    share = recipe.fit.distillation
    return Student(network, None if answered else ask, make_teacher_loss(recipe), share)


def with_answers(samples: Samples, teachers: tuple[LoadedTeacher, ...]) -> Samples:
    """Samples with what their teachers, at least one, say of each face as it is.

    On faces that no teacher is asked about the target stands in the answer's place.
    """
    answers = np.empty_like(samples.targets)
    for start in range(0, len(samples), _ASKED_AT_ONCE):
        rows = np.arange(start, min(start + _ASKED_AT_ONCE, len(samples)))
        faces, matrices = unchanged(samples, rows)
        answered = np.asarray(_averaged(teachers, ops.convert_to_tensor(as_input(faces))))
        if samples.targets.ndim == 3:  # from pixels of the face to those of the picture
            answered = (answered - matrices[:, None, :, 2]) @ np.linalg.inv(
                matrices[..., :2].transpose(0, 2, 1)
            )
        answers[rows] = answered
    if samples.taught is not None:
        answers = np.where(samples.taught[:, None] > 0, answers, samples.targets)
    return replace(samples, answers=answers)


def _averaged(teachers: tuple[LoadedTeacher, ...], faces: keras.KerasTensor) -> keras.KerasTensor:
    total = sum(teacher.source.weight for teacher in teachers)
    return sum(t.source.weight / total * t.answer(faces) for t in teachers)


class Student(keras.Model):
    """A network that follows teachers beside its labels.

    Its layers are `network`'s.  The teachers hide in a function from Keras, so checkpoints hold the
    student alone and no optimizer knows of them.

    Args:
        network: the student.
        ask: the teachers; faces to answers like the student's.  None where the answers come with
            the targets.
        teacher_loss: of the teachers' answers and the student's.
        share: of `teacher_loss` in the loss of training; validation has the labels' alone.
    """

    def __init__(
        self,
        network: keras.Model,
        ask: Callable[[keras.KerasTensor], keras.KerasTensor] | None,
        teacher_loss: keras.losses.Loss,
        share: float,
    ) -> None:
        super().__init__(network.inputs[0], network.outputs[0])
        self._ask, self._teacher_loss, self._share = ask, teacher_loss, share

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> keras.KerasTensor:
        """The loss of Keras, in training mixed with the teachers'; what layers add stays whole.

        Behind the targets come the teachers' answers, if they were asked before.  Else there may be
        one column more: 1 where the teachers are followed, 0 where the target takes their place.
        """
        targets, told = y[:, : y_pred.shape[-1]], y[:, y_pred.shape[-1] :]
        labels = super().compute_loss(x, targets, y_pred, sample_weight, training)
        if not training:
            return labels
        followed = told if self._ask is None else self._ask(x)
        if self._ask is not None and told.shape[-1]:
            followed = told * followed + (1 - told) * targets
        added = sum(self.losses)
        return (1 - self._share) * labels + self._share * (
            self._teacher_loss(followed, y_pred) + added
        )

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Those of the targets."""
        metrics: dict[str, Any] = super().compute_metrics(
            x, y[:, : y_pred.shape[-1]], y_pred, sample_weight
        )
        return metrics
