"""Whether the packages that an optional extra brings are installed."""

from importlib.util import find_spec

from edge_emotion.errors import MissingExtra


def need(extra: str, *modules: str) -> None:
    """Check that modules of an extra can be imported, without importing them.

    Raises:
        MissingExtra: naming the first that cannot, and the line that installs it.
    """
    for module in modules:
        if find_spec(module) is None:
            raise MissingExtra("this command", module.replace("_", "-"), extra)
