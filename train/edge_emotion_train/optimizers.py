"""How the weights are moved, by a recipe's `fit`."""

from typing import Any

import keras

from edge_emotion_train.recipe import Fit


def make_optimizer(fit: Fit, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer for epochs of `steps` batches, its learning rate scheduled."""
    warms_up = fit.warmup_epochs > 0
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warms_up else fit.learning_rate,
        decay_steps=steps * max(1, fit.epochs - fit.warmup_epochs),
        alpha=1.0 if fit.schedule == "constant" else 0.0,  # the share of the rate that remains
        warmup_target=fit.learning_rate if warms_up else None,
        warmup_steps=steps * fit.warmup_epochs,
    )
    options: dict[str, Any] = {"global_clipnorm": fit.clip_norm or None}
    if fit.ema:
        options |= {"use_ema": True, "ema_momentum": fit.ema}
    if fit.optimizer == "adam":
        return keras.optimizers.Adam(rate, **options)
    options["weight_decay"] = fit.weight_decay
    if fit.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(
            rate, momentum=fit.momentum, nesterov=fit.nesterov, **options
        )
    else:
        optimizer = keras.optimizers.AdamW(rate, **options)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
