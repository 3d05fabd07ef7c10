"""What is in a set of photographs with face boxes, in numbers and on a page."""

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from edge_emotion.data.columns import Column, read_columns
from edge_emotion.data.detection import FACES_FILE, letterboxed
from edge_emotion.data.faces import DetectionPhotos, take
from edge_emotion.data.formats import FORMATS, format_of
from edge_emotion.detection_metrics import GRADES, size_range
from edge_emotion.pages import MARK, bar, figure, grid, render, section, table
from edge_emotion.types import Floats

_SIZES = (0.0, 0.06, 0.1, 0.2, 0.4, np.inf)  # of a face's longer side, by the photograph's
_SAMPLES = 24
_DASHED = ' stroke-dasharray="3"'


@dataclass(frozen=True)
class PhotoInspection:
    """What `edge-emotion data inspect` finds in photographs.

    Attributes:
        path: of the data set.
        format: its name in `formats.FORMATS`.
        photographs: how many there are.
        without_faces: of these, how many have none.
        faces: how many are marked.
        ignored: of these, how many are too doubtful to learn from or to count.
        repeated: photographs that are, pixel by pixel, an earlier one.
        sizes: faces by their longer side as a share of the photograph's.
        blur, occlusion: faces by how much of it they have.
        columns: of its faces.csv, if it has one.
    """

    path: str
    format: str
    photographs: int
    without_faces: int
    faces: int
    ignored: int
    repeated: int
    sizes: dict[str, int]
    blur: dict[str, int]
    occlusion: dict[str, int]
    columns: tuple[Column, ...]

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return dataclasses.asdict(self)

    @property
    def counts(self) -> tuple[tuple[str, dict[str, int]], ...]:
        """The tables of faces, each with its heading."""
        return (
            ("side by the photograph's", self.sizes),
            ("blur", self.blur),
            ("occlusion", self.occlusion),
        )


def inspect_photos(path: Path) -> tuple[DetectionPhotos, PhotoInspection]:
    """Read photographs; returns them and what is found.

    Raises:
        EdgeEmotionError: they cannot be read, or a row or picture cannot be used.
    """
    name = format_of(path)
    photos = FORMATS[name].read(path)
    assert isinstance(photos, DetectionPhotos)
    marked = photos.faces
    sides = np.concatenate([faces.sides for faces in marked])
    grades = {
        kind: np.concatenate([getattr(faces, kind) for faces in marked])
        for kind in ("blur", "occlusion", "ignore")
    }
    csv = path / FACES_FILE
    return photos, PhotoInspection(
        path=str(path),
        format=name,
        photographs=len(photos),
        without_faces=sum(not len(faces) for faces in marked),
        faces=len(sides),
        ignored=int(grades["ignore"].sum()),
        repeated=len(photos) - len({image.tobytes() for image in photos.images}),
        sizes=_by_size(sides),
        blur=_by_grade(grades["blur"]),
        occlusion=_by_grade(grades["occlusion"]),
        columns=read_columns(csv) if csv.is_file() else (),
    )


def photos_page(photos: DetectionPhotos, found: PhotoInspection) -> str:
    """The HTML of what `inspect_photos` returned."""
    facts = {
        "photographs": f"{found.photographs:,}",
        "without faces": f"{found.without_faces:,}",
        "faces": f"{found.faces:,}",
        "too doubtful to count": f"{found.ignored:,}",
        "exact repetitions": f"{found.repeated:,}",
    }
    tables = [
        table(
            (heading, "faces", "share", ""),
            [
                (name, f"{count:,}", f"{count / max(1, found.faces):.1%}", _bar(count, counts))
                for name, count in counts.items()
            ],
        )
        for heading, counts in found.counts
    ]
    sections = [section("Faces", "", *tables), _samples(photos)]
    subtitle = FORMATS[found.format].what
    return render(Path(found.path).name, subtitle, facts, sections, "11rem")


def _samples(photos: DetectionPhotos) -> str:
    rows = np.sort(np.random.default_rng(0).permutation(len(photos))[:_SAMPLES])
    shown = letterboxed(take(photos, rows))
    cells = [
        figure(image, str(name), _boxes(faces.boxes, faces.ignore))
        for image, faces, name in zip(shown.images, shown.faces, shown.names, strict=True)
    ]
    text = "Drawn at random, as the detector sees them; boxes that do not count are dashed."
    return section("Samples", text, grid(cells))


def _boxes(boxes: Floats, ignored: np.ndarray) -> str:
    return "".join(
        f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" fill="none"'
        f' stroke="{MARK}" stroke-width="1.6"{_DASHED if dashed else ""}/>'
        for (x1, y1, x2, y2), dashed in zip(boxes, ignored, strict=True)
    )


def _bar(count: int, counts: dict[str, int]) -> str:
    return bar(count / max(1, *counts.values()))


def _by_size(sides: Floats) -> dict[str, int]:
    return {
        size_range(low, high): int(((sides >= low) & (sides < high)).sum())
        for low, high in pairwise(_SIZES)
    }


def _by_grade(grades: np.ndarray) -> dict[str, int]:
    counts = np.bincount(grades, minlength=len(GRADES)).tolist()
    return dict(zip(GRADES, counts, strict=True))
