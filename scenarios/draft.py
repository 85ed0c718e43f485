"""A scenario drafted from a real dialogue: valid by the schema, marked as a draft, to be finished by a person.

What the dialogue does not say stands as `[finish] …`; a heading in the file lists every such field.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import yaml

from scenarios.behaviours import BehaviourId
from scenarios.corpus.role_words import sense_of
from scenarios.draft_reading import (
    Dialogue,
    Told,
    agitation,
    category,
    content_level,
    gender,
    words_near,
)
from scenarios.errors import BadScenario, ScenarioError
from scenarios.loader import own_library, scenario_paths
from scenarios.schema import Scenario
from scenarios.unfinished import FINISH, unfinished

#: A longer dialogue is cut: nobody debriefs from more.
_REFERENCE_TURNS = 200
_LINE = 600

#: Feature of the filter -> what the officer did there.
_SKILLS: dict[str, BehaviourId] = {
    "calms": "gives_time", "explains": "explains_why", "empathy": "shows_empathy",
    "offers": "offers_options", "courtesy": "courtesy",
}  # fmt: skip
_BAND_OF_OUTCOME = {
    "force": "escalation", "arrest": "containment", "citation": "de_escalation",
    "released": "resolution", "care": "de_escalation",
}  # fmt: skip


def drafted(dialogue: Dialogue, id_: str | None = None) -> dict[str, Any]:
    """The fields of a scenario as read off the dialogue, in the order in which they are written."""
    level = agitation(dialogue)
    kind = category(dialogue)
    skills = _skills(dialogue)
    return {
        "id": id_ or _slug(f"{kind}-{dialogue.source}"),
        "title": f"{FINISH} a short title",
        "category": kind,
        "tags": [],
        "summary": f"{FINISH} one sentence: who, where, what makes it hard",
        "difficulty": {
            "level": 2 + (level >= 55) + (level >= 75),
            "because": [f"{FINISH} what makes it so hard"],
        },
        "minutes": max(4, min(20, len(dialogue.said) // 3)),
        "content": {"level": content_level(dialogue), "warnings": []},
        "skills": skills,
        "licence": f"{FINISH} the terms of the transcript",
        "source": {"kind": "deescalwild", "file": dialogue.source},
        "status": "draft",
        "setting": f"{FINISH} where and when, what is seen and heard",
        "briefing": {
            "dispatch": _dispatch(dialogue),
            "officer_knows": [],
            "objectives": [f"{FINISH} what the officer should reach"],
        },
        "civilian": _civilian(dialogue, level),
        "subject_types": {
            "cooperative": _shift(-15, 12, "Has had time to cool down and wants this over."),
            "upset": _shift(0, 0, "As in the transcript."),
            "aggressive": _shift(15, -12, "Has had enough before the first word is said."),
        },
        "openings": _openings(dialogue),
        "endings": _endings(dialogue),
        "sample_officer": _sample_officer(dialogue),
        "debrief": _debrief(dialogue),
        "reference": _reference(dialogue),
    }


def write_draft(data: dict[str, Any], written_by: dict[str, str], out: Path | None = None) -> Path:
    """Writes ID/scenario.yaml into `out` or the person's own library, whole or not at all.

    `written_by`: field -> the model that wrote it. Raises BadScenario where the id is taken.
    """
    Scenario.model_validate(data)  # ours to get right: a draft that does not hold is a bug
    id_ = str(data["id"])
    folder = (out or own_library()) / id_
    taken = folder if folder.exists() else None if out else scenario_paths().get(id_)
    if taken:
        raise BadScenario(f"'{id_}' is already there: {taken}; choose another with --id")
    text = _heading(data, written_by) + yaml.safe_dump(
        data, sort_keys=False, allow_unicode=True, width=110
    )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{id_}.", dir=folder.parent) as part:
            made = Path(part) / id_
            made.mkdir()
            (made / "scenario.yaml").write_text(text, encoding="utf-8")
            made.rename(folder)
    except OSError as problem:
        raise ScenarioError(f"{folder}: cannot be written ({problem.strerror})") from None
    return folder / "scenario.yaml"


def _heading(data: dict[str, Any], written_by: dict[str, str]) -> str:
    lines = [
        f"Draft from the transcript {data['source']['file']}; not played for assessment. Names are surrogates:",
        "read the whole for what still points to a real person. Numbers (age, agitation, trust, minutes) are",
        "guesses. Finish what follows, set `status: reviewed`, then `deescal scenarios validate`.",
        "",
        *(f"to finish: {path}" for path in unfinished(data)),
        *(f"written by {model}, to be checked: {path}" for path, model in written_by.items()),
    ]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines) + "\n"


def _civilian(dialogue: Dialogue, level: int) -> dict[str, Any]:
    facts, secrets = _facts(dialogue)
    seen = {name for g in dialogue.verdict.features.values() for name, quote in g.items() if quote}
    trust = max(10, 55 - level // 2)
    named = sense_of(dialogue.civilian).kind == "name"
    return {
        "name": dialogue.civilian.strip("[] ") if named else f"{FINISH} name",
        "age": 35,
        "gender": gender(dialogue) or "male",
        "appearance": f"{FINISH} what the officer sees",
        "role": f"{FINISH} who they are in the scene",
        "background": f"{FINISH} what made them who they are in this hour",
        "wants": f"{FINISH} what this person wants out of the encounter",
        "speech_style": f"{FINISH} how they talk; see the reference",
        "baseline": {"agitation": level, "trust": trust},
        "facts": facts,
        "secrets": secrets,
        "stressors": [
            _trigger(
                "orders", "short orders without a reason", ["command", "repeated_order"], 6, -4
            ),
            _trigger("brushed_off", "not being heard", ["dismissive", "lecturing"], 5, -4),
        ],
        "red_lines": [
            _trigger("threatened", "a threat of arrest or force", ["threat"], 16, -12),
            _trigger("insulted", "contempt", ["insult"], 14, -12),
        ],
        "calming_signals": [
            _trigger(f"officer_{feature}", f"the officer {what}", [_SKILLS[feature]], -6, 6)
            for feature, what in (
                ("calms", "slows things down"),
                ("explains", "gives the reason"),
                ("empathy", "shows understanding"),
                ("offers", "leaves a choice"),
            )
            if feature in seen or feature == "explains"
        ],
    }


def _facts(dialogue: Dialogue) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    late = [told for told in dialogue.told if told.held_back and told.at > 0.25]
    hidden = sorted(late, key=lambda told: -told.at)[:3]
    open_ = [told for told in dialogue.told if told not in hidden][:8]
    facts = [{"id": f"fact-{n}", "text": told.text[:_LINE]} for n, told in enumerate(open_, 1)]
    while len(facts) < 2:
        facts.append({"id": f"fact-{len(facts) + 1}", "text": f"{FINISH} something that is so"})
    secrets = [_secret(n, told) for n, told in enumerate(sorted(hidden, key=lambda t: t.at), 1)]
    if not secrets:
        secrets = [
            {"id": "secret-1", "text": f"{FINISH} what they hold back", "trust": 50, "near": []}
        ]
    return facts, secrets


def _secret(number: int, told: Told) -> dict[str, Any]:
    trust = round(30 + 35 * told.at)
    near = words_near(told.after)
    return {"id": f"secret-{number}", "text": told.text[:_LINE], "trust": trust, "near": near}


def _skills(dialogue: Dialogue) -> list[BehaviourId]:
    features = dialogue.verdict.features.get("de_escalation", {})
    found: list[BehaviourId] = [s for feature, s in _SKILLS.items() if features.get(feature)]
    return list(dict.fromkeys([*found, "open_question", "clear_request"]))[:5]


def _dispatch(dialogue: Dialogue) -> str:
    radio = [turn.text for turn in dialogue.transcript.turns if turn.role == "dispatcher"][:3]
    if radio:
        return " ".join(radio)[:1000]
    reason = re.compile(
        r"(?i)\b(?:the reason (?:i|we)|we got a call|somebody called|we['’]re here because)"
    )
    for turn in dialogue.officers:
        if reason.search(turn.text):
            return f"{FINISH} as dispatch would say it; the officer said: {turn.text}"[:1000]
    return f"{FINISH} what dispatch says"


def _openings(dialogue: Dialogue) -> list[str]:
    lines = [turn.text[:_LINE] for turn in dialogue.said[:6] if len(turn.text.split()) >= 3]
    lines = list(dict.fromkeys(lines))[:3]
    return lines + [f"{FINISH} first words"] * max(0, 2 - len(lines))


def _endings(dialogue: Dialogue) -> list[dict[str, Any]]:
    last = dialogue.said[-1].text[:_LINE]
    real = _BAND_OF_OUTCOME.get(dialogue.verdict.outcome, "containment")
    rows: list[tuple[str, str, dict[str, int]]] = [
        ("boils_over", "escalation", {"agitation_at_least": 95}),
        (
            "settled",
            "resolution",
            {"agitation_at_most": 25, "trust_at_least": 65, "turn_at_least": 6},
        ),
        (
            "calmer",
            "de_escalation",
            {"agitation_at_most": 42, "trust_at_least": 45, "turn_at_least": 9},
        ),
        ("held", "containment", {"turn_at_least": 18}),
    ]
    return [
        {
            "id": id_,
            "band": band,
            "when": when,
            "closing": last if band == real else f"{FINISH} last words",
            "outcome": f"{FINISH} what then happens"
            + (f"; in the transcript: {dialogue.verdict.outcome}" if band == real else ""),
        }
        for id_, band, when in rows
    ]


def _sample_officer(dialogue: Dialogue) -> list[str]:
    """The officer's own lines that show a skill, in order; a person fills up or replaces them."""
    from scenarios.corpus.filters import default_rules

    rules = default_rules().groups["de_escalation"]
    good = [
        turn.text[:_LINE]
        for turn in dialogue.officers
        if 4 <= len(turn.text.split()) <= 60
        and any(rule.who == "officer" and rule.pattern.search(turn.text) for rule in rules.values())
    ]
    lines = list(dict.fromkeys(good))[:10]
    return lines + [f"{FINISH} a decent officer's line"] * max(0, 6 - len(lines))


