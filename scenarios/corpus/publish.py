"""Stage 6, publish: near-duplicates out, splits by source, chat rows, the data set and its card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from scenarios.corpus.card import card_text
from scenarios.corpus.chat_rows import as_record, chat_rows
from scenarios.corpus.dataset_files import DatasetFiles
from scenarios.corpus.duplicates import Pair, groups_of, pairs_of, to_drop
from scenarios.corpus.extras import PUBLISH_LIBRARIES, check_installed
from scenarios.corpus.run import STAGES, Decision, Kept, Run, write_json
from scenarios.corpus.splits import Split, check_no_leak, split_of
from scenarios.corpus.stats import Statistics, draw
from scenarios.corpus.tokens import TokenCounter, token_counter
from scenarios.corpus.transcript import Transcript, video_of
from scenarios.errors import BadScenario, ScenarioError

#: Tokens of a chat row, system message included: half of the smallest context that is played with.
BUDGET = 1024


@dataclass(frozen=True, slots=True)
class Published:
    statistics: Statistics
    pairs: list[Pair]
    replaced_by: dict[str, str]
    dropped: dict[str, int]
    overruled: dict[str, str]


def publish(
    run: Run, budget: int = BUDGET, progress: Callable[[str], None] = lambda _: None
) -> Published:
    """Writes DIR/published. Raises ScenarioError where a split leaks, or nothing was accepted."""
    check_installed(PUBLISH_LIBRARIES)
    decisions = run.decisions()
    chosen, overruled = _chosen(run, decisions)
    pairs, replaced_by = find_duplicates(run, chosen)
    chosen = {source: kept for source, kept in chosen.items() if source not in replaced_by}
    if not chosen:
        raise _nothing_accepted(run)
    seed = run.settings.seed
    videos = {kept.source: video_of(kept.source) for kept in run.each("read")}
    groups = groups_of(videos, pairs)
    splits: dict[str, Split] = {source: split_of(groups[source], seed) for source in chosen}
    check_no_leak(splits, videos, pairs)
    counter = token_counter()
    statistics = Statistics(counter.how)
    dropped: Counter[str] = Counter()
    with DatasetFiles(run.published) as files:
        for source, kept in chosen.items():
            transcript = run.transcript("filter", source)
            if transcript is None:
                raise ScenarioError(f"{run.path('filter', source)}: holds no transcript")
            transcript = with_decision(transcript, decisions.get(source))
            _write(transcript, splits[source], kept, files, statistics, counter, budget, dropped)
            progress(source)
        _describe(files, statistics, budget, run)
        files.finish()
    return Published(statistics, pairs, replaced_by, dict(dropped), overruled)


def _nothing_accepted(run: Run) -> ScenarioError:
    """Bad input where no file could even be read, else a failure; with the commonest reasons."""
    reasons: Counter[str] = Counter()
    unread = files = 0
    for stage in STAGES:
        for kept in run.each(stage):
            files += stage == "read"
            unread += stage == "read" and kept.skip is not None
            if kept.skip is not None:
                reasons[kept.skip] += 1
    why = "; ".join(reason for reason, _ in reasons.most_common(2))
    kind = BadScenario if unread == files else ScenarioError
    return kind(f"nothing to publish, none of {files} files was accepted: {why} (all: report.md)")


def find_duplicates(run: Run, accepted: Iterable[str]) -> tuple[list[Pair], dict[str, str]]:
    """Near-duplicates among all cleaned files, and which accepted one another accepted stands in for."""
    cleaned = {kept.source: kept.facts for kept in run.each("clean") if kept.skip is None}
    pairs = pairs_of({source: facts["sketch"] for source, facts in cleaned.items()})
    replaced_by = to_drop({source: cleaned[source]["words"] for source in accepted}, pairs)
    write_json(
        run.folder / "duplicates.json",
        {
            "pairs": [[p.smaller, p.larger, p.share] for p in pairs],
            "dropped_for": replaced_by,
        },
    )
    return pairs, replaced_by


def with_decision(transcript: Transcript, decision: Decision | None) -> Transcript:
    """The transcript with the roles that people gave its speakers."""
    if decision is None or not decision.roles:
        return transcript
    turns = []
    for turn in transcript.turns:
        if turn.speaker in decision.roles:
            flags = tuple(flag for flag in turn.flags if flag != "unsure")
            turn = replace(turn, role=decision.roles[turn.speaker], flags=flags)
        turns.append(turn)
    return transcript.with_turns(turns)


def _chosen(run: Run, decisions: dict[str, Decision]) -> tuple[dict[str, Kept], dict[str, str]]:
    """Accepted sources, and those where people overruled the filter."""
    chosen: dict[str, Kept] = {}
    overruled: dict[str, str] = {}
    for kept in run.each("filter"):
        if "accepted" not in kept.facts:  # the stage failed on it
            continue
        accepted = bool(kept.facts["accepted"])
        decision = decisions.get(kept.source)
        if decision and decision.verdict and (decision.verdict == "accept") != accepted:
            accepted = decision.verdict == "accept"
            overruled[kept.source] = f"{decision.verdict} (people), against the filter"
        if accepted:
            chosen[kept.source] = kept
    return chosen, overruled


def _write(
    transcript: Transcript,
    split: Split,
    kept: Kept,
    files: DatasetFiles,
    statistics: Statistics,
    counter: TokenCounter,
    budget: int,
    dropped: Counter[str],
) -> None:
    files.add_turns(transcript, split)
    statistics.add(transcript, split, str(kept.facts.get("outcome", "unclear")), counter.count)
    for row in chat_rows(transcript, counter.count, budget, dropped):
        files.add_chat(as_record(row, split))
        answers = sum(message.role == "assistant" for message in row.messages)
        learnt = sum(message.trains for message in row.messages)
        statistics.add_row(split, row.tokens, learnt, answers)


def _describe(files: DatasetFiles, statistics: Statistics, budget: int, run: Run) -> None:
    folder = files.folder
    data: dict[str, Any] = statistics.as_dict()
    (folder / "statistics.json").write_text(
        json.dumps(data, ensure_ascii=False, indent=2), encoding="utf-8"
    )
    (folder / "statistics.md").write_text(statistics.as_markdown(), encoding="utf-8")
    plots = draw(statistics, folder / "plots")
    text = card_text(statistics, budget, run.settings, [plot.name for plot in plots])
    (folder / "README.md").write_text(text, encoding="utf-8")
