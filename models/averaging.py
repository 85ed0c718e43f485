"""Several fine-tunes of one base as one: the mean of their weights.

A "model soup" (Wortsman et al. 2022, arXiv 2203.05482). Courses that began with the same base and went
different ways are better together than the best of them, at the price of none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from models.errors import BadModel


def mean_of(models: Iterable[Any]) -> Any:
    """One of the models (torch modules, any number, taken one at a time) with the mean of all weights.

    Raises BadModel where their weights are not of the same names and shapes.
    """
    mean: dict[str, Any] = {}
    count, last = 0, None
    for count, last in enumerate(models, start=1):
        state = {name: weight.float() for name, weight in last.state_dict().items()}
        if not mean:
            mean = {name: weight.clone() for name, weight in state.items()}
        elif {n: w.shape for n, w in state.items()} != {n: w.shape for n, w in mean.items()}:
            raise BadModel("these are fine-tunes of different bases: their weights do not match")
        for name, weight in state.items():
            mean[name] += (weight - mean[name]) / count  # exact where nothing was trained
    if last is None:
        raise BadModel("no model to take the mean of")
    if count > 1:
        last.load_state_dict(mean)
    return last
