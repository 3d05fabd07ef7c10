"""What the report makes of files."""

from edge_emotion_report.files import read_files
from edge_emotion_report.gathered import gather
from helpers.measurements import write


def gathered(folder, files):
    """All that is read of `files`, contents by name, which are written to `folder`."""
    return gather(read_files([write(folder, files)]))
