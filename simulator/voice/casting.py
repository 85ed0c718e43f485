"""Which installed voice speaks a civilian, and how it is set where there is no voice of their own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from models.catalog import card, default_for, load_catalog
from models.fetch import is_installed
from scenarios.schema import Civilian, Voice

#: Semitones on the voice of a man that speaks a woman, somebody between, or a child (and back, for the voice of a
#: woman). Between the voices of men and women lie about 9 semitones of pitch and 3 of throat (Titze 1989, JASA 85);
#: moved together, as they are here, more than 4 no longer sounds like anybody, and words are lost.
_OTHER_SHIFT, _BETWEEN_SHIFT, _CHILD_SHIFT = 4.0, 2.0, 1.0
_CHILD_UNTIL = 14
#: People of one voice are told apart by so much more, drawn by their name: semitones, and share of the rate.
_OWN_SEMITONES, _OWN_RATE = 1.0, 0.04


@dataclass(frozen=True)
class CastVoice:
    """model: id of an installed tts card; voice: the settings on it."""

    model: str
    voice: Voice


def cast_voice(person: Civilian) -> CastVoice:
    """The scenario's voice where it is installed; else one that speaks as this person does, drawn by their name; else
    the default voice, set so that it is heard to be somebody else.
    """
    wanted = person.voice.model
    if wanted is not None and wanted in load_catalog() and is_installed(wanted):
        return CastVoice(wanted, person.voice)
    default = default_for("tts")
    own = sorted(
        each.id
        for each in load_catalog().values()
        if each.role == "tts" and each.speaks_as == person.gender and is_installed(each.id)
    )
    if own:
        # The default is one of them: who it is, is drawn too.
        model = own[_drawn(person, "voice") % len(own)]
        return CastVoice(model, _spread(person, person.voice, 0.0))
    return CastVoice(default.id, _spread(person, person.voice, _shift(person, default.speaks_as)))


def _shift(person: Civilian, speaks_as: str | None) -> float:
    """Semitones from the voice to somebody it does not speak as."""
    up = -1.0 if speaks_as == "female" else 1.0
    if person.gender == "nonbinary":
        shift = up * _BETWEEN_SHIFT
    else:
        shift = up * _OTHER_SHIFT if speaks_as and person.gender != speaks_as else 0.0
    return shift + (_CHILD_SHIFT if person.age < _CHILD_UNTIL else 0.0)


def _spread(person: Civilian, voice: Voice, shift: float) -> Voice:
    """The author's settings, moved by `shift` and by what is this person's own."""
    own = (_drawn(person, "pitch") % 201 - 100) / 100 * _OWN_SEMITONES
    pace = 1.0 + (_drawn(person, "rate") % 201 - 100) / 100 * _OWN_RATE
    pitch = max(-6.0, min(6.0, voice.pitch_semitones + shift + own))
    rate = max(0.7, min(1.4, voice.rate * pace))
    return voice.model_copy(update={"pitch_semitones": round(pitch, 2), "rate": round(rate, 3)})


def _drawn(person: Civilian, what: str) -> int:
    digest = hashlib.sha256(f"{what} {person.name} {person.age}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def title_of(model: str) -> str:
    """What a voice is called, for a person."""
    return card(model).title
