"""The data set's card, in the form that `datasets.load_dataset` and the hubs read."""

from __future__ import annotations

from collections.abc import Sequence

from scenarios.corpus.run import Settings
from scenarios.corpus.splits import SPLITS
from scenarios.corpus.stats import Statistics

_CONFIGS = "\n".join(
    [
        "configs:",
        "- config_name: chat",
        "  default: true",
        "  data_files:",
        *(
            line
            for split in SPLITS
            for line in (f"  - split: {split}", f"    path: chat/{split}.parquet")
        ),
        "- config_name: turns",
        "  data_files:",
        "  - split: full",  # `all` is a word of the library
        "    path: turns.parquet",
    ]
)

_TEXT = """---
language: en
license: other
task_categories: [text-generation]
tags: [dialogue, police, de-escalation]
{configs}
---

# Police–civilian dialogue for de-escalation training

Real encounters, made into training rows by `deescal corpus build`: read, roles given to speakers,
cleaned, names and numbers replaced, filtered by rule, near-duplicates dropped, split by source video.

{table}

{plots}

## What is in it

- `chat` (`chat/SPLIT.parquet`, the same as JSON Lines): one conversation of police (user) with one civilian
  (assistant), or a window of it of at most {budget} tokens. `trains[i]` says whether `messages[i]` counts
  for the loss: answers of the civilian that are heard well, whose speaker is known, and that no
  earlier window counted. `counterpart` is `civilian` (the one it is about) or `other_civilian`.
- `turns` (`turns.parquet`): every turn: source, turn, start_s, speaker, role, text, split.

    from datasets import load_dataset
    rows = load_dataset("this/folder", "chat", split="train")

## How it was made, and what to mind

- Roles come from labels and a fitted model of how each role talks, not from people, except where a person
  corrected them in the review. On hand-labelled files the program prints its accuracy
  (`deescal corpus roles --accuracy`).
- Names, places smaller than a state, phones, addresses, plates, birth dates and account numbers are
  replaced by surrogates that are the same through a video (seed {seed}). This is done by rule:
  some will have slipped through. Treat the text as you would treat personal data, and do not try to find
  the people.
- It is the speech of people in distress, with slurs, threats and violence. What is online is not what is
  usual: videos are posted because something happened.
- Not for predictive policing, profiling, or decisions about real people.
"""


def card_text(statistics: Statistics, budget: int, settings: Settings, plots: Sequence[str]) -> str:
    return _TEXT.format(
        configs=_CONFIGS,
        table=statistics.as_markdown(),
        plots="\n".join(f"![{name.removesuffix('.png')}](plots/{name})" for name in plots),
        budget=budget,
        seed=settings.seed,
    )
