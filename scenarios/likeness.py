"""Lines that are alike: the same reply twice in the library, nearly the same, or copied from a corpus."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from scenarios.corpus.sources import files_in

_WORD = re.compile(r"[a-z0-9']+")
#: Replies of fewer words may recur: people say "I know" alike.
_LEAST_WORDS = 4
#: Share of word pairs in common (Jaccard) from which two replies are nearly the same.
_NEAR = 0.6
#: Words in a row that are no chance: copied.
COPIED_WORDS = 9


def plain_words(text: str) -> list[str]:
    """The words without case and punctuation, as both sides of every comparison here have them."""
    return _WORD.findall(text.lower().replace("’", "'"))


def same_lines(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(later, first) of lines with the same words; silence and the shortest are left out."""
    first: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(lines):
        words = tuple(plain_words(line))
        if len(words) < _LEAST_WORDS:
            continue
        if words in first:
            yield number, first[words]
        else:
            first[words] = number


def near_lines(lines: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    """(later, earlier, share in common) of lines that are nearly the same, the same ones left out.

    Every pair with a share of `_NEAR` has a pair of words in common, so that only lines under the
    same pair are compared.
    """
    bags: list[frozenset[tuple[str, str]]] = []
    under: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        words = plain_words(line)
        pairs = frozenset(itertools.pairwise(words)) if len(words) > _LEAST_WORDS else frozenset()
        bags.append(pairs)
        shared: dict[int, int] = defaultdict(int)
        for pair in pairs:
            for earlier in under[pair]:
                shared[earlier] += 1
            under[pair].append(number)
        for earlier, count in sorted(shared.items()):
            likeness = count / (len(pairs) + len(bags[earlier]) - count)
            if likeness >= _NEAR and plain_words(lines[earlier]) != words:
                yield number, earlier, likeness


def copied_lines(lines: Iterable[str], corpus: Path) -> Iterator[tuple[int, str, str]]:
    """(line, file of the corpus, the words) where nine words in a row also stand in a corpus.

    corpus: a folder, archive or file, as `deescal corpus` reads them; formats that are not text are
    passed over. Raises BadScenario where it cannot be opened.
    """
    wanted: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        words = plain_words(line)
        for start in range(len(words) - COPIED_WORDS + 1):
            wanted[tuple(words[start : start + COPIED_WORDS])].append(number)
    starts = {gram[:2] for gram in wanted}
    seen: set[tuple[int, str]] = set()
    for raw in files_in(corpus):
        if raw.data is None:
            continue
        words = plain_words(raw.data.decode("utf-8", errors="replace"))
        for start in range(len(words) - COPIED_WORDS + 1):
            if (words[start], words[start + 1]) not in starts:
                continue
            gram = tuple(words[start : start + COPIED_WORDS])
            for number in wanted.get(gram, ()):
                if (number, raw.name) not in seen:
                    seen.add((number, raw.name))
                    yield number, raw.name, " ".join(gram)
