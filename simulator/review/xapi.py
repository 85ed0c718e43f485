"""A session as a learning record: xAPI 1.0.3 statements, written offline, one JSON a line, imported later by whom the
officer gives the file to.

No `score` and no `success`: the record says what was practised and what was done in it, not how good a person is.
Statement ids are made from the session's id, so that importing the same file twice adds nothing.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scenarios.behaviours import BEHAVIOURS
from simulator.errors import BadSimulatorInput
from simulator.review.model import Review, Seen

#: Ids are names, not addresses (`.invalid` is reserved, so that none can become one): nothing is fetched from them.
BASE = "https://deescalwild-simulator.invalid"
_VERBS = "http://adlnet.gov/expapi/verbs"
_SIMULATION = "http://adlnet.gov/expapi/activities/simulation"
_SKILL = f"{BASE}/activity-type/behaviour"
_IDS = uuid.uuid5(uuid.NAMESPACE_URL, BASE)

Statement = dict[str, Any]


def statements(review: Review) -> list[Statement]:
    """Begun, each skill and fault seen, and how it ended: completed where an ending was reached, else terminated."""
    began = datetime.fromisoformat(review.began_at)
    ended = began + timedelta(minutes=review.minutes)
    activity = {
        "id": f"{BASE}/scenario/{review.scenario_id}",
        "objectType": "Activity",
        "definition": {"type": _SIMULATION, "name": {"en": review.title}},
    }
    last: Statement = _statement(
        review, "end", "completed" if review.reached_ending else "terminated", activity, ended
    )
    last["result"] = {
        "completion": review.reached_ending,
        "duration": f"PT{round(review.minutes * 60)}S",
        "extensions": {
            f"{BASE}/extension/outcome-band": review.band_name,
            f"{BASE}/extension/turns": review.turns,
            f"{BASE}/extension/agitation": [review.curve[0].agitation, review.curve[-1].agitation],
            f"{BASE}/extension/trust": [review.curve[0].trust, review.curve[-1].trust],
            f"{BASE}/extension/officer-share-of-words": review.talk.officer_share,
        },
    }
    return [
        _statement(review, "begin", "initialized", activity, began),
        *(_behaviour(review, seen, activity, ended) for seen in (*review.skills, *review.faults)),
        last,
    ]


def _statement(
    review: Review, part: str, verb: str, thing: dict[str, Any], at: datetime
) -> Statement:
    return {
        "id": str(uuid.uuid5(_IDS, f"{review.session_id}/{part}")),
        "actor": {
            "objectType": "Agent",
            "account": {"homePage": BASE, "name": review.officer or f"session-{review.session_id}"},
        },
        "verb": {"id": f"{_VERBS}/{verb}", "display": {"en": verb}},
        "object": thing,
        "context": {
            "registration": str(uuid.uuid5(_IDS, review.session_id)),
            "platform": "DeEscalWild Simulator",
            "language": "en",
            "extensions": {
                f"{BASE}/extension/subject-type": review.subject_type,
                f"{BASE}/extension/difficulty": review.difficulty,
                f"{BASE}/extension/seed": review.seed,
                f"{BASE}/extension/model": review.model_id,
            },
        },
        "timestamp": at.isoformat(),
    }


def _behaviour(review: Review, seen: Seen, activity: dict[str, Any], at: datetime) -> Statement:
    """What was done, how often and where. The quotes stay on the device: a learning record needs none of them."""
    behaviour = BEHAVIOURS[seen.id]
    thing = {
        "id": f"{BASE}/behaviour/{seen.id}",
        "objectType": "Activity",
        "definition": {
            "type": _SKILL,
            "name": {"en": behaviour.name},
            "description": {"en": f"{behaviour.meaning} ({behaviour.instrument})"},
        },
    }
    made = _statement(review, seen.id, "interacted", thing, at)
    made["context"]["contextActivities"] = {"parent": [{"id": activity["id"]}]}
    made["result"] = {
        "extensions": {
            f"{BASE}/extension/times": len(seen.quotes),
            f"{BASE}/extension/turns-seen": sorted({turn for turn, _ in seen.quotes}),
            f"{BASE}/extension/fault": seen.fault,
        }
    }
    return made


def write_statements(reviews: Sequence[Review], path: Path) -> int:
    """One statement a line; the file appears whole or not at all. Returns how many.

    Raises BadSimulatorInput where a review is of a draft's try-out: that was no learning to record.
    """
    for review in reviews:
        if review.draft:
            raise BadSimulatorInput(
                f"session {review.session_id[:8]} tried out the draft '{review.scenario_id}': no learning record "
                "is written of it"
            )
    made = [statement for review in reviews for statement in statements(review)]
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    lines = (json.dumps(each, ensure_ascii=False) + "\n" for each in made)
    part.write_text("".join(lines), encoding="utf-8")
    part.replace(path)
    return len(made)
