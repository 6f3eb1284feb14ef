"""Differences between the two images of a pair."""

import numpy as np
import pandas as pd

from analysis.frames import Column, Numbers, Table
from analysis.studies.verification import data


def attribute_differences(pairs: Table, attributes: pd.DataFrame) -> pd.DataFrame:
    """A row per pair, a column per attribute: the absolute difference of numbers, whether anything else differs (0, 1).

    NaN where an attribute of one of the two images is not known.
    """
    by_image = attributes.set_index("image_id")
    scored = data.frame(pairs)
    base, sample = by_image.reindex(scored["base_id"]), by_image.reindex(scored["sample_id"])
    differences = {name: _difference(base[name], sample[name]) for name in by_image.columns}
    return pd.DataFrame(differences, index=pd.Index(scored["pair_id"]))


def _difference(base: Column, sample: Column) -> Numbers:
    if pd.api.types.is_numeric_dtype(base) and not pd.api.types.is_bool_dtype(base):
        numbers = base.to_numpy(np.float64, na_value=np.nan) - sample.to_numpy(np.float64, na_value=np.nan)
        return np.asarray(np.abs(numbers))
    mask = (base.notna().to_numpy()) & (sample.notna().to_numpy())
    differs = base.astype("str").to_numpy() != sample.astype("str").to_numpy()
    return np.where(mask, differs.astype(np.float64), np.nan)
