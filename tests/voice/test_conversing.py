"""Spoken sessions through the whole loop, every part of it real, on a clock that skips what is only waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest

from benchmark.hearing import bare_words
from benchmark.voice_lines import bare
from benchmark.voice_stage import Stage, stage
from benchmark.workload import endless
from scenarios.schema import Voice
from simulator.cast import Cast, Choice
from simulator.civilian.drafting import Drafting
from simulator.events import (
    AffectMoved,
    CivilianCutIn,
    CivilianCutOff,
    CivilianGaveWay,
    CivilianSpoke,
    Noticed,
    OfficerBackchannelled,
    OfficerSpoke,
    ProsodyHeard,
    ReplyRefused,
    TurnTimed,
)
from simulator.session import Session
from simulator.transcript import transcript
from simulator.voice.delivery import delivery_for
from simulator.voice.playout import DUCKED
from simulator.voice.talk import Ears
from simulator.voice.tts import Speaker
from simulator.voice.vad import RATE
from simulator.voice.wav import Samples, resample

pytestmark = pytest.mark.slow

Say = Callable[[str], Samples]
MakeStage = Callable[..., Stage]


@pytest.fixture(scope="module")
def cast() -> Iterator[Cast]:
    made = Cast()
    yield made
    made.close()


@pytest.fixture(scope="module")
def ears(recogniser_path: object) -> Ears:
    return Ears()


@pytest.fixture(scope="module")
def say(voice_path: Path) -> Say:
    """The officer's voice, without silence around it; a line always sounds the same."""
    manner = replace(delivery_for(50, Voice(rate=1.05, pitch_semitones=3.5)), noise=0.0, rhythm=0.0)
    officer = Speaker(voice_path, threads=2)
    return cache(lambda words: bare(officer.speak(words, manner).at_rate(RATE).samples))


@pytest.fixture
def play(cast: Cast, ears: Ears, speaker: Speaker) -> MakeStage:
    def make(**how: Any) -> Stage:
        loaded = endless("traffic-stop-late-shift")
        begun = stage(cast, loaded, ears, speaker, subject="upset", seed=7, **how)
        begun.room.run_until(lambda: not begun.playout.speaking)
        begun.room.wait(0.5)
        return begun

    return make


def talk(play: Stage, samples: Samples, after_s: float = 0.0) -> list[Any]:
    """Say it, wait until it was dealt with; what was published meanwhile."""
    before = len(play.events)
    ends = play.room.say(samples, after_s)
    assert play.room.run_until(lambda: play.room.clock() > ends + 0.05 and play.settled())
    return play.events[before:]


def only(events: list[Any], kind: type) -> Any:
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


def has(events: list[Any], kind: type) -> bool:
    return any(isinstance(event, kind) for event in events)


def reply_that_lasts(play: Stage, say: Say, seconds: float) -> list[Any]:
    """Ask until the civilian says something that takes so long to say."""
    lines = ("You sound worn out. What happened today?", "What would help you get home tonight?",
             "How long were you on your feet today?",
             "Where do you keep your license?", "What happened at work today?",
             "Who can I call for you?", "Tell me about the car, please.",
             "What do you want me to know?", "How long have you worked there?",
             "What was the last shift like?", "Who is waiting for you at home?")  # fmt: skip
    for line in [say(words) for words in lines]:
        events = talk(play, line)
        if play.room.loudspeaker.until - play.room.clock() > seconds:
            return events
        play.room.run_until(lambda: not play.playout.speaking)
        play.room.wait(0.3)
    raise AssertionError(
        [e.text for e in play.events if isinstance(e, (OfficerSpoke, CivilianSpoke))]
    )


def test_a_turn_is_answered_and_published_when_it_is_certain(play: MakeStage, say: Say) -> None:
    words = "Do you have your license with you tonight?"
    said = say(words)  # before the clock runs: a voice takes its time
    begun = play()
    events = talk(begun, said)
    spoke, timed = only(events, OfficerSpoke), only(events, TurnTimed)
    assert jiwer.wer(bare_words(words), bare_words(spoke.text)) <= 0.2
    assert spoke.source == "microphone"
    assert timed.speech_end_s < timed.asr_done_s
    assert timed.speech_end_s < timed.turn_end_s <= timed.playback_start_s
    assert timed.first_clause_s <= timed.first_audio_s <= timed.playback_start_s
    prosody = only(events, ProsodyHeard)
    assert prosody.turn == 1
    assert 80 < prosody.words_per_minute < 600
    assert prosody.overlap_s == 0
    assert prosody.waited_s == pytest.approx(0.5, abs=0.2)
    assert only(events, CivilianSpoke).turn == 1
    assert begun.playout.speaking


