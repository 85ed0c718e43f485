"""Who speaks whom: a voice of their own where one is installed, settings that are heard to differ where not."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import yaml

from models.catalog import default_for, own_catalog
from models.fetch import pull
from scenarios.loader import all_scenarios, load
from scenarios.schema import Civilian, Voice
from simulator.voice.asr import Recogniser
from simulator.voice.casting import cast_voice
from simulator.voice.delivery import delivery_for
from simulator.voice.tts import Speaker
from simulator.voice.vad import RATE
from tests.voice.sounding import centroid_hertz, pitch_hertz

LINE = "I told you I was only walking home to see my mother."


def person(scenario_id: str, **changes: object) -> Civilian:
    return load(scenario_id).scenario.civilian.model_copy(update=changes)


def test_with_one_voice_everybody_has_settings_of_their_own_and_women_and_children_are_higher() -> (
    None
):
    people = [loaded.scenario.civilian for loaded in all_scenarios()]
    cast = [cast_voice(each) for each in people]
    assert {each.model for each in cast} == {default_for("tts").id}
    settings = [(each.voice.pitch_semitones, each.voice.rate) for each in cast]
    assert len(set(settings)) == len(people)
    assert all(-6 <= pitch <= 6 and 0.7 <= rate <= 1.4 for pitch, rate in settings)
    by_gender = {
        gender: np.median(
            [p for (p, _), who in zip(settings, people, strict=True) if who.gender == gender]
        )
        for gender in ("female", "nonbinary", "male")
    }
    assert by_gender["female"] - by_gender["male"] >= 4
    assert by_gender["female"] > by_gender["nonbinary"] > by_gender["male"]
    girl = person("runaway-bus-station")
    woman = girl.model_copy(update={"age": 30})
    assert abs(cast_voice(woman).voice.pitch_semitones) <= 6
    assert girl.age < 14


def test_the_scenario_names_a_voice_and_gets_it_only_where_it_is_installed() -> None:
    absent = Voice(model="piper-en_us-kristin-medium", rate=0.9)
    assert cast_voice(person("wrong-person-stopped", voice=absent)).model == default_for("tts").id
    unknown = Voice(model="nobody-has-this")
    assert cast_voice(person("wrong-person-stopped", voice=unknown)).model == default_for("tts").id
    named = Voice(model=default_for("tts").id, rate=0.9, pitch_semitones=-2)
    assert cast_voice(person("wrong-person-stopped", voice=named)).voice == named


def test_a_second_installed_voice_speaks_those_it_sounds_like(
    voice_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The same weights under another name: what counts is whose voice the card says it is.
    monkeypatch.setattr("models.places.config_dir", lambda: tmp_path)
    config = voice_path.with_name(voice_path.name + ".json")
    card = {
        "id": "her-voice", "role": "tts", "title": "Hers", "family": "Piper", "parameters": "16M",
        "licence": "CC0-1.0", "terms": "Any use.", "quantisation": "float32", "speaks_as": "female",
        "sources": [{"kind": "local", "path": str(voice_path.parent)}],
        "files": {voice_path.name: {}, config.name: {}},
    }  # fmt: skip
    own_catalog().write_text(yaml.safe_dump({"models": [card]}))
    pull("her-voice")
    try:
        woman, man = person("custody-exchange"), person("wrong-person-stopped")
        assert cast_voice(woman).model == "her-voice"
        # No shift away from a man's voice: she has her own.
        assert abs(cast_voice(woman).voice.pitch_semitones - woman.voice.pitch_semitones) <= 1
        assert cast_voice(man).model == default_for("tts").id
    finally:
        from models.store import remove

        remove("her-voice")


@pytest.mark.slow
def test_persons_are_heard_apart_with_the_one_voice_that_is_shipped(
    speaker: Speaker, recogniser: Recogniser
) -> None:
    ids = ("wrong-person-stopped", "custody-exchange", "runaway-bus-station", "mania-hotel-lobby")
    heard = {}
    for id_ in ids:
        own = cast_voice(person(id_))
        audio = speaker.speak(LINE, delivery_for(50, own.voice))
        heard[id_] = (pitch_hertz(audio), audio.seconds, centroid_hertz(audio))
        words = recogniser.recognise(audio.at_rate(RATE).samples).text.lower()
        assert "mother" in words, (id_, words)
    for one, other in itertools.combinations(ids, 2):
        (pitch, seconds, _), (pitch2, seconds2, _) = heard[one], heard[other]
        semitones = abs(12 * np.log2(pitch / pitch2))
        pace = abs(np.log(seconds / seconds2))
        # Any two differ by what is plainly heard: over a tone, or a sixth in pace.
        assert semitones >= 2 or pace >= 0.15, (one, other, heard)
    old_man, woman, girl, _ = (heard[id_] for id_ in ids)
    assert 12 * np.log2(woman[0] / old_man[0]) >= 5
    assert woman[2] > 1.1 * old_man[2]
    assert girl[0] > old_man[0]
