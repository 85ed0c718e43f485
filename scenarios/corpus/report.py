"""What a run did, for people: every file that was left out and why, what was cleaned and replaced,
what to look at. `report.json` for programs, `report.md` to read. It quotes transcripts: it stays with the run."""

from __future__ import annotations

import resource
import sys
from collections import Counter, defaultdict
from typing import Any

from scenarios.corpus.leaks import summary
from scenarios.corpus.publish import Published
from scenarios.corpus.role_accuracy import as_text, measure
from scenarios.corpus.run import STAGES, Run, write_json, write_text
from scenarios.corpus.transcript import Transcript


def write_report(run: Run, published: Published | None, seconds: float) -> dict[str, Any]:
    """Writes both reports and gives back the data of the JSON one."""
    data = _gathered(run)
    data["seconds"] = round(seconds, 1)
    data["peak_memory_mb"] = peak_memory_mb()
    if published:
        data["published"] = published.statistics.as_dict()
        data["chat_rows_dropped"] = published.dropped
        data["near_duplicates"] = [
            {"smaller": p.smaller, "larger": p.larger, "share": p.share} for p in published.pairs
        ]
        data["dropped_as_duplicates"] = published.replaced_by
        data["overruled_by_people"] = published.overruled
    measured = measure(_labelled(run))
    data["role_accuracy"] = as_text(measured)
    write_json(run.folder / "report.json", data)
    table = published.statistics.as_markdown() if published else ""
    write_text(run.folder / "report.md", _readable(data, table))
    write_text(run.folder / "leaks.md", summary(data["suspected_leaks"]))
    return data


def peak_memory_mb() -> dict[str, float]:
    """Largest resident memory so far: of this process, and of the largest process it started."""
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e6
    return {"main": round(own, 1), "largest_child": round(child, 1)}


def _gathered(run: Run) -> dict[str, Any]:
    left_out: list[dict[str, str]] = []
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    leaks: list[dict[str, str]] = []
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    features: Counter[str] = Counter()
    files = 0
    for stage in STAGES:
        for kept in run.each(stage):
            files += stage == "read"
            if kept.skip is not None:
                left_out.append({"source": kept.source, "stage": stage, "reason": kept.skip})
            for finding in kept.findings:
                if finding.kind.startswith("suspected leak"):
                    kind = finding.kind.removeprefix("suspected leak: ")
                    leaks.append({"source": kept.source, "kind": kind, "where": finding.detail})
                elif stage != "filter":
                    totals[stage][finding.kind] += finding.count
            if stage == "filter" and "accepted" in kept.facts:
                verdicts["accepted" if kept.facts["accepted"] else "rejected"] += 1
                if not kept.facts["accepted"]:
                    reasons.update(kept.facts["reasons"])
                for group, members in kept.facts["features"].items():
                    features.update(f"{group}.{name}" for name, quote in members.items() if quote)
    by_reason: Counter[str] = Counter(
        entry["reason"] for entry in left_out if entry["stage"] == "read"
    )
    return {
        "files": files,
        "left_out": left_out,
        "unreadable_by_reason": dict(by_reason.most_common()),
        "findings": {stage: dict(counts.most_common()) for stage, counts in totals.items()},
        "verdicts": dict(verdicts),
        "rejected_by_reason": dict(reasons.most_common()),
        "features": dict(features.most_common()),
        "suspected_leaks": leaks,
    }


def _labelled(run: Run) -> list[Transcript]:
    """The hand-labelled files among those of the run, as they were read."""
    from scenarios.corpus.role_labels import hand_labels

    found = []
    for source in sorted(set(run.sources("read")) & set(hand_labels())):
        transcript = run.transcript("read", source)
        if transcript:
            found.append(transcript)
    return found


def _readable(data: dict[str, Any], table: str) -> str:
    lines = ["# Corpus run", ""]
    lines += [f"{data['files']} files; {data['seconds']} s; memory {data['peak_memory_mb']} MB."]
    if table:
        lines += ["", "## Published", "", table]
    if data["role_accuracy"]:
        lines += [
            "## Roles, on the hand labels, by turns",
            "",
            "```",
            data["role_accuracy"],
            "```",
            "",
        ]
    lines += ["## Filter", "", *_counts(data["verdicts"]), "", "Rejected because:", ""]
    lines += [*_counts(data["rejected_by_reason"]), ""]
    for stage, counts in data["findings"].items():
        lines += [f"## {stage}", "", *_counts(counts), ""]
    if "near_duplicates" in data:
        lines += ["## Near-duplicates", ""]
        for pair in data["near_duplicates"]:
            gone = data["dropped_as_duplicates"]
            lost = pair["smaller"] if pair["smaller"] in gone else pair["larger"]
            fate = f"dropped {lost}" if lost in gone else "both kept, in one split"
            lines.append(f"- {pair['smaller']} in {pair['larger']}: {pair['share']:.0%}; {fate}")
        lines.append("")
    leaks = data["suspected_leaks"]
    kinds = Counter(leak["kind"] for leak in leaks)
    lines += [f"## Suspected leaks: {len(leaks)} (to be read: leaks.md)", "", *_counts(dict(kinds))]
    lines += ["", "## Left out", ""]
    lines += [f"- {e['source']} ({e['stage']}): {e['reason']}" for e in data["left_out"]]
    return "\n".join(lines) + "\n"


def _counts(counts: dict[str, int]) -> list[str]:
    return [f"- {name}: {number:,}" for name, number in counts.items()]
