"""The second hand's lines spoken and heard again: what the recogniser of speech makes of them, kept in a file.

    python -m simulator.officer.spoken

Every other line is said by Piper, the rest by espeak-ng; what Whisper wrote for each goes to
second_hand_heard.jsonl, which `simulator.officer.train` measures on. Goes on where it was stopped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from simulator.errors import SimulatorError
from simulator.officer.examples import SECOND_HAND, Example, second_hand

HEARD = SECOND_HAND.with_name("second_hand_heard.jsonl")
_RATE = 16_000
PIPER, ESPEAK = "piper", "espeak-ng"


def heard(voice: str) -> Iterator[Example]:
    """The lines that this voice said, as they were heard; their context and labels as written."""
    texts = _heard_so_far()
    for at, one in enumerate(second_hand()):
        if at in texts and texts[at][0] == voice:
            yield replace(one, text=texts[at][1])


def _heard_so_far() -> dict[int, tuple[str, str]]:
    if not HEARD.exists():
        return {}
    rows = map(json.loads, HEARD.read_text(encoding="utf-8").splitlines())
    return {row["line"]: (row["voice"], row["heard"]) for row in rows}


def main() -> None:
    """Raises SimulatorError where espeak-ng is missing."""
    from models.fetch import model_path
    from simulator.voice.asr import Recogniser
    from simulator.voice.tts import Speaker
    from simulator.voice.wav import read_wav

    espeak = shutil.which(ESPEAK)
    if espeak is None:
        raise SimulatorError("espeak-ng is not installed: apt-get install espeak-ng")
    speaker, recogniser = Speaker(model_path("tts"), 1), Recogniser(model_path("asr"), 1)
    done = _heard_so_far()
    lines = list(second_hand())
    with (
        HEARD.open("a", encoding="utf-8") as kept,
        tempfile.TemporaryDirectory() as folder,
    ):
        for at, one in enumerate(lines):
            if at in done:
                continue
            if at % 2 == 0:
                sound = speaker.speak(one.text).at_rate(_RATE).samples
            else:
                wav = Path(folder) / "said.wav"
                subprocess.run([espeak, "-v", "en-us", "-w", str(wav), one.text], check=True)
                sound = read_wav(wav).at_rate(_RATE).samples
            voice = ESPEAK if at % 2 else PIPER
            text = recogniser.recognise(sound).text
            row = {"line": at, "voice": voice, "heard": text}
            kept.write(json.dumps(row, ensure_ascii=False) + "\n")
            kept.flush()
            if at % 20 == 0:
                print(f"{at} of {len(lines)}", flush=True)


if __name__ == "__main__":
    main()
