"""Fitting a recipe: from its faces to a run folder with the trained network."""

import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

import keras
import numpy as np
import tomli_w

import edge_emotion
from edge_emotion.data.faces import EmotionFaces, KeypointFaces, plain_faces
from edge_emotion.errors import EdgeEmotionError, WrongUse
from edge_emotion.files import replacing, write_text
from edge_emotion.labels import EMOTIONS
from edge_emotion.preprocess import EMOTION_SIDE_PX, KEYPOINT_SIDE_PX
from edge_emotion.types import Floats
from edge_emotion_train.batches import (
    AugmentedBatches,
    Samples,
    as_input,
    emotion_samples,
    encode_offsets,
    keypoint_samples,
)
from edge_emotion_train.datasets import Split, describe, load_sets, mean_face
from edge_emotion_train.losses import RmsePx, make_loss
from edge_emotion_train.networks import OFFSET_LIMIT_PX, build, count_macs, summary, totals
from edge_emotion_train.optimizers import make_optimizer
from edge_emotion_train.quantization_aware import quantization_aware
from edge_emotion_train.recipe import Fit, Recipe, parse
from edge_emotion_train.stopping import StopEarly

Arrays = tuple[Floats, Floats, Floats]

QUANTIZATION_AWARE_RATE = 0.1  # of the recipe's learning rate


@dataclass(frozen=True)
class Prepared:
    """What a fit is given: samples, validation arrays and, for keypoints, the mean face."""

    samples: Samples
    validation: Arrays
    mean_face: Floats | None


def train(recipe: Recipe, data: Path, out: Path) -> Path:
    """Fit a recipe's network and leave the run in the folder `out`.

    A run that was interrupted goes on where its last epoch ended.  `out` holds recipe.toml,
    model.keras, history.csv, TensorBoard logs under logs/ and, last of all, metrics.json: a run
    that has it is finished.

    Raises:
        EdgeEmotionError: data missing or unreadable, or the folder holds another recipe's run.
    """
    keras.utils.set_random_seed(recipe.seed)
    _check_folder(out, recipe)
    if (out / "resume").exists():
        print(f"going on with the interrupted run in {out}", flush=True)
    splits = load_sets(recipe, data)
    for line in describe(recipe, splits):
        print(line, flush=True)
    _check_sets(recipe, splits)
    table = {**recipe.as_dict(), "data": str(data.resolve())}
    write_text(out / "recipe.toml", tomli_w.dumps(table))
    prepared = (
        _prepare_emotion(recipe, splits)
        if recipe.task == "emotion"
        else _prepare_keypoints(recipe, splits)
    )
    keras.mixed_precision.set_global_policy(recipe.fit.precision)
    model = build(recipe.task, recipe.network)
    write_text(out / "network.txt", summary(model) + "\n")
    print(f"{recipe.name}: {totals(model)}")
    _fit_all(model, recipe, prepared, out)
    keras.mixed_precision.set_global_policy("float32")
    deployable = build(recipe.task, recipe.network)
    deployable.set_weights(model.get_weights())
    with replacing(out / "model.keras") as part:
        deployable.save(part)
    _finish(out, recipe, deployable, prepared, splits)
    return out


def _check_sets(recipe: Recipe, splits: dict[str, Split]) -> None:
    kind = EmotionFaces if recipe.task == "emotion" else KeypointFaces
    for name, split in splits.items():
        if not isinstance(split.train, kind):
            raise WrongUse(
                f"set {name} holds {type(split.train).__name__}",
                expected=f"{kind.__name__} for {recipe.task}",
                remedy="choose another reader in the recipe",
            )
    # Keypoints are validated on the first set alone, whose convention is the target.
    validating = list(splits.values())[: None if recipe.task == "emotion" else 1]
    if not any(len(split.validation) for split in validating):
        raise WrongUse(
            f"recipe {recipe.name} leaves no face to validate on",
            expected="a validation share in a set"
            if recipe.task == "emotion"
            else "one in the first",
            remedy="change `shares` in the recipe",
        )


def _prepare_emotion(recipe: Recipe, splits: dict[str, Split]) -> Prepared:
    sets = []
    faces, labels = [], []
    for name, split in splits.items():
        assert isinstance(split.train, EmotionFaces) and isinstance(split.validation, EmotionFaces)
        source = recipe.sets[name]
        tightest = split.train.images.shape[1] / source.side_px
        sets.append((split.train, source.weight, tightest))
        faces.append(plain_faces(split.validation.images, EMOTION_SIDE_PX))
        labels.append(split.validation.labels)
    samples = emotion_samples(sets, recipe.fit.label_share, recipe.fit.class_balance)
    targets = np.eye(len(EMOTIONS), dtype=np.float32)[np.concatenate(labels)]
    inputs = as_input(np.concatenate(faces))
    return Prepared(samples, (inputs, targets, np.ones(len(inputs), np.float32)), None)


