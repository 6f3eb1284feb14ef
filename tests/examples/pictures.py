"""The README's pictures of kinds of study, from their demos' cards: `python -m tests.examples.pictures OUT DOCS`."""

import sys
from pathlib import Path

from PIL import Image

from builder.drawing import png_within
from builder.files import write_whole

PICTURES = {"classification": "mistakes", "expression": "faces", "explanation": "maps", "counterfeits": "counterfeits"}
"""The picture in the card of each kind."""

MOST_BYTES = 150_000


def main(out: Path, docs: Path) -> None:
    """Copies each; one that is larger than MOST_BYTES loses its lower half."""
    for kind, name in PICTURES.items():
        with Image.open(out / f"{kind}-demo-dataset" / "pictures" / f"{name}.png") as picture:
            sheet = picture.convert("RGB")
        while len(png_within(sheet)) > MOST_BYTES:
            sheet = sheet.crop((0, 0, sheet.width, sheet.height // 2))
        write_whole(docs / f"{kind}.png", png_within(sheet))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
