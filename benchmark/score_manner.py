"""The figures that overlap cannot see: length, variety, role, compliance, directions and persona, each beside the real
civilians at the same turns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmark.metrics import compliance, directed, in_role, persona, wording
from benchmark.metrics.intervals import (
    Interval,
    jackknife_interval,
    mean_interval,
    ratio_interval,
    resampled_interval,
    spearman,
)
from benchmark.score_figures import Better, Scores
from benchmark.score_pairs import Pair
from training.conditioning import feeling_of


def lengths_and_words(scores: Scores) -> None:
    """How long and how varied, beside the real civilians at the same turns."""
    said, real, sources = scores.pairs.said, scores.pairs.real, scores.pairs.sources
    mine = [float(len(wording.words(text))) for text in said]
    theirs = [float(len(wording.words(text))) for text in real]
    scores.samples["reply_words"], scores.samples["real_words"] = mine, theirs
    scores.add("reply_words", mean_interval(mine, sources), "words", "words per reply")
    scores.add("real_words", mean_interval(theirs, sources), "words", "words per real reply")
    about = "words per reply over words per real reply: 1 is alike"
    scores.add("reply_words_ratio", ratio_interval(mine, theirs, sources), "×", about)

    def apart(measure: Callable[[Sequence[str], Sequence[str]], float]) -> Interval:
        return jackknife_interval(
            lambda rows: measure([said[i] for i in rows], [real[i] for i in rows]), sources
        )

    about = "between the two distributions of words per reply (earth mover's)"
    scores.add("length_distance", apart(wording.length_distance), "words", about, "lower")
    about = "between the two distributions of words (Jensen-Shannon)"
    scores.add("word_distance", apart(wording.word_distance), "bits", about, "lower")
    short = "replies of three words or fewer"
    scores.share("short_share", lambda row: len(wording.words(row.said)) <= 3, short)
    scores.share("real_short_share", lambda row: len(wording.words(row.real)) <= 3, f"real {short}")
    budget = min(int(sum(mine)), int(sum(theirs)))
    for n in (1, 2):
        about = f"distinct of all {'words' if n == 1 else 'pairs of words'}, in as much text as the real replies"
        for name, texts in ((f"distinct_{n}", said), (f"real_distinct_{n}", real)):

            def varied(rows: Sequence[int], texts: list[str] = texts, n: int = n) -> float:
                whole = len(rows) / len(texts)  # a source left out: less text on both sides
                return wording.distinct([texts[i] for i in rows], n, int(budget * whole))

            scores.add(name, jackknife_interval(varied, sources), "", about)
    for name, texts in (("top10_share", said), ("real_top10_share", real)):

        def common(rows: Sequence[int], texts: list[str] = texts) -> float:
            return wording.commonest_share([texts[i] for i in rows])

        about = (
            f"{'real replies' if 'real' in name else 'replies'} that are one of their ten commonest"
        )
        scores.add(name, jackknife_interval(common, sources), "%", about, scale=100)


def role(scores: Scores) -> None:
    """Sounding like an assistant, breaking role, refusing, saying nothing, never ending."""
    share = scores.share
    about = "sound like an assistant: offers help, advice, is a machine"
    share("assistant_voice_rate", lambda r: in_role.sounds_like_assistant(r.said), about, "lower")
    share(
        "real_assistant_voice_rate",
        lambda r: in_role.sounds_like_assistant(r.real),
        f"real ones: {about}",
    )
    about = "sound like an assistant, a narrator or the officer"
    share("role_break_rate", lambda r: in_role.breaks_role(r.said), about, "lower")
    share("real_role_break_rate", lambda r: in_role.breaks_role(r.real), f"real ones: {about}")
    share("refusal_rate", lambda r: in_role.refuses_to_play(r.said), "refuse to play", "lower")
    share("empty_rate", lambda r: not r.said.strip(), "are empty", "lower")
    share("cut_rate", lambda r: not r.ended, "did not end within max_tokens", "lower")


def going_along(scores: Scores) -> None:
    """Compliance where the officer asks or tells something, beside the real civilians' at the same turns."""
    for name, answer in (("compliance_rate", "goes along"), ("resistance_rate", "resists")):
        about = f"{answer} when asked or told"
        for prefix, text in (("", "said"), ("real_", "real")):

            def holds(row: Pair, text: str = text, answer: str = answer) -> bool:
                return compliance.answer_to(row.officer, getattr(row, text)) == answer

            label = f"{prefix.replace('_', ' ')}{about}"
            scores.share(prefix + name, holds, label, among=lambda r: compliance.demands(r.officer))


def following_directions(scores: Scores) -> None:
    """Using a fact it may tell, in the mood and at the length it was told."""
    rows = scores.pairs.rows
    if not any(row.told for row in rows):
        return
    facts = [row.told.facts if row.told else () for row in rows]
    half = max(1, len(facts) // 2)
    numbers = [row.number for row in rows]
    given = dict(zip(numbers, facts, strict=True))
    elsewhere = dict(zip(numbers, facts[half:] + facts[:half], strict=True))
    _beside(
        scores,
        "fact_used_rate",
        lambda row, text: directed.uses_fact(text, given[row.number]),
        "draw on a fact they were given",
        lambda row: bool(given[row.number]),
    )
    scores.share(
        "fact_used_by_chance_rate",
        lambda row: directed.uses_fact(row.said, elsewhere[row.number]),
        "would draw on the facts of another turn",
        among=lambda row: bool(elsewhere[row.number]),
    )
    _beside(
        scores,
        "mood_match_rate",
        lambda row, text: row.told is not None and directed.mood_of(text) == row.told.mood,
        "sound in the very mood they were told, by rule",
        lambda row: row.told is not None,
    )
    _mood_correlations(scores)
    _beside(
        scores,
        "length_match_rate",
        lambda row, text: bool(
            row.told and row.told.length and directed.length_matches(text, row.told.length)
        ),
        "have the length they were told",
        lambda row: bool(row.told and row.told.length),
    )


def staying_themselves(scores: Scores) -> None:
    """Contradicting the persona."""
    _beside(
        scores,
        "contradiction_rate",
        lambda row, text: persona.contradicts(text, row.person) is not None,
        "contradict the persona (name, age, what they never say): a lower bound",
        lambda row: bool(row.person.names or row.person.age or row.person.never_says),
        better="lower",
    )


def _beside(
    scores: Scores,
    name: str,
    holds: Callable[[Pair, str], bool],
    about: str,
    among: Callable[[Pair], bool],
    better: Better = "higher",
) -> None:
    """The share of what was said, and of what the real civilians said at the same turns."""
    scores.share(name, lambda row: holds(row, row.said), about, better, among)
    scores.share(f"real_{name}", lambda row: holds(row, row.real), f"real: {about}", None, among)


def _mood_correlations(scores: Scores) -> None:
    """Does more agitation told give more agitation heard: Spearman over turns."""
    rows = [row for row in scores.pairs.rows if row.told]
    moods = [row.told.mood for row in rows if row.told]
    sources = [row.source for row in rows]
    about = "rank correlation of the mood told and how agitated the reply sounds, by rule"
    for name, texts in (
        ("mood_correlation", [row.said for row in rows]),
        ("real_mood_correlation", [row.real for row in rows]),
    ):
        heard = [feeling_of(text).agitation for text in texts]

        def correlated(turns: Sequence[int], heard: list[float] = heard) -> float:
            return spearman([moods[i] for i in turns], [heard[i] for i in turns])

        real = name.startswith("real")
        found = resampled_interval(correlated, sources, 300)
        scores.add(name, found, "", f"real: {about}" if real else about, None if real else "higher")
