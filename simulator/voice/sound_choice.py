"""Which microphone and loudspeaker this person uses, and how loud they usually are: kept between sessions."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from models.places import config_dir


class SoundChoice(BaseModel):
    """Names as PortAudio gives them; None: the machine's default. Kept in sound.json of the settings folder."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    input: str | None = None
    output: str | None = None
    usual_level_db: float | None = None  # of speech into `input`, dB below full scale


def choice_path() -> Path:
    return config_dir() / "sound.json"


def remembered() -> SoundChoice:
    """What was chosen last; the defaults where nothing was, or the file cannot be read."""
    try:
        return SoundChoice.model_validate_json(choice_path().read_text(encoding="utf-8"))
    except (OSError, ValidationError, ValueError):
        return SoundChoice()


def remember(choice: SoundChoice) -> None:
    """Keep it; where the folder cannot be written nothing is kept, and the next session asks the machine again."""
    path = choice_path()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(choice.model_dump(), indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
