"""Whether this user may use a device, and what lets them."""

import grp
import os
from pathlib import Path


def may_use(node: Path) -> bool:
    """Whether a device file may be read and written."""
    return os.access(node, os.R_OK | os.W_OK)


def permit(node: Path, if_root: str) -> str:
    """The remedy for a device that may not be used: to join its group.

    Args:
        node: the device file.
        if_root: the remedy where that group is root, which nobody should join.
    """
    try:
        group = grp.getgrgid(node.stat().st_gid).gr_name
    except (OSError, KeyError):  # gone, or a number without a name, as in a container
        return if_root
    if group == "root":
        return if_root
    return f"run: sudo usermod -aG {group} $USER, then log in again"