def _prepare_keypoints(recipe: Recipe, splits: dict[str, Split]) -> Prepared:
    sets = []
    for name, split in splits.items():
        assert isinstance(split.train, KeypointFaces)
        sets.append((split.train, recipe.sets[name].weight))
    first = next(iter(splits.values()))
    assert isinstance(first.validation, KeypointFaces)
    mean = mean_face(sets[0][0])
    faces = plain_faces(first.validation.images, KEYPOINT_SIDE_PX)
    targets, known = encode_offsets(first.validation.window_keypoints, mean)
    return Prepared(keypoint_samples(sets), (as_input(faces), targets, known), mean)


@dataclass(frozen=True)
class _Phase:
    """A stretch of training with a schedule of its own; its epochs count on from `first_epoch`."""

    name: str
    first_epoch: int
    fit: Fit


def _fit_all(model: keras.Model, recipe: Recipe, prepared: Prepared, out: Path) -> None:
    """Fit `model` by the recipe, the quantization-aware epochs included."""
    fit = recipe.fit
    _fit(model, recipe, prepared, out, _Phase("plain", 0, fit))
    if fit.quantization_aware_epochs:
        aware = quantization_aware(model)
        last = replace(
            fit,
            epochs=fit.quantization_aware_epochs,
            learning_rate=QUANTIZATION_AWARE_RATE * fit.learning_rate,
            warmup_epochs=0,
            patience=0,
        )
        _fit(aware, recipe, prepared, out, _Phase("aware", fit.epochs, last))
        model.set_weights(aware.get_weights())


def _fit(model: keras.Model, recipe: Recipe, prepared: Prepared, out: Path, phase: _Phase) -> None:
    fit, resume = phase.fit, out / "resume" / phase.name
    batches = AugmentedBatches(
        prepared.samples, recipe.augment, fit.batch_size, recipe.seed, prepared.mean_face
    )
    optimizer = make_optimizer(fit, batches.num_batches)
    if recipe.task == "emotion":
        model.compile(optimizer, make_loss(recipe), metrics=["accuracy"])
    else:
        model.compile(optimizer, make_loss(recipe), weighted_metrics=[RmsePx()])
    stop = StopEarly(fit.patience, resume, keep_best=not fit.ema)
    callbacks = [
        keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: batches.start_epoch(phase.first_epoch + epoch)
        ),
        *([keras.callbacks.SwapEMAWeights()] if fit.ema else []),
        keras.callbacks.CSVLogger(str(out / "history.csv"), append=True),
        keras.callbacks.TensorBoard(str(out / "logs" / phase.name), write_graph=False),
        *([stop] if fit.patience else []),
        keras.callbacks.BackupAndRestore(str(resume), delete_checkpoint=False),
    ]
    model.fit(
        batches,
        epochs=stop.epochs(fit.epochs),
        shuffle=False,  # the batches have an order of their own, the same in a resumed run
        validation_data=prepared.validation,
        validation_batch_size=256,
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=callbacks,
    )


def _check_folder(out: Path, recipe: Recipe) -> None:
    """Check that the folder holds no run, or an interrupted one of the same recipe."""
    remedy = "name another folder with --out, or remove it"
    if (out / "metrics.json").exists():
        raise EdgeEmotionError(f"{out} holds a finished run", remedy=remedy)
    file = out / "recipe.toml"
    if not file.exists():
        return
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        table.pop("data", None)  # the same data may lie elsewhere today
        found = parse(table, str(out))  # keys that came with a later version have their defaults
    except (OSError, ValueError, WrongUse) as error:
        raise EdgeEmotionError(f"{file} cannot be read: {error}", remedy=remedy) from error
    if found != recipe:
        raise EdgeEmotionError(f"{out} holds a run of another recipe", remedy=remedy)


def _finish(
    out: Path,
    recipe: Recipe,
    model: keras.Model,
    prepared: Prepared,
    splits: dict[str, Split],
) -> None:
    inputs, targets, known = prepared.validation
    predicted = model.predict(inputs, batch_size=256, verbose=0)
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
    if recipe.task == "emotion":
        hits = predicted.argmax(axis=1) == targets.argmax(axis=1)
        metrics["validation"]["accuracy"] = float(hits.mean())
    else:
        squares = (OFFSET_LIMIT_PX * (predicted - targets)) ** 2
        metrics["validation"]["rmse_px"] = math.sqrt(float((squares * known).sum() / known.sum()))
    write_text(out / "metrics.json", json.dumps(metrics, indent=2) + "\n")
