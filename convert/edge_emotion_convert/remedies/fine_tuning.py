"""Remedy: a short quantization-aware fine-tuning, until int8 answers as the float network does.

The network learns from its own float answers to training faces (Hinton et al. 2015, "Distilling the
Knowledge in a Neural Network"), with the tensors between its layers rounded on the way, its weights
not (`edge_emotion_train.quantization_aware`): what it has to learn is only to bear the rounding, so
it needs no labels, no recipe and few steps.
"""

import itertools
import time
from dataclasses import replace

import keras
import numpy as np

from edge_emotion.types import Floats
from edge_emotion_convert import calibration
from edge_emotion_convert.progress import quiet, say
from edge_emotion_convert.remedies.folding import folded
from edge_emotion_convert.remedies.way import Variants, Way
from edge_emotion_convert.trial import Trial
from edge_emotion_train.batches import as_input
from edge_emotion_train.losses import SoftenedDivergence, SquaredError
from edge_emotion_train.quantization_aware import quantization_aware

_STEPS, _BATCH, _FACES = 400, 64, 6400
_MOST_PIXELS = 60_000_000  # of all pictures together, in float32
_RATE = 5e-5  # at 2e-4 an equalized network forgot more than the rounding had cost it
_LONGEST_S = 240.0
_TEMPERATURE = 2.0
_RANGES_COST = 0.1  # what all ranges cost at the start, by what the answers do


def fine_tune(trial: Trial, way: Way) -> Variants:
    """A few hundred steps of Adam, its rate falling to 0."""
    network, steps = fine_tuned(trial, way.network)
    yield f"{steps} steps", replace(way, network=network)


def fine_tuned(trial: Trial, network: keras.Model) -> tuple[keras.Model, int]:
    """`network`, its batch normalizations folded, after fine-tuning on the trial's training faces.

    Returns:
        With how many steps that took, which are fewer where time ran out.

    Raises:
        NotApplicable: it is no graph of Keras layers.
    """
    tuned = folded(network)
    rows = trial.calibrating
    count = min(_FACES, len(rows), _MOST_PIXELS // rows.images[0].size)
    batch = min(_BATCH, count - count % 2)  # TensorFlow 2.21 crashes on odd ones (oneDNN's kernels)
    batches = count // batch
    chosen = np.sort(calibration.balanced(rows.strata, batches * batch, trial.seed))
    faces = as_input(rows.images[chosen])
    answers = trial.subject.network.predict(faces, batch_size=256, verbose=0)
    emotion = trial.subject.task == "emotion"
    loss = SoftenedDivergence(_TEMPERATURE) if emotion else SquaredError()
    keras.utils.set_random_seed(trial.seed)
    some = slice(None, None, batches)
    student = quantization_aware(tuned, _range_penalty(tuned, faces[some], answers[some], loss))
    rate = keras.optimizers.schedules.CosineDecay(_RATE, _STEPS)
    student.compile(keras.optimizers.Adam(rate, global_clipnorm=1.0), loss, jit_compile=False)
    epochs = -(-_STEPS // batches)
    with quiet():
        student.fit(faces, answers, batch, epochs, verbose=0, callbacks=[_clock(student)])
    tuned.set_weights(student.get_weights())
    return tuned, int(student.optimizer.iterations)


def _range_penalty(
    network: keras.Model, faces: Floats, answers: Floats, loss: keras.losses.Loss
) -> float:
    """So much that ranges cost `_RANGES_COST` of what answers do: training's loss is far larger."""
    student = quantization_aware(network, range_penalty=1.0)
    with quiet():
        off = float(loss(answers, student(faces, training=True)))
    return _RANGES_COST * off / (float(sum(student.losses)) or 1.0)


def _clock(student: keras.Model) -> keras.callbacks.Callback:
    """Tells how far a fit is, and ends it when it has its steps or takes too long."""
    start = time.monotonic()
    steps = itertools.count(1)

    def after_a_step(batch: int, logs: dict[str, float]) -> None:
        step = next(steps)
        if step % (_STEPS // 4) == 0:
            say(f"fine-tuning: step {step} of {_STEPS}, loss {logs['loss']:.4f}")
        late = time.monotonic() - start > _LONGEST_S
        if late:
            say(f"fine-tuning: ended after {step} steps, which took {_LONGEST_S:.0f} s")
        student.stop_training = late or step == _STEPS

    return keras.callbacks.LambdaCallback(on_train_batch_end=after_a_step)
