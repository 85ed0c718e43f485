"""A model writes the prose of a draft: a local GGUF that has read the dialogue is asked field by field.

Nothing leaves the device. What it writes is listed in the draft as to be checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scenarios.corpus.annotate import excerpt
from scenarios.corpus.judge import tokens_that_fit
from scenarios.draft_reading import Dialogue
from scenarios.errors import ScenarioError
from scenarios.unfinished import FINISH, unfinished

_SYSTEM = (
    "You help to write training scenarios for police officers from transcripts. You answer with one plain "
    "sentence and nothing else. You invent no names and no facts."
)
#: Field -> what is asked. `*` stands for any index of a list.
QUESTIONS: dict[str, str] = {
    "title": "Give this encounter a title of at most seven words.",
    "summary": "Sum this encounter up in one sentence for a list: who, where, what makes it hard.",
    "difficulty.because.*": "What makes this civilian hard to talk with?",
    "setting": "Where and when does it happen, and what is seen and heard there?",
    "briefing.dispatch": "How would dispatch have put this call to the officer, before anybody was there?",
    "briefing.objectives.*": "What should the officer reach in this encounter?",
    "civilian.appearance": "What does the civilian look like, as far as the transcript says?",
    "civilian.role": "Who is the civilian in this scene, in at most six words, such as: the driver?",
    "civilian.background": "What does the transcript say of the civilian's life and of what led to this?",
    "civilian.wants": "What does the civilian want out of this encounter?",
    "civilian.speech_style": "How does the civilian talk: long or short, polite or rough, which words?",
    "debrief.key_lessons.*": "What should an officer learn from this encounter?",
    "debrief.questions.*.why": "Ask the trainee one question: why did something go as it went here?",
    "debrief.questions.*.consequences": "Ask the trainee one question on what could have followed from it.",
    "debrief.questions.*.reflection": "Ask the trainee one question about their own experience with this.",
    "debrief.what_good_looks_like.*": "What would a good officer be seen to do in this encounter?",
}
_N_CTX = 4096
_MOST_TOKENS = 90


def fill(
    data: dict[str, Any],
    dialogue: Dialogue,
    gguf: Path,
    model: str,
    tell: Callable[[str], None] = lambda field: None,
) -> dict[str, str]:
    """Writes into `data` what is still to finish; returns field -> model for what was written.

    An answer that is no sentence is not taken: the field stays for a person. Raises BadModel or ModelError
    where the model cannot be loaded or run, ScenarioError where it is no chat model.
    """
    written: dict[str, str] = {}
    said: set[str] = set()
    with _Writer(gguf, dialogue) as writer:
        for path in list(unfinished(data)):
            question = QUESTIONS.get(re.sub(r"\.\d+(?=\.|$)", ".*", path))
            if question is None:
                continue
            tell(path)
            answer = sentence(writer.answer(question))
            if answer is None or answer in said:
                continue
            said.add(answer)
            _put(data, path, answer)
            written[path] = model
    return written


def sentence(answer: str) -> str | None:
    """The answer as one or two whole sentences, or None where it is none.

    >>> sentence(' "A driver is stopped at night. He is late. And th'), sentence("ok"), sentence("[finish] x y")
    ('A driver is stopped at night. He is late.', None, None)
    """
    text = " ".join(answer.split()).strip("\"'*# ")
    whole = re.match(r".*[.?!](?=[\s\"”]|$)", text)
    if whole:
        text = whole[0]
    words = text.split()
    if len(words) < 2 or len(text) > 600 or text.startswith(("[", "{", "<")) or FINISH in text:
        return None
    return text


class _Writer:
    """The dialogue is read once; every question after it shares that cache."""

    def __init__(self, gguf: Path, dialogue: Dialogue) -> None:
        from models.chat import format_of
        from models.engine import Engine, EngineSettings

        self._engine = Engine(gguf, EngineSettings(n_ctx=_N_CTX))
        form = format_of(self._engine)
        tokenize = self._engine.tokenize
        room = tokens_that_fit(_N_CTX)
        text = excerpt(dialogue.transcript, room, lambda line: len(tokenize(line)))
        self._before = [
            *tokenize(form.head, special=True),
            *tokenize(_SYSTEM),
            *tokenize(form.to_officer, special=True),
            *tokenize(f"{text}\n\n"),
        ]
        self._after = tokenize(form.to_civilian, special=True)
        if len(self._before) > self._engine.room - 400:
            self._engine.close()
            raise ScenarioError(f"{dialogue.source}: does not fit the model's context")

    def answer(self, question: str) -> str:
        from models.engine import Sampling

        engine = self._engine
        prompt = [*engine.tokenize(question), *self._after]
        if engine.tokens:
            engine.rewind(len(self._before))
        else:
            prompt = [*self._before, *prompt]
        sampling = Sampling(temperature=0.3, seed=0, grammar='root ::= [^\\n\\x00-\\x1F]+ "\\n"?')
        drawn = list(engine.generate(sampling, max_tokens=_MOST_TOKENS, prompt=prompt))
        return engine.detokenize(drawn)

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.close()


def _put(data: Any, path: str, value: str) -> None:
    *way, last = path.split(".")
    for part in way:
        data = data[int(part)] if isinstance(data, list) else data[part]
    data[int(last) if isinstance(data, list) else last] = value
