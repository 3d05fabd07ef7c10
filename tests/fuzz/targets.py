"""All targets."""

from fuzz import data, media, models, network, texts
from fuzz.engine import Target

TARGETS: tuple[Target, ...] = (  # the slow ones first; the last makes up for what they lack
    *models.TARGETS,
    *media.TARGETS,
    *network.TARGETS,
    *texts.TARGETS,
    *data.TARGETS,
)
