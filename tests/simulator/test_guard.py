"""What may leave the civilian's mouth."""

from __future__ import annotations

import pytest

from scenarios.loader import all_scenarios, load
from simulator.civilian.guard import clauses, tidy, whole_sentences, why_refused, word_count

PERSON = load("shoplifting-detention").scenario.civilian
FIRST = PERSON.name.split()[0]


def refused(
    draft: str, officer: str = "Where do you live?", earlier: list[str] | None = None
) -> str | None:
    return why_refused(draft, PERSON, officer, earlier or [], None)


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        ("", "empty"),
        ("How can I help you today?", "assistant"),
        ("As an AI, I have no husband.", "assistant"),
        ("I'm sorry, but I can't assist with that.", "assistant"),
        ("It's important to stay calm.", "assistant"),
        ("*sighs* I did nothing.", "narrator"),
        ("(looks away) No.", "narrator"),
        ("She pauses. No.", "narrator"),
        ("I'm Officer Daniels with the city.", "officer"),
        ("You have the right to remain silent.", "officer"),
        ("License and registration.", "officer"),
        ("Officer: step out.", "somebody else"),
        ("Very upset, does not trust the officer.", "stage direction"),
        (f"{FIRST} is crying now.", "somebody else"),
        ("Мне нечего сказать вам.", "English"),
        ("…", None),
        ("No.", None),
        ("I paid for the coffee. Ask that girl!", None),
    ],
)
def test_drafts(draft: str, reason: str | None) -> None:
    why = refused(draft)
    if reason is None:
        assert why is None
    else:
        assert why is not None
        assert reason in why


def test_no_authored_reply_of_the_library_is_refused_as_out_of_role() -> None:
    out = []
    for loaded in all_scenarios():
        for dialogue in loaded.dialogues:
            for exchange in dialogue.exchanges:
                why = why_refused(exchange.civilian, loaded.scenario.civilian, "", [], None)
                if why and ("sounds like" in why or "stage direction" in why):
                    out.append((loaded.id, exchange.civilian, why))
    assert out == []


def test_parroting_and_repeating_are_refused() -> None:
    officer = "Did you take the medicine from the shelf without paying today?"
    assert (
        refused("You take medicine from shelf without paying today?", officer)
        == "repeats the officer"
    )
    assert refused("I have nothing to say to you.", earlier=["I have nothing to say to you!"])


def test_a_secret_is_kept() -> None:
    assert (
        why_refused("My husband fell.", PERSON, "", [], "ray")
        == "gives away 'ray' before trust allows"
    )


def test_tidy_takes_off_the_own_name_quotes_and_what_follows() -> None:
    assert tidy(f'{FIRST}: "I did not."\nOfficer: You did.', PERSON) == "I did not."


def test_a_reply_ends_at_a_sentence() -> None:
    assert (
        whole_sentences("I told you. I was at home. And then she", 30)
        == "I told you. I was at home."
    )
    assert whole_sentences("I told Mr. Pruitt so. And", 30) == "I told Mr. Pruitt so."
    assert whole_sentences("and then she went to the", 30) == ""
    assert word_count(whole_sentences("You asked me. I told you. Ask me again.", 6)) == 6


def test_the_first_clause_is_short_and_nothing_is_lost() -> None:
    reply = "I paid for the coffee, I paid for the bread, and he took my arm. Ask him! Go on."
    parts = clauses(reply)
    assert parts[0] == "I paid for the coffee,"
    assert " ".join(parts) == reply
    assert clauses("…") == ["…"]
    assert clauses("No. No, sir.") == ["No. No, sir."]
