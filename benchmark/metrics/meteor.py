"""METEOR: words shared with the real reply, also by stem and by synonym, with a penalty for broken order.

By NLTK (Banerjee and Lavie 2005; NLTK's own members call it non-canonical), with the paper's alpha 0.9, beta 3,
gamma 0.5. An identical reply of one word scores 0.5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.metrics.errors import MetricMissing
from benchmark.metrics.wordnet import NoSynonyms, WordNet

ALPHA, BETA, GAMMA = 0.9, 3.0, 0.5
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Meteor:
    """Scores 0 to 1 of each pair, and a signature: NLTK's version, which WordNet, how sentences were cut."""

    scores: list[float]
    signature: str


def meteor(
    predictions: Sequence[str], references: Sequence[str], wordnet: WordNet | None
) -> Meteor:
    """wordnet None: without synonyms, and the signature says so. Raises MetricMissing where nltk is not installed."""
    try:
        import nltk
        from nltk.translate.meteor_score import single_meteor_score
    except ImportError:
        raise MetricMissing("needs nltk: pip install 'deescalwild-simulator[bench]'") from None
    words, cut = word_tokenizer()
    reader: Any = wordnet.reader if wordnet else NoSynonyms()
    scores = [
        float(
            single_meteor_score(
                words(real), words(said), wordnet=reader, alpha=ALPHA, beta=BETA, gamma=GAMMA
            )
        )
        for said, real in zip(predictions, references, strict=True)
    ]
    known = f"wordnet:{wordnet.label}" if wordnet else "no-synonyms"
    return Meteor(
        scores, f"nltk:{nltk.__version__}|{known}|sentences:{cut}|a:{ALPHA}|b:{BETA}|g:{GAMMA}"
    )


def word_tokenizer() -> tuple[Callable[[str], list[str]], str]:
    """NLTK's word_tokenize and "punkt" where its data is here; else its word rules on sentences cut at . ! ?

    The two differ where a full stop ends no sentence ("Mr. Hale").
    """
    import nltk
    from nltk.tokenize import NLTKWordTokenizer

    try:
        nltk.data.find("tokenizers/punkt_tab/english/")
    except LookupError:
        rules = NLTKWordTokenizer()

        def plain(text: str) -> list[str]:
            return [
                word for part in _SENTENCE_END.split(text.strip()) for word in rules.tokenize(part)
            ]

        return plain, "at.!?"
    return nltk.word_tokenize, "punkt"