def test_a_pause_inside_a_sentence_is_waited_out_and_what_was_answered_is_taken_back(
    play: MakeStage, say: Say
) -> None:
    begun = play()
    pause = np.zeros(round(0.6 * RATE), np.float32)
    said = [say("I stopped you because"), pause, say("the light over your plate is out.")]
    before = begun.session.agitation
    events = talk(begun, np.concatenate(said))
    spoke = only(events, OfficerSpoke)
    assert "because" in spoke.text
    assert "plate" in spoke.text
    assert begun.session.turn == 1
    # What was supposed on the way left no trace: affect moved once, from where it stood.
    moves = [e for e in events if isinstance(e, AffectMoved)]
    assert len(moves) == 1
    assert abs(moves[0].agitation - before) <= 6
    assert only(events, ProsodyHeard).longest_pause_s == pytest.approx(0.6, abs=0.25)


def test_an_interruption_ducks_then_cuts_and_the_transcript_keeps_what_was_heard(
    play: MakeStage, say: Say
) -> None:
    line = say("Hold on a second, please. Let me explain.")
    begun = play()
    said = only(reply_that_lasts(begun, say, 2.0), CivilianSpoke)
    begins = begun.room.clock() + 0.4
    events = talk(begun, line, after_s=0.4)
    cut = only(events, CivilianCutOff)
    assert cut.turn == said.turn
    assert said.text.split()[: len(cut.heard.split())] == cut.heard.split()
    assert len(cut.heard) < len(said.text)
    spoke = only(events, OfficerSpoke)
    assert events.index(cut) < events.index(spoke)
    assert spoke.turn == said.turn + 1
    assert only(events, ProsodyHeard).overlap_s > 0.3
    heard = [piece for piece in begun.room.loudspeaker.heard if piece[0] < begins]
    assert begins < max(end for _, end, _ in heard) < begins + 2.0


@pytest.mark.parametrize("sound", ["Okay.", "cough"])
def test_what_is_no_interruption_stops_nobody(play: MakeStage, say: Say, sound: str) -> None:
    from benchmark.voice_lines import cough

    samples = cough(1) if sound == "cough" else say(sound)
    begun = play()
    reply_that_lasts(begun, say, 1.0)
    turn, until = begun.session.turn, begun.room.loudspeaker.until
    gains: list[float] = []
    before = len(begun.events)
    ends = begun.room.say(samples, 0.3)
    while begun.room.clock() < ends + 0.05 or not begun.settled():
        begun.room.step()
        gains.append(begun.room.loudspeaker.gain)
    events = begun.events[before:]
    assert not has(events, CivilianCutOff)
    assert begun.session.turn == turn
    assert begun.room.loudspeaker.gain == 1.0
    assert begun.room.loudspeaker.until >= until - 0.01
    if sound != "cough":
        assert DUCKED in gains
        assert has(events, OfficerBackchannelled)


def test_okay_that_outlasts_a_reply_is_no_turn_but_to_a_question_it_is_the_answer(
    play: MakeStage, say: Say
) -> None:
    samples = say("Okay.")  # in one breath
    begun = play()
    said = only(reply_that_lasts(begun, say, 1.0), CivilianSpoke)
    events = talk(begun, samples, begun.room.loudspeaker.until - begun.room.clock() - 0.3)
    asked = said.text.rstrip().endswith("?")
    assert begun.session.turn == said.turn + asked
    assert has(events, OfficerBackchannelled) != asked
    assert not has(events, CivilianCutOff)


def test_an_agitated_civilian_cuts_into_a_lecture(play: MakeStage, say: Say) -> None:
    begun = play()
    assert begun.session.agitation >= 60
    pause = np.zeros(round(0.3 * RATE), np.float32)
    lines = (
        "You people drive around at night without a thought for anybody else on the road, and",
        "then you wonder why somebody stops you, and I have to tell you the same thing again and",
        "again and again, because nobody listens to what the police have to say to them, and",
        "it is always the others who are to blame for it and never you, and that is how it is, and",
    )
    events = talk(begun, np.concatenate([part for line in lines for part in (say(line), pause)]))
    cut_in = only(events, CivilianCutIn)
    assert 10 < cut_in.after_s < 25
    first = next(e for e in events if isinstance(e, OfficerSpoke))
    assert cut_in.turn == first.turn