def _debrief(dialogue: Dialogue) -> dict[str, Any]:
    quotes = [
        f"The officer {name.replace('_', ' ')}: {quote}"[:_LINE]
        for name, quote in dialogue.verdict.features["de_escalation"].items()
        if quote and name in _SKILLS
    ]
    better = [f"{FINISH} what a good run shows"] * max(0, 2 - len(quotes))
    return {
        "key_lessons": [f"{FINISH} the lesson", f"{FINISH} the second lesson"],
        "questions": [
            {
                "why": f"{FINISH} why did it go as it went?",
                "consequences": f"{FINISH} what follows from it?",
                "reflection": f"{FINISH} and you?",
            }
        ],
        "instructor_notes": f"{FINISH} what to look for. In the transcript it ended with: "
        f"{dialogue.verdict.outcome}.",
        "what_good_looks_like": quotes[:5] + better,
    }


def _reference(dialogue: Dialogue) -> list[str]:
    lines: list[str] = []
    for turn in dialogue.transcript.turns[:_REFERENCE_TURNS]:
        who = "civilian" if turn.speaker == dialogue.civilian else turn.role.replace("_", " ")
        room = _LINE - len(who) - 2
        for start in range(0, len(turn.text), room):
            piece = turn.text[start : start + room].strip()
            if piece:
                lines.append(f"{who}: {piece}")
    return lines


def _trigger(id_: str, about: str, does: list[Any], agitation_: int, trust: int) -> dict[str, Any]:
    return {"id": id_, "about": about, "does": does, "agitation": agitation_, "trust": trust}


def _shift(agitation_: int, trust: int, note: str) -> dict[str, Any]:
    return {"agitation": agitation_, "trust": trust, "note": note}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].rstrip("-")
