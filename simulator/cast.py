"""Loads what a session needs, once: the model, the embedder, the scenario; and makes sessions of
them.
"""

from __future__ import annotations

import importlib.metadata
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.embedder import Embedder
from models.engine import Engine, EngineSettings
from models.errors import BadModel
from models.fetch import file_sha256, model_path
from models.places import cache_dir
from scenarios.loader import Loaded
from scenarios.schema import SubjectType
from simulator.civilian.authored import AuthoredReplies
from simulator.civilian.odd_words import oddity
from simulator.civilian.reply import CivilianPlayer, ReplySettings
from simulator.civilian.reply_settings import settings_for
from simulator.civilian.straight import Straight, scenario_text
from simulator.events import Event, SessionStarted
from simulator.officer.skills import SkillRecogniser
from simulator.records import Records, new_session_id, utc_now
from simulator.session import Session, SoundTimes

SUBJECT_TYPES: tuple[SubjectType, ...] = ("cooperative", "upset", "aggressive")


#: Drafts that the engine can be asked for in one batch (models/several.py); costs no memory of note.
DRAFTS_AT_ONCE = 4


@dataclass(frozen=True)
class Choice:
    """What a person picked. seed None: a new one; subject_type None: drawn by the seed ("surprise
    me").
    """

    loaded: Loaded
    subject_type: SubjectType | None = None
    seed: int | None = None
    officer: str = ""
    voice: bool = False


class Cast:
    """The loaded parts. Loading takes about a second; keep one for the whole program.

    model: an id of the catalogue, or a path of a GGUF. Raises ModelError where a part is not
        installed.
    """

    def __init__(
        self,
        model: str = "civilian",
        engine_settings: EngineSettings | None = None,
        reply_settings: ReplySettings | None = None,
    ) -> None:
        path = Path(model) if model.endswith(".gguf") else model_path(model)
        if not path.is_file():
            raise BadModel(f"{path}: there is no such model file")
        self.model = model if model != "civilian" else path.stem
        self.model_sha256 = file_sha256(path)
        self.engine = Engine(path, engine_settings or EngineSettings(sequences=DRAFTS_AT_ONCE))
        self.embedder = Embedder(model_path("embedder"))
        self.skills = SkillRecogniser(self.embedder)
        self.reply_settings = reply_settings or settings_for(self.engine)

    def session(
        self,
        choice: Choice,
        publish: Callable[[Event], None],
        clock: Callable[[], float] = time.monotonic,
        sound: SoundTimes | None = None,
    ) -> tuple[Session, SessionStarted]:
        """A new session, and the event that begins it. clock, sound: see Session."""
        seed = random.SystemRandom().randrange(2**31) if choice.seed is None else choice.seed
        drawn = random.Random(f"type {seed}").choice(SUBJECT_TYPES)
        subject_type: SubjectType = choice.subject_type or drawn
        session = self._session(choice.loaded, subject_type, seed, publish, clock, sound)
        started = SessionStarted(
            session_id=new_session_id(),
            began_at=utc_now(),
            scenario_id=choice.loaded.id,
            scenario_sha256=choice.loaded.sha256,
            subject_type=subject_type,
            seed=seed,
            officer=choice.officer,
            model_id=self.model,
            model_sha256=self.model_sha256,
            agitation=session.agitation,
            trust=session.trust,
            voice=choice.voice,
            draft=choice.loaded.is_draft,
            versions={
                name: importlib.metadata.version(name)
                for name in ("deescalwild-simulator", "llama-cpp-python")
            },
        )
        return session, started

    def session_again(
        self,
        started: SessionStarted,
        loaded: Loaded,
        publish: Callable[[Event], None],
        sound: SoundTimes | None = None,
    ) -> Session:
        """The session of a record, to be resumed."""
        return self._session(
            loaded, started.subject_type, started.seed, publish, time.monotonic, sound
        )

    def _session(
        self,
        loaded: Loaded,
        subject_type: SubjectType,
        seed: int,
        publish: Callable[[Event], None],
        clock: Callable[[], float],
        sound: SoundTimes | None,
    ) -> Session:
        scenario = loaded.scenario
        authored = AuthoredReplies(
            loaded.dialogues, self.embedder, cache_dir() / "vectors", scenario.civilian
        )
        player = CivilianPlayer(
            self.engine,
            self.model_sha256,
            loaded.scenario,
            loaded.dialogues,
            authored,
            subject_type=subject_type,
            seed=seed,
            prefix_states=cache_dir() / "prefix",
            settings=self.reply_settings,
            straight=Straight(scenario_text(loaded), scenario),
        )
        return Session(
            loaded.scenario,
            player,
            self.skills.recognise,
            publish,
            subject_type=subject_type,
            seed=seed,
            clock=clock,
            sound=sound,
            odd=lambda words: oddity(words, self.embedder.pieces),
        )

    def close(self) -> None:
        self.engine.close()


def recorder(
    records: Records, session_id: str, *others: Callable[[Event], None]
) -> Callable[[Event], None]:
    """Publishes an event to the record first, then to the others."""

    def publish(event: Event) -> None:
        records.append(session_id, event)
        for other in others:
            other(event)

    return publish
