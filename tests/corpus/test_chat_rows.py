"""Chat rows: officer to civilian, within the budget, each answer learnt at most once."""

from __future__ import annotations

from collections import Counter

from invented_encounters import ROLES_OF_STOP, STOP, Line, with_roles

from scenarios.corpus.chat_rows import ChatRow, as_record, chat_rows, system_text
from scenarios.corpus.transcript import Role
from scenarios.prompt import ARRIVAL

ROLES: dict[str, Role] = {**ROLES_OF_STOP, "[Bystander]": "other_civilian"}


def words(text: str) -> int:
    return len(text.split())


def rows_of(
    lines: list[Line], budget: int = 1024, dropped: Counter[str] | None = None
) -> list[ChatRow]:
    return list(
        chat_rows(
            with_roles(lines, ROLES), words, budget, dropped if dropped is not None else Counter()
        )
    )


def test_an_encounter_is_one_row_that_alternates() -> None:
    (row,) = rows_of(STOP)
    roles = [m.role for m in row.messages]
    assert roles[0] == "system"
    assert roles[1:] == ["user", "assistant"] * (len(roles) // 2)
    assert row.messages[1].content == f"{STOP[0][1]} {STOP[1][1]}"  # two breaths are one message
    assert row.counterpart == "civilian"


def test_only_answers_of_the_civilian_count_for_the_loss() -> None:
    (row,) = rows_of(STOP)
    assert {m.role for m in row.messages if m.trains} == {"assistant"}
    record = as_record(row, "train")
    assert len(record["trains"]) == len(record["messages"])  # type: ignore[arg-type]


def test_windows_keep_the_budget_and_learn_every_answer_once() -> None:
    lines = [*STOP]
    for n in range(60):
        lines += [
            ("[Police Officer]", f"And what about number {n}?"),
            ("Wendell Ashgrove", f"Number {n} is mine."),
        ]
    rows = rows_of(lines, budget=200)
    assert len(rows) > 3
    assert all(row.tokens <= 200 for row in rows)
    learnt = Counter(m.content for row in rows for m in row.messages if m.trains)
    assert set(learnt.values()) == {1}
    answers = {said for who, said in lines if who == "Wendell Ashgrove"}
    assert answers <= set(learnt)
    assert len({row.id for row in rows}) == len(rows)


def test_a_civilian_who_speaks_first_is_met_by_an_arrival() -> None:
    (row,) = rows_of([("Wendell Ashgrove", "Over here! Please!"), *STOP])
    assert [m.content for m in row.messages[1:3]] == [ARRIVAL, "Over here! Please!"]


def test_radio_between_does_not_break_it_but_other_people_do() -> None:
    assert len(rows_of(STOP)) == 1  # the dispatcher speaks once in it
    crowd: list[Line] = [("[Bystander]", f"I saw it {n} times.") for n in range(4)]
    assert len(rows_of([*STOP, *crowd, *STOP])) >= 2


def test_doubtful_answers_are_context_only() -> None:
    transcript = with_roles(STOP, ROLES)
    turns = list(transcript.turns)
    from dataclasses import replace

    turns[2] = replace(turns[2], flags=("inaudible",))
    turns[4] = replace(turns[4], text="word " * 300)
    (row,) = chat_rows(transcript.with_turns(turns), words, 2000, Counter())
    doubtful = [m for m in row.messages if m.content in (turns[2].text, turns[4].text)]
    assert len(doubtful) == 2
    assert not any(m.trains for m in doubtful)


def test_what_makes_no_row_is_counted() -> None:
    dropped: Counter[str] = Counter()
    assert rows_of([*STOP[:3], ("Wendell Ashgrove", "Yes.")], dropped=dropped) == []
    assert dropped["conversations with fewer than two answers"] == 1
    long: list[Line] = [("[Police Officer]", "word " * 500), ("Wendell Ashgrove", "No.")] * 2
    assert rows_of(long, budget=200, dropped=dropped) == []
    assert dropped["exchanges longer than the token budget"] >= 1


def test_who_the_civilian_is() -> None:
    assert system_text("Wendell Ashgrove").startswith("Wendell, in an encounter with the police.")
    assert system_text("[Driver 2]").startswith("A driver, in")
    assert system_text("[Voice 3]").startswith("A member of the public, in")
