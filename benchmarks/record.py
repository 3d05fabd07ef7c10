"""Keep a measurement for everybody's report, unless the machine was not fit for it.

    python benchmarks/record.py runs/report/pi4.json benchmarks/results/report

`make report RECORD=NAME` runs this.  What `edge-emotion benchmark` warned of (other programs, heat,
rounds far apart) refuses the file; `--anyway` takes it, and the report repeats the warnings.
"""

import argparse
import json
import sys
from pathlib import Path

from edge_emotion.files import write_bytes


def main() -> None:
    """Copy the file, or say what is against it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measured", type=Path, help="from edge-emotion benchmark")
    parser.add_argument("folder", type=Path, help="of recorded measurements")
    parser.add_argument("--anyway", action="store_true", help="with its warnings")
    given = parser.parse_args()
    content = given.measured.read_bytes()
    warnings = json.loads(content)["conditions"]["warnings"]
    if warnings and not given.anyway:
        sys.exit(
            f"{given.measured} is not recorded: {'; '.join(warnings)}\n"
            "Get the machine quiet (docs/benchmark.md) and measure again, "
            "or take it as it is with RECORD_ANYWAY=1"
        )
    write_bytes(given.folder / given.measured.name, content)


if __name__ == "__main__":
    main()
