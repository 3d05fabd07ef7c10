"""`edge-emotion`, and `python -m edge_emotion`, which is the same."""

import sys

from edge_emotion.errors import ExitCode, warn


def main() -> None:
    """Load the command line, which takes a while on a device, and run it."""
    try:
        from edge_emotion import cli

        cli.main()
    except KeyboardInterrupt:
        warn("interrupted")
        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
