"""Numbers of pairs as words of an alternative text or a caption."""

import numpy as np
import pandas as pd

from analysis.studies.verification.figures import kinds


def counted(pairs: pd.DataFrame) -> str:
    """The number of pairs of each kind, in words."""
    return ", ".join(f"{(pairs['kind'] == kind).sum()} {kind}" for kind in kinds.kinds_of(pairs))


def threshold_words(threshold: float | None) -> str:
    """The name of the threshold's line; nothing where there is none."""
    return "" if threshold is None or np.isnan(threshold) else f" A dashed line marks the threshold {threshold:g}."