def test_without_a_headset_the_civilian_does_not_interrupt_itself(
    play: MakeStage, say: Say
) -> None:
    begun = play(echo=0.6, half_duplex=True)
    reply_that_lasts(begun, say, 1.0)
    turn = begun.session.turn
    begun.room.run_until(lambda: not begun.playout.speaking)
    begun.room.wait(1.5)
    assert begun.session.turn == turn
    assert not has(begun.events, CivilianCutOff)


def test_an_echo_is_noticed_and_the_microphone_closed_while_they_speak(
    play: MakeStage, say: Say
) -> None:
    begun = play(echo=0.6)
    for words in ("What happened at work today?", "Where do you keep your license?",
                  "What would help you get home tonight?", "Who can I call for you?"):  # fmt: skip
        talk(begun, say(words))
        begun.room.run_until(lambda: not begun.playout.speaking and begun.settled())
        begun.room.wait(0.5)
        if begun.listener.half_duplex:
            break
    assert begun.listener.half_duplex
    assert any("hears the loudspeaker" in e.what for e in begun.events if isinstance(e, Noticed))


def noise(seconds: float) -> Samples:
    return np.random.default_rng(3).normal(0, 0.3, round(seconds * RATE)).astype(np.float32)


def music(seconds: float) -> Samples:
    """Chords with overtones, a new one every half second."""
    at = np.arange(round(seconds * RATE)) / RATE
    beat = (at * 2).astype(int) % 4
    roots = np.array([220.0, 277.2, 329.6, 246.9])[beat]
    tones = sum(np.sin(2 * np.pi * roots * k * at) / k for k in (1, 1.5, 2, 3))
    return (0.15 * tones * np.exp(-3 * (at * 2 % 1))).astype(np.float32)


@pytest.mark.parametrize("sound", ["noise", "music", "silence"])
def test_what_is_no_speech_is_no_turn(play: MakeStage, sound: str) -> None:
    begun = play()
    samples = {
        "noise": noise,
        "music": music,
        "silence": lambda s: np.zeros(round(s * RATE), np.float32),
    }
    events = talk(begun, samples[sound](6.0))
    assert not has(events, OfficerSpoke), [e for e in events if isinstance(e, OfficerSpoke)]
    assert begun.session.turn == 0
    assert not begun.playout.speaking


@pytest.mark.parametrize("how", ["clipped", "8 kHz", "two people", "four times as fast"])
def test_bad_sound_makes_a_turn_or_none_and_the_next_is_heard(
    play: MakeStage, say: Say, how: str
) -> None:
    begun = play()
    words = "Do you have your license with you tonight?"
    said = say(words)
    other = np.resize(say("I want to go home and nobody lets me go home."), len(said))
    bad = {
        "clipped": np.clip(said * 30, -1, 1),
        "8 kHz": resample(resample(said, RATE, 8000), 8000, RATE),
        "two people": 0.6 * said + 0.6 * other,
        "four times as fast": resample(said, RATE * 4, RATE),
    }[how].astype(np.float32)
    events = talk(begun, bad)
    spoke = [e.text for e in events if isinstance(e, OfficerSpoke)]
    if how in ("clipped", "8 kHz"):
        assert jiwer.wer(bare_words(words), bare_words(spoke[0])) <= 0.4, spoke
    assert len(spoke) == begun.session.turn <= 1
    begun.room.run_until(lambda: not begun.playout.speaking)
    begun.room.wait(0.5)
    after = only(talk(begun, say("Are you coming from work?")), OfficerSpoke)
    assert "work" in after.text.lower()


def test_a_minute_without_a_pause_is_one_turn(play: MakeStage, say: Say) -> None:
    begun = play()
    begun.session._affect._agitation = 20.0  # who is calm hears it out
    line = say("I want to tell you what we know and what we do about it and")
    long = np.tile(line, round(62 * RATE / len(line)))
    events = talk(begun, long)
    spoke = [e for e in events if isinstance(e, OfficerSpoke)]
    assert 1 <= len(spoke) <= 2  # what is said after the longest utterance is the next one
    assert len(spoke[0].text.split()) > 60
    assert spoke[0].audio_s == pytest.approx(60, abs=1.5)


