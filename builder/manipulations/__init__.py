"""Manipulations: changes that make an explanation lie while the decision stays. One file per method.

| name | level | file | what it does |
|---|---|---|---|
| `random` | input | `sign_noise.py` | noise of signs, beside which all of the input stand |
| `top_k` | input | `top_k.py` | the pixels that mattered most matter no more |
| `mass_center` | input | `mass_center.py` | the center of the map moves away |
| `target_map` | input | `target_map.py` | the map becomes a given one |
| `black_box` | input | `black_box.py` | as `target_map`, without a gradient |
| `patch` | input | `patch.py` | a visible patch changes the class, and the map does not show it |
| `location` | model | `location.py` | every map lies in a corner |
| `top_k_model` | model | `top_k_model.py` | the pixels that mattered most matter no more |
| `center_model` | model | `center_model.py` | the center of every map moves away |
| `active` | model | `active.py` | the maps of two classes change places |
| `conceal` | table | `conceal.py` | a network's derivative by a sensitive column vanishes, its answers stay |
| `scaffold` | table | `scaffold.py` | biased on rows of the data, innocent on those that LIME and KernelSHAP make up |

Each file has `Settings`, its keys, and `manipulate`. Those of the input change a picture as it is stored, in 8 bits;
`iterative.py` is the search of those with a gradient. Those of the model change a classifier's weights, and share
`fine_tuning.py`; with lambda 0 they are their own no-op. Those of the table are of classifiers of rows, with a
sensitive column, such as `table.py` draws or reads.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from builder.generators import Images


class Manipulated(NamedTuple):
    """The outcome for n pictures.

    images: (n, h, w, 3) uint8. reached: (n,) bool, whether a changed picture with the same class was found that is
    better, by the manipulation's own measure, than the picture as it was; where none was, the picture is as it was.
    steps: (n,) int64, the step at which the picture was found, 0 where none was.
    """

    images: Images
    reached: npt.NDArray[np.bool_]
    steps: npt.NDArray[np.int64]
