"""Where WordNet is on this machine: NLTK's data, or Debian's wordnet-base with the one file that it lacks.

Debian ships WordNet 3.0's database without `lexnames`, the list of its lexicographer files, which NLTK reads first. It
is written here from WordNet's manual page and given to NLTK in the place of the file.
"""

from __future__ import annotations

import functools
import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.metrics.errors import MetricMissing

DEBIAN = Path("/usr/share/wordnet")
#: The 45 lexicographer files in their order, lexnames(5WN).
_NOUNS = (
    "Tops act animal artifact attribute body cognition communication event feeling food group location motive object "
    "person phenomenon plant possession process quantity relation shape state substance time"
).split()
_VERBS = (
    "body change cognition communication competition consumption contact creation emotion motion perception "
    "possession social stative weather"
).split()
_FILES = [
    *(("adj.all", 3), ("adj.pert", 3), ("adv.all", 4)),
    *((f"noun.{name}", 1) for name in _NOUNS),
    *((f"verb.{name}", 2) for name in _VERBS),
    ("adj.ppl", 3),
]


@dataclass(frozen=True)
class WordNet:
    """reader: what NLTK asks for synonyms. label: which WordNet it is, for the score."""

    reader: Any
    label: str


class NoSynonyms:
    """Stands where a WordNet would: knows no word."""

    def synsets(self, word: str) -> list[Any]:
        return []


@functools.lru_cache(maxsize=2)
def find_wordnet(folder: Path | None = None) -> WordNet | None:
    """NLTK's own, else Debian's; None where there is none. folder: that database and no other.

    Raises MetricMissing where nltk is not installed, or `folder` holds no WordNet.
    """
    try:
        import nltk
        from nltk.corpus.reader.wordnet import WordNetCorpusReader
    except ImportError:
        raise MetricMissing("needs nltk: pip install 'deescalwild-simulator[bench]'") from None
    if folder is None:
        for name in ("corpora/wordnet", "corpora/wordnet.zip/wordnet/"):
            try:
                return WordNet(WordNetCorpusReader(nltk.data.find(name), None), "nltk-data")
            except (LookupError, OSError):
                continue
        if not (DEBIAN / "data.noun").is_file():
            return None
    place = folder or DEBIAN
    if not (place / "data.noun").is_file():
        raise MetricMissing(f"{place}: holds no WordNet database (no data.noun)")
    label = "3.0-debian" if place == DEBIAN else f"folder-{place.name}"
    return WordNet(_without_lexnames(WordNetCorpusReader, place), label)


def _without_lexnames(reader: Any, place: Path) -> Any:
    """NLTK's reader on a folder that may lack the list. NLTK reads only below the folders of its data path."""
    import nltk

    class Reader(reader):  # type: ignore[misc]
        def open(self, file: str) -> Any:
            if file == "lexnames" and not (place / file).is_file():
                return io.StringIO(lexnames())
            return super().open(file)

        def map_wn(self, version: str = "wordnet") -> None:
            """For other languages only, from an index of senses that Debian has in another package."""

    if str(place) not in nltk.data.path:
        nltk.data.path.append(str(place))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are no other languages
        return Reader(str(place), None)


def lexnames() -> str:
    """The file, as WordNet 3.0 has it: number, name and part of speech of each lexicographer file."""
    return "".join(f"{number:02d}\t{name}\t{kind}\n" for number, (name, kind) in enumerate(_FILES))
