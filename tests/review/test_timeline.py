"""Where the time of each answer went, and what was heard without words: in the page as in the record."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from simulator.events import AffectMoved, CivilianGaveWay, CivilianReacted, TurnTimed
from simulator.review.assess import assess
from simulator.review.report import write_report
from simulator.transcript import timeline

from .conftest import BAD, Play


def test_a_timeline_runs_from_the_end_of_speech_in_time_and_names_only_what_there_was() -> None:
    spoken = TurnTimed(
        turn=1, speech_end_s=10.0, turn_end_s=10.5, asr_done_s=10.25, first_clause_s=10.3,
        first_audio_s=10.35, playback_start_s=10.36,
    )  # fmt: skip
    assert timeline(spoken) == [
        ("words known", 0.25), ("first words", 0.3), ("spoken", 0.35), ("heard", 0.36), ("certain", 0.5),
    ]  # fmt: skip
    typed = TurnTimed(turn=1, turn_end_s=10.0, first_token_s=10.2, first_clause_s=10.4)
    assert timeline(typed) == [("first token", 0.2), ("first words", 0.4)]
    assert timeline(None) == []


def test_the_page_has_every_answers_timeline_a_gasp_and_who_gave_way(
    play: Play, tmp_path: Path
) -> None:
    begun = play("shoplifting-detention")
    for line in [*BAD, *BAD]:
        if begun.session.ended:
            break
        ended_s = begun.session.seconds()
        begun.session.answer(line, "microphone", audio_s=2.0, asr_ms=90.0, speech_end_s=ended_s)
        begun.session.finish_turn(begun.session.seconds())
    events = begun.leave()
    gasp = next(event for event in events if isinstance(event, CivilianReacted))
    assert (gasp.sound, gasp.moment) == ("gasp", "hurt")
    moved = [e for e in events if isinstance(e, AffectMoved) and e.turn == gasp.turn]
    assert any(cause.agitation > 0 for step in moved for cause in step.causes)
    spoke = next(n for n, e in enumerate(events) if e.kind == "officer_spoke" and e.turn == 2)
    events.insert(spoke, CivilianGaveWay(turn=2, heard="I was"))
    review = assess(events)
    answers = [said for said in review.transcript if said.timeline]
    assert [said.turn for said in answers] == list(range(1, len(answers) + 1))
    assert len(answers) > 2
    for said in answers:
        at_s = [stage.at_s for stage in said.timeline]
        assert at_s == sorted(at_s)
        assert {"words known", "first words", "certain"} <= {stage.name for stage in said.timeline}
    write_report(review, tmp_path / "review.html")
    page = (tmp_path / "review.html").read_text(encoding="utf-8")
    assert "Every answer's timeline" in page
    assert page.count('<span class="line"') == len(answers)
    assert f"{answers[0].timeline[0].at_s:.2f}" in page
    assert "(gasps)" in page
    assert "began “I was”, and let you go on" in page


def test_a_sound_is_not_heard_again_at_once_and_is_the_same_for_the_same_seed(play: Play) -> None:
    begun = play("shoplifting-detention").say([*BAD, *BAD])
    reacted = [e for e in begun.events if isinstance(e, CivilianReacted)]
    loud = [e.turn for e in reacted if e.moment != "silent"]
    assert loud
    assert all(later - earlier >= 3 for earlier, later in itertools.pairwise(loud))
    again = play("shoplifting-detention").say([*BAD, *BAD])
    assert [e.sound for e in again.events if isinstance(e, CivilianReacted)] == [
        e.sound for e in reacted
    ]


@pytest.mark.parametrize("scenario_id", ["traffic-stop-late-shift"])
def test_who_has_no_reactions_makes_none(play: Play, scenario_id: str) -> None:
    begun = play(scenario_id).say(BAD)
    assert not [e for e in begun.events if isinstance(e, CivilianReacted)]
