"""A short talk and how it is answered, for the tests of generation."""

from __future__ import annotations

from dataclasses import replace

from benchmark.generate import Plan
from benchmark.generate_prompts import DECODINGS, SETTINGS
from benchmark.generate_workload import Dialogues
from training.rows import Conversation, Turn

SHORT = replace(DECODINGS["paper"], max_tokens=8)
PLAN = Plan(SETTINGS["fixed"], "teacher-forced", SHORT)


def small(turns: int = 3) -> Dialogues:
    """A conversation with a short system message, so that the tests are quick."""
    said = [
        Turn(
            "Evening. What's going on here?",
            "(Upset, wary of the officer. A few words.)",
            "Nothing.",
        ),
        Turn(
            "Do you live here?", "(Upset, wary of the officer. A few words.)", "Yes, I live here."
        ),
        Turn(
            "Who called us?", "(Uneasy, wary of the officer. A few words.)", "Probably Mrs. Ortiz."
        ),
        Turn("Can we talk inside?", "(Uneasy, wary of the officer. A few words.)", "No, sir."),
    ]
    talk = Conversation(
        "hallway#0",
        "library",
        "hallway",
        "dev",
        "Sam, 30, a tenant. Answer as Sam.",
        tuple(said[:turns]),
    )
    return Dialogues("small", (talk,))