def test_who_began_to_answer_in_a_pause_gives_way_when_the_officer_goes_on(
    play: MakeStage, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So long that the answer is begun before it is certain, however slow the machine is.
    for patience in ("ASKED_S", "COMPLETE_S", "OPEN_S"):
        monkeypatch.setattr(f"simulator.voice.completeness.{patience}", 20.0)
    begun = play()
    pause = np.zeros(round(12 * RATE), np.float32)
    first, second = say("I have all the time that you need."), say("Nobody is in trouble tonight.")
    before = begun.session.agitation
    ends = begun.room.say(np.concatenate([first, pause, second]))
    assert begun.room.run_until(lambda: begun.conversing.gave_way > 0)
    goes_on = ends - len(second) / RATE
    assert begun.room.clock() < goes_on + 1.5
    heard = [span for span in begun.room.loudspeaker.heard if span[1] > goes_on - 12]
    assert max(end for _, end, _ in heard) < goes_on + 0.4
    gave_way = only(begun.events, CivilianGaveWay)
    # Nothing of it happened: the session stands where it stood, and the turn is yet to come.
    assert begun.session.turn == 0
    assert begun.session.agitation == before
    assert not has(begun.events, OfficerSpoke)
    monkeypatch.undo()
    assert begun.room.run_until(lambda: begun.room.clock() > ends + 0.05 and begun.settled())
    spoke = only(begun.events, OfficerSpoke)
    assert "time" in spoke.text
    assert "trouble" in spoke.text.lower()
    assert gave_way.turn == spoke.turn == 1
    (officer,) = [t for t in transcript(begun.events) if t.speaker == "officer"]
    assert officer.let_go_on == [gave_way.heard]


def hands_free(session: Session, words: str) -> None:
    """A whole turn, as the loop takes it."""
    session.answer(words, "microphone", asr_ms=1.0, hurry=True)
    session.finish_turn()


def test_drafts_drawn_while_the_officer_speaks_are_judged_by_all_of_the_words(cast: Cast) -> None:
    loaded = endless("traffic-stop-late-shift")
    events: list[Any] = []
    session, started = cast.session(Choice(loaded, "upset", 7), events.append)
    session.begin(started)
    session.officer_says("Good evening, ma'am. I'm Officer Lindell with the city police.")
    stood, told = session.checkpoint(), len(events)
    session.overhear("Tell me what you ate this")
    while session.rehearse("Tell me what you ate this"):
        pass
    assert len(events) == told
    assert session.turn == 1
    assert session.checkpoint().state["_officer_words"] == stood.state["_officer_words"]
    hands_free(session, "Tell me what you ate this morning.")
    spoke = only(events[told:], CivilianSpoke)
    assert spoke.timings.ahead_ms > 0
    # Words that went another way are drawn for anew.
    session.overhear("Tell me about your mother")
    session.rehearse("Tell me about your mother")
    hands_free(session, "Where do you want to go from here tonight?")
    last = [event for event in events if isinstance(event, CivilianSpoke)][-1]
    assert last.timings is None or last.timings.ahead_ms == 0


def test_hands_free_what_a_person_wrote_is_said_at_once_and_typed_the_model_is_asked(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    draw = Drafting.first_sentences
    monkeypatch.setattr(
        Drafting, "first_sentences", lambda *a, **k: drawn.append(1) or draw(*a, **k)
    )
    loaded = endless("traffic-stop-late-shift")
    asked = [
        "Do you have your license with you tonight?",
        "I'm sorry that this comes on top of a long day. Anybody would be sore.",
        "Keep your hands where I can see them.",
        "That's fine with me. There is no hurry.",
    ]
    times = []
    for say in (hands_free, Session.officer_says):
        events: list[Any] = []
        session, started = cast.session(Choice(loaded, "upset", 7), events.append)
        session.begin(started)
        drawn.clear()
        for words in asked:
            say(session, words)
        times.append(len(drawn))
        replies = [e for e in events if isinstance(e, CivilianSpoke)][1:]
        assert len({e.text for e in replies}) == len(asked)
    at_once, typed = times
    assert at_once == 0
    assert typed > 0


def test_the_shipped_civilian_speaks_only_where_it_is_sure_of_its_words(cast: Cast) -> None:
    least = cast.reply_settings.least_sure
    assert least is not None
    sure: list[float] = []
    unsure: list[float] = []
    for seed in (3, 7):
        events: list[Any] = []
        session, started = cast.session(
            Choice(endless("homeless-move-along"), "upset", seed), events.append
        )
        session.begin(started)
        for words in (
            "What's your name?",
            "How long has this been going on?",
            "Have you had anything to eat today?",
            "Is it always this wet here?",
            "Which bus goes downtown from here?",
        ):
            session.officer_says(words)
        for event in events:
            if isinstance(event, CivilianSpoke) and event.origin == "model":
                sure.append(float(event.origin_note.split("; ")[-1].split()[0]))
            elif isinstance(event, ReplyRefused) and "not sure" in event.reason:
                unsure.append(float(event.reason.split("(")[1].rstrip(")")))
    assert sure
    assert min(sure) >= least
    assert unsure
    assert max(unsure) < least + 0.05
