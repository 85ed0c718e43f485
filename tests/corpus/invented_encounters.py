"""Encounters written for the tests: invented people, invented words."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

from scenarios.corpus.readers import read
from scenarios.corpus.sources import RawFile
from scenarios.corpus.transcript import Role, Transcript, Turn

Line = tuple[str, str]

STOP: list[Line] = [
    (
        "[Police Officer]",
        "Good evening. I'm Officer Halvorsen with the Brackenridge Police Department.",
    ),
    ("[Police Officer]", "The reason I stopped you is your left tail light is out."),
    ("Wendell Ashgrove", "Are you kidding me? I just paid a man to fix that yesterday."),
    ("[Police Officer]", "I understand, sir. Can I see your license and registration, please?"),
    ("Wendell Ashgrove", "It's in the glove box. I'm not reaching for it so you can shoot me."),
    ("[Police Officer]", "I appreciate you telling me. Take your time, no rush."),
    ("Wendell Ashgrove", "Fine. Here. This is bullshit, you know that."),
    ("[Police Officer]", "Is this still your address, Wendell?"),
    ("Wendell Ashgrove", "No. I moved. It's 4418 Larkspur Lane now."),
    ("[Police Officer]", "What's a good phone number for you, sir?"),
    ("Wendell Ashgrove", "It's 614-555-8123. Why do you need that?"),
    ("[Police Officer]", "What's your date of birth?"),
    ("Wendell Ashgrove", "March 9th, 1984. I was born right here."),
    ("[Dispatcher]", "Copy, 4-Adam-12, no warrants, he is valid."),
    (
        "[Police Officer]",
        "Do you want me to show you the light? Step out if you like, Mr. Ashgrove.",
    ),
    ("Wendell Ashgrove", "I'm not getting out. Leave me alone. Am I free to go?"),
    ("[Police Officer]", "You're good to go. It's just a warning. Please fix it. Drive safe."),
    ("Wendell Ashgrove", "All right. Thank you. I'm sorry, I had a bad day."),
]

ROLES_OF_STOP: dict[str, Role] = {
    "[Police Officer]": "officer",
    "Wendell Ashgrove": "civilian",
    "[Dispatcher]": "dispatcher",
}


def as_csv(lines: list[Line], step_s: int = 6) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["start_time", "speaker_label", "transcript"])
    for index, (who, said) in enumerate(lines):
        table.writerow([f"{index * step_s // 60:02d}:{index * step_s % 60:02d}", who, said])
    return out.getvalue()


def raw(data: bytes | str, name: str = "youtube_1.csv") -> RawFile:
    path = Path(name)
    return RawFile(name, path.stem, path.suffix, data.encode() if isinstance(data, str) else data)


def transcript_of(lines: list[Line], name: str = "youtube_1.csv") -> Transcript:
    transcript = read(raw(as_csv(lines), name)).transcript
    assert transcript is not None
    return transcript


def with_roles(lines: list[Line], roles: dict[str, Role], name: str = "youtube_1") -> Transcript:
    turns = tuple(
        Turn(6.0 * i, who, said, roles.get(who, "unknown")) for i, (who, said) in enumerate(lines)
    )
    return Transcript(name, name, "youtube", turns)


_WORDS = """kitchen porch garage driveway hallway basement stairwell lobby office counter door keys dog bottle phone
wallet bicycle ladder blanket suitcase neighbour manager landlord brother cousin teacher plumber nurse bridge river
market ticket corner window ceiling bucket garden fence radio mirror pillow carpet engine trailer barrel hammer
""".split()


def many_encounters(folder: Path, count: int, seed: int = 1) -> list[Path]:
    """Files that differ from each other enough to be no near-duplicates."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        lines: list[Line] = list(STOP[:4])
        for _ in range(20):
            asked, told = draw.sample(_WORDS, 5), draw.sample(_WORDS, 6)
            lines.append(("[Police Officer]", f"Okay, sir, {' '.join(asked)}?"))
            lines.append(("[Suspect]", f"I didn't, {' '.join(told)}."))
        lines += STOP[13:]
        path = folder / f"youtube_{number}.csv"
        path.write_text(as_csv(lines), encoding="utf-8")
        made.append(path)
    return made
