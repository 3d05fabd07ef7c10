"""The devices a fit is spread over: one, or all that the chosen Keras backend sees.

Each device takes its share of every batch and the gradients are averaged.  TensorFlow does
this with `tf.distribute.MirroredStrategy`, JAX with `keras.distribution.DataParallel`, also across
the processes of a `cluster`; PyTorch trains on one device.  What then differs from one device is
listed in docs/training-spread.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np

from edge_emotion.errors import EdgeEmotionError, WrongUse


@dataclass(frozen=True)
class Spread:
    """How a batch is shared out.

    Attributes:
        devices: how many share it, in all processes together.
        processes: how many processes feed them, each with its own rows of the batch.
        rank: of this process; the first, 0, writes the run's folder.
    """

    devices: int = 1
    processes: int = 1
    rank: int = 0

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def check_agreement(self, what: str, number: int) -> None:
        """Check that all processes have the same number.

        Raises:
            EdgeEmotionError: they have not, because they see other files.
        """
        if self.processes == 1:
            return
        from jax.experimental import multihost_utils

        found = multihost_utils.process_allgather(np.array(number)).tolist()
        if len(set(found)) > 1:
            raise EdgeEmotionError(
                f"the processes find different {what}: {', '.join(map(str, found))}",
                remedy="put the run's folder on storage that all machines share",
            )

    def own_rows(self, rows: int) -> slice:
        """The rows of a batch of `rows` that this process feeds."""
        share = rows // self.processes
        return slice(self.rank * share, (self.rank + 1) * share)

    def check_batch_size(self, batch_size: int, faces: int) -> None:
        """Check that batches of so many faces, or of all where there are fewer, are shared evenly.

        Raises:
            WrongUse: they cannot be.
        """
        if faces < self.devices:
            raise WrongUse(
                f"{faces} faces to train on cannot be shared by {self.devices} devices",
                remedy="use fewer devices or more faces",
            )
        if min(batch_size, faces) % self.devices:
            fitting = -(-batch_size // self.devices) * self.devices
            most = faces // self.devices * self.devices
            raise WrongUse(
                f"batches of {min(batch_size, faces)} cannot be shared by {self.devices} devices",
                expected=f"fit.batch_size a multiple of {self.devices}",
                remedy=f"say for example --set fit.batch_size={min(fitting, most)}",
            )

    def synchronize(self, model: keras.Model) -> None:
        """Let batch normalization use the mean and variance of whole batches, on all devices.

        JAX does so anyway.  TensorFlow's replicas would use those of their parts, keep moving
        averages that differ, and validate another network than the one replica's that is saved.
        """
        if self.devices > 1 and keras.backend.backend() == "tensorflow":
            for layer in model._flatten_layers():
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.synchronized = True


ALONE = Spread()


@contextmanager
def spread() -> Iterator[Spread]:
    """Build and fit models on all devices while in the block."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        if len(devices) > 1:
            with tf.distribute.MirroredStrategy([device.name for device in devices]).scope():
                yield Spread(len(devices))
            return
    if backend == "jax":
        import jax

        names = keras.distribution.list_devices()
        if len(names) > 1:
            # Each process feeds its own rows of a batch, so Keras need not split it.
            everywhere = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
            keras.distribution.set_distribution(everywhere)
            try:
                yield Spread(len(names), jax.process_count(), jax.process_index())
            finally:
                keras.distribution.set_distribution(None)
            return
    yield ALONE
