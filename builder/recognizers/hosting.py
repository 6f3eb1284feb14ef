"""Calls of an alignment by any kind of study, checked."""

from builder.generators import Images
from builder.hosting import ModelHost
from builder.recognizers import Alignment, Faces


def align(host: ModelHost, name: str, alignment: Alignment, images: Images) -> Faces:
    """An alignment's result for images, checked, and timed as the step `align`.

    Args:
        host: of the study's models.
        name: the alignment's.
        alignment: any.
        images: (n, h, w, 3) uint8, n >= 1.

    Raises:
        ModelError: it raises, or gives anything else.
    """
    boundary = host.boundary(f"alignment {name}", "alignment", name)
    with host.stopwatch.step("align", len(images)), boundary.call("align", range(len(images))) as call:
        return call.faces(alignment.align(images))
