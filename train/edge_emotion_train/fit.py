"""Fitting a recipe: from its faces to a run folder with the trained network."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import tomli_w

import edge_emotion
from edge_emotion.data.faces import DetectionPhotos, KeypointFaces, plain_faces
from edge_emotion.files import replacing, write_text
from edge_emotion.locks import alone_in
from edge_emotion.metrics import rmse_px
from edge_emotion.preprocess import KEYPOINT_SIDE_PX
from edge_emotion.types import Floats
from edge_emotion_train.augment import Augmentation
from edge_emotion_train.batches import AugmentedBatches, BatchesAhead, Samples
from edge_emotion_train.checkpoint import Checkpoints
from edge_emotion_train.datasets import Split, check_training_rows, describe, load_sets
from edge_emotion_train.detection_augment import DetectionAugmentation
from edge_emotion_train.detection_batches import DetectionBatches, DetectionSamples
from edge_emotion_train.detection_figures import (
    DetectionFigures,
    answer_pictures,
    compare,
    figures,
)
from edge_emotion_train.devices import Spread, spread
from edge_emotion_train.distillation import LoadedTeacher, distilled, read_teachers, with_answers
from edge_emotion_train.history import History
from edge_emotion_train.interrupted import RESUME, check_folder, newest_epoch
from edge_emotion_train.losses import make_loss, make_metrics
from edge_emotion_train.networks import build, count_macs, summary, totals
from edge_emotion_train.optimizers import make_optimizer
from edge_emotion_train.pictures.run import leave_detector_pictures, leave_pictures
from edge_emotion_train.predicting import predict
from edge_emotion_train.prepare import Prepared, prepare
from edge_emotion_train.progress import Progress, Speed, say
from edge_emotion_train.quantization_aware import quantization_aware
from edge_emotion_train.recipe import Fit, Recipe
from edge_emotion_train.runs import (
    HISTORY_FILE,
    METRICS_FILE,
    NETWORK_FILE,
    RECIPE_FILE,
    warn_of_other_seeds,
)
from edge_emotion_train.starting import Weights, begin_with, check_mean_face, read_start
from edge_emotion_train.stopping import StopEarly
from edge_emotion_train.validation import ValidationBatches

QUANTIZATION_AWARE_RATE = 0.1  # of the recipe's learning rate


def train(recipe: Recipe, data: Path, out: Path) -> Path:
    """Fit a recipe's network on all devices and leave the run in the folder `out`.

    A run that was interrupted goes on where its last epoch ended.  `out` holds recipe.toml,
    model.keras, history.csv, TensorBoard logs under logs/ and metrics.json: a run that has it is
    finished.  Last come page.html and pictures/.

    Raises:
        EdgeEmotionError: data or a teacher missing or unreadable, or the folder holds another
            recipe's run, or another training writes into it.
    """
    with ExitStack() as writing:
        _train(recipe, data, out, writing)
    return out


def _train(recipe: Recipe, data: Path, out: Path, writing: ExitStack) -> None:
    with spread() as share, _own_folder(out, share) as folder:
        if share.first:
            writing.enter_context(alone_in(out, "wait for its end, or name another --out"))
        # Loading teachers draws random numbers: the same in all processes, and before the fit's.
        keras.utils.set_random_seed(recipe.seed)
        recipe, teachers = read_teachers(recipe)
        recipe, start = read_start(recipe)
        keras.utils.set_random_seed(recipe.seed)
        if share.first:
            warn_of_other_seeds(recipe)
        check_folder(out, recipe)
        share.check_agreement("epochs to go on after", newest_epoch(folder))
        if epoch := newest_epoch(folder):
            say(f"going on after epoch {epoch} of the interrupted run in {out}")
        splits = load_sets(recipe, data)
        for line in describe(splits):
            say(line)
        prepared = prepare(recipe, splits)
        check_training_rows(splits)
        check_mean_face(recipe, prepared.mean_face)
        share.check_batch_size(recipe.fit.batch_size, len(prepared.samples))
        prepared = _taught(prepared, recipe, teachers)
        table = {**recipe.as_dict(), "data": str(data.resolve())}
        write_text(folder / RECIPE_FILE, tomli_w.dumps(table))
        weights = _fit_all(_Job(recipe, prepared, teachers, start, share, folder))
    if share.first:
        _finish(out, recipe, weights, prepared, splits)


def _taught(prepared: Prepared, recipe: Recipe, teachers: tuple[LoadedTeacher, ...]) -> Prepared:
    samples, fit = prepared.samples, recipe.fit
    epochs = fit.epochs + fit.quantization_aware_epochs
    if not (teachers and epochs) or fit.teachers_see == "changed":
        return prepared
    assert isinstance(samples, Samples)
    say(f"teachers look at {len(samples)} faces: {', '.join(recipe.teachers)}")
    return replace(prepared, samples=with_answers(samples, teachers))


def _finish(
    out: Path, recipe: Recipe, weights: list[Floats], prepared: Prepared, splits: dict[str, Split]
) -> None:
    """Leave the network, then the figures by which the run counts as finished, then pictures."""
    keras.utils.clear_session()  # layers are numbered from 0, as in network.txt
    network = build(recipe.task, recipe.network)
    network.set_weights(weights)
    with replacing(out / NETWORK_FILE) as part:
        network.save(part)
    _write_metrics(out, recipe, network, prepared, splits)
    shutil.rmtree(out / RESUME, ignore_errors=True)
    if prepared.photos is None:
        leave_pictures(out, network, splits, prepared.mean_face)
    else:
        leave_detector_pictures(out, network, prepared.photos)


@contextmanager
def _own_folder(out: Path, share: Spread) -> Iterator[Path]:
    """The folder that this process writes to.

    Saving is a common step of all processes, but only what the first one leaves is kept.  The
    others write to a copy, of which they need what an interrupted run goes on from.
    """
    if share.first:
        yield out
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if (out / RESUME).exists():
            shutil.copytree(out / RESUME, folder / RESUME)
        yield folder


@dataclass(frozen=True)
class _Job:
    """What every phase of a training has in common."""

    recipe: Recipe
    prepared: Prepared
    teachers: tuple[LoadedTeacher, ...]
    start: list[Weights]
    share: Spread
    folder: Path


@dataclass(frozen=True)
class _Phase:
    """A stretch of training with a schedule of its own.

    Attributes:
        name: of its folders and its rows in history.csv.
        first_epoch: where its epochs count on from.
        fit: its own.
        epochs_after: of later phases.
    """

    name: str
    first_epoch: int
    fit: Fit
    epochs_after: int = 0


def _fit_all(job: _Job) -> list[Floats]:
    """The weights found by the recipe, its quantization-aware epochs included."""
    recipe, fit = job.recipe, job.recipe.fit
    keras.mixed_precision.set_global_policy(fit.precision)
    try:
        model = build(recipe.task, recipe.network)
        begin_with(model, job.start, recipe)
        job.share.synchronize(model)
        write_text(job.folder / "network.txt", summary(model) + "\n")
        say(f"{recipe.name}: {totals(model)}")
        if job.share.devices > 1:
            say(f"{job.share.devices} devices share each batch of {fit.batch_size}")
        if fit.ema and (fit.epochs or fit.quantization_aware_epochs):
            say("validation is that of the weights' moving average, which trails at first")
        later = fit.quantization_aware_epochs
        ended = _fit(model, job, _Phase("plain", 0, fit, later)) if fit.epochs else 0
        if later:
            say(f"{later} quantization-aware epochs follow")
            model = quantization_aware(model, fit.range_penalty)
            last = replace(
                fit,
                epochs=later,
                learning_rate=QUANTIZATION_AWARE_RATE * fit.learning_rate,
                warmup_epochs=0,
                patience=0,
            )
            _fit(model, job, _Phase("quantization-aware", ended, last))
        weights: list[Floats] = model.get_weights()
        return weights
    finally:
        keras.mixed_precision.set_global_policy("float32")


def _fit(model: keras.Model, job: _Job, phase: _Phase) -> int:
    """Fit `model`, or what is left of it; returns after which epoch of the training it ended."""
    recipe, prepared, fit = job.recipe, job.prepared, phase.fit
    resume = job.folder / RESUME / phase.name
    batches = _batches(job, fit.batch_size)
    model = distilled(model, recipe, job.teachers, prepared.mean_face)
    model.compile(
        make_optimizer(fit, batches.num_batches),
        make_loss(recipe),
        weighted_metrics=make_metrics(recipe.task),
        jit_compile=fit.xla,
    )
    checkpoints = Checkpoints(resume)
    start = max(phase.first_epoch, checkpoints.restore(model))
    stop = StopEarly(fit.patience, resume, keep_best=not fit.ema)
    end = phase.first_epoch + stop.epochs(fit.epochs)
    speed = Speed(fit.batch_size)
    with Progress(phase.name, end + phase.epochs_after, speed, fit.patience > 0) as progress:
        done = model.fit(
            batches,
            initial_epoch=start,
            epochs=end,
            shuffle=False,  # the batches have an order of their own, the same in a resumed run
            validation_data=ValidationBatches(*prepared.validation, job.share),
            verbose=0,
            callbacks=[
                keras.callbacks.LambdaCallback(
                    on_epoch_begin=lambda epoch, logs: batches.start_epoch(epoch)
                ),
                *_detection_figures(job),
                *([keras.callbacks.SwapEMAWeights()] if fit.ema else []),
                speed,
                History(job.folder / HISTORY_FILE, phase.name),
                *([stop] if fit.patience else []),
                checkpoints,  # an epoch that is in there has been noted by those before
                progress,
                keras.callbacks.TensorBoard(
                    str(job.folder / "logs" / phase.name), write_graph=False
                ),
            ],
        )
    return start + len(done.epoch)


def _batches(job: _Job, batch_size: int) -> BatchesAhead:
    recipe, samples = job.recipe, job.prepared.samples
    if isinstance(samples, DetectionSamples):
        assert isinstance(recipe.augment, DetectionAugmentation)
        return DetectionBatches(samples, recipe.augment, batch_size, recipe.seed, job.share)
    assert isinstance(recipe.augment, Augmentation)
    mean_face = job.prepared.mean_face
    if not job.teachers:
        samples = replace(samples, taught=None)
    return AugmentedBatches(
        samples, recipe.augment, batch_size, recipe.seed, mean_face, share=job.share
    )


def _detection_figures(job: _Job) -> list[keras.callbacks.Callback]:
    photos = job.prepared.photos
    return [] if photos is None else [DetectionFigures(photos, job.share)]


def _write_metrics(
    out: Path,
    recipe: Recipe,
    model: keras.Model,
    prepared: Prepared,
    splits: dict[str, Split],
) -> None:
    inputs, targets, _ = prepared.validation
    metrics: dict[str, Any] = {
        "task": recipe.task,
        "recipe": recipe.name,
        "version": edge_emotion.__version__,
        "parameters": model.count_params(),
        "macs": count_macs(model),
        "faces": {name: len(split.train) for name, split in splits.items()},
        "mean_face": None if prepared.mean_face is None else prepared.mean_face.tolist(),
        "validation": {"faces": len(inputs)},
    }
    if prepared.photos is not None:
        metrics["validation"] = _measured(model, prepared.photos)
    elif recipe.task == "emotion":
        answers = model.predict(inputs, batch_size=256, verbose=0)
        hits = answers.argmax(axis=1) == targets.argmax(axis=1)
        metrics["validation"]["accuracy"] = float(hits.mean())
    else:
        # Of all known points: `val_rmse_px` leaves out those beyond the offsets' limit.
        faces = next(iter(splits.values())).validation
        assert isinstance(faces, KeypointFaces)
        images = plain_faces(faces.images, KEYPOINT_SIDE_PX)
        answers = predict(model, prepared.mean_face, images)
        metrics["validation"]["rmse_px"] = rmse_px(faces.window_keypoints, answers)
    write_text(out / METRICS_FILE, json.dumps(metrics, indent=2) + "\n")


def _measured(model: keras.Model, photos: DetectionPhotos) -> dict[str, Any]:
    matches = compare(answer_pictures(model, photos), photos)
    return {
        "photographs": len(photos),
        "faces": int(matches.counted.sum()),
        **figures(matches),
    }
