"""Layouts put together into batches without padding, and a batch as tensors.

A batch is one row of tokens in which several conversations stand side by side and cannot see each
other. The order is drawn for the whole run from the seed, so that a resumed run meets the same batches.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from training.layout import TRUNK, Layout

if TYPE_CHECKING:
    import torch

Pack = list[int]  # indices of layouts

#: Batches that stand open at a time while conversations are dealt out.
_OPEN = 12


def plan(
    sizes: Sequence[int], budget: int, draw: random.Random, order: Sequence[int] | None = None
) -> list[Pack]:
    """Deal items into packs of at most `budget` tokens, in a drawn order; best fit of a few open."""
    waiting = list(order if order is not None else range(len(sizes)))
    draw.shuffle(waiting)
    open_packs: list[tuple[int, Pack]] = []
    done: list[Pack] = []
    for index in waiting:
        size = sizes[index]
        fitting = [i for i, (used, _) in enumerate(open_packs) if used + size <= budget]
        if fitting:
            best = max(fitting, key=lambda i: open_packs[i][0])
            used, pack = open_packs.pop(best)
        else:
            used, pack = 0, []
            if len(open_packs) >= _OPEN:
                fullest = max(range(len(open_packs)), key=lambda i: open_packs[i][0])
                done.append(open_packs.pop(fullest)[1])
        pack.append(index)
        open_packs.append((used + size, pack))
    done += [pack for _, pack in open_packs]
    draw.shuffle(done)
    return done


def plan_run(
    layouts: Sequence[Layout],
    budget: int,
    epochs: float,
    library_repeat: float,
    seed: int,
    order: int = 0,
) -> list[Pack]:
    """Every batch of a run in order: epoch after epoch, the library `library_repeat` times in each.

    order: a run cut short has met the first rows only; one that goes on from it takes another order.
    """
    sizes = [len(layout) for layout in layouts]
    packs: list[Pack] = []
    whole = int(epochs)
    for epoch in range(whole + (epochs > whole)):
        draw = random.Random(f"{seed} epoch {epoch}" + (f" order {order}" if order else ""))
        indices: list[int] = []
        for index, layout in enumerate(layouts):
            times = library_repeat if layout.origin == "library" else 1.0
            indices += [index] * (int(times) + (draw.random() < times - int(times)))
        dealt = plan(sizes, budget, draw, indices)
        if epoch == whole:
            dealt = dealt[: max(1, round(len(dealt) * (epochs - whole)))]
        packs += dealt
    return packs


def batch_of(layouts: Sequence[Layout]) -> dict[str, torch.Tensor]:
    """Tensors of one batch: [1, tokens] each, and a [1, 1, tokens, tokens] mask of who sees whom.

    `owners` and `branches` say the same as the mask, token by token.
    """
    import torch

    ids: list[int] = []
    positions: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    branches: list[int] = []
    owner: list[int] = []
    for number, layout in enumerate(layouts):
        ids += layout.ids
        positions += layout.positions
        targets += layout.targets
        weights += layout.weights
        branches += layout.branches
        owner += [number] * len(layout)
    owners, branch = torch.tensor(owner), torch.tensor(branches)
    sees = owners[:, None] == owners[None, :]
    sees &= (branch[None, :] == TRUNK) | (branch[None, :] == branch[:, None])
    sees &= torch.ones_like(sees).tril()
    return {
        "input_ids": torch.tensor([ids]),
        "position_ids": torch.tensor([positions]),
        "attention_mask": sees[None, None],
        "labels": torch.tensor([targets]),
        "weights": torch.tensor([weights]),
        "owners": owners[None],
        "branches": branch[None],
    }


class Collator:
    """Turns a row of the trainer's data set (the number of a pack) into its batch."""

    def __init__(self, layouts: Sequence[Layout], packs: Sequence[Pack]) -> None:
        self._layouts = layouts
        self._packs = packs

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        (row,) = rows  # one pack is one batch
        return batch_of([self._layouts[index] for index in self._packs[int(row["pack"])]])
