"""What did the officer say? Whisper on CTranslate2, on the shortest window that keeps its words."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from simulator.errors import SimulatorError
from simulator.voice.vad import FRAME, RATE, SpeechDetector
from simulator.voice.wav import Samples

FRAMES_PER_S = 100
WHOLE_WINDOW = 3000  # mel frames: the 30 s that Whisper was trained on
#: Whisper's encoder costs the same for "hi" as for 30 s when it is padded, so it is fed less.
#: Measured with tiny.en int8 over 200 utterances of five voices, word error rate: 30 s 5.2 %, 10 s
#: 5.2 %, 8 s 8.3 %, 5 s 16.1 % with loops. Hence a floor of 10 s, and room after the last word.
SHORT_WINDOW, ROOM_AFTER = 1000, 200
LONGEST_PIECE_S = 26.0
#: Fast speech is about 6 tokens a second; what is above is a loop.
TOKENS_PER_S, TOKENS_AT_LEAST = 8, 12
#: Words below this mean log probability are looked for again with a beam, in what the encoder made already: a fifth
#: of 111 utterances of three voices, some over noise; errors then 5.8 % (greedy 7.3, beam for all 5.9; in half the
#: window, encoded anew, 5.9 in twice the time).
UNSURE_LOGPROB, BEAMS = -0.3, 5
#: Below this mean log probability a shorter window is doubted and the whole one asked. Above
#: `NO_SPEECH` with words this unsure, the words are Whisper's, not the officer's.
DOUBTED_LOGPROB = -0.9
NO_SPEECH = 0.6


@dataclass(frozen=True)
class Recognised:
    """What was heard. `refused` says why there is no text although there was sound."""

    text: str
    audio_s: float
    asr_ms: float
    no_speech_probability: float = 1.0
    avg_logprob: float = 0.0
    refused: str | None = None


@dataclass(frozen=True)
class _Decoded:
    text: str
    avg_logprob: float
    no_speech_probability: float
    looped: bool

    @property
    def doubtful(self) -> bool:
        return self.looped or self.avg_logprob < DOUBTED_LOGPROB

    @property
    def hallucinated(self) -> bool:
        """Whisper writes "Thank you." over noise; both signs together tell it from a mumble."""
        unsure = self.avg_logprob < DOUBTED_LOGPROB
        no_words = not any(map(str.isalnum, self.text))
        return no_words or (unsure and self.no_speech_probability > NO_SPEECH)


class Recogniser:
    """An English Whisper: int8, greedy where it is sure, no timestamps, nothing carried over from turn to turn.

    Not thread-safe; calls in parallel are known to leak memory in the library below.
    """

    def __init__(self, model_path: Path, threads: int = 2) -> None:
        import ctranslate2
        import tokenizers
        from faster_whisper.feature_extractor import FeatureExtractor
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        try:
            self._model = ctranslate2.models.Whisper(
                str(model_path), device="cpu", compute_type="int8", intra_threads=threads
            )
            words = tokenizers.Tokenizer.from_file(str(model_path / "tokenizer.json"))
        except (
            Exception
        ) as problem:  # ctranslate2 and tokenizers raise bare RuntimeError and Exception
            reason = str(problem).splitlines()[0]
            raise SimulatorError(
                f"{model_path}: not a recogniser that can be loaded ({reason})"
            ) from None
        multilingual = bool(self._model.is_multilingual)
        self._tokens = Tokenizer(
            words,
            multilingual,
            task="transcribe" if multilingual else None,
            language="en" if multilingual else None,
        )
        self._prompt = [*self._tokens.sot_sequence, self._tokens.no_timestamps]
        self._suppressed = list(get_suppressed_tokens(self._tokens, [-1]) or ())
        self._mel = FeatureExtractor(feature_size=int(self._model.n_mels))
        self._detector = SpeechDetector()

    def warm_up(self) -> None:
        """Run once on noise: the first run is the slowest, and is not the officer's."""
        noise = np.random.default_rng(0).normal(0, 0.01, RATE).astype(np.float32)
        self._decode(self._encode(noise, SHORT_WINDOW), noise)

    def recognise(self, samples: Samples) -> Recognised:
        """Recognise an utterance: mono float32 at 16 kHz, of any length. Silence gives no text."""
        began = time.perf_counter()
        spoken = self._detector.trim(samples)
        if len(spoken) == 0:
            return Recognised(
                "", len(samples) / RATE, _ms_since(began), refused="nobody speaks in it"
            )
        heard = self.recognise_speech(spoken)
        return replace(heard, audio_s=len(samples) / RATE, asr_ms=_ms_since(began))

    def recognise_speech(self, spoken: Samples, sure: bool = True) -> Recognised:
        """Recognise what is known to be speech, without looking where it begins and ends.

        sure False: unsure words are not looked for again; for what is still being spoken.
        """
        began = time.perf_counter()
        heard = [self._hear(piece, sure) for piece in self._pieces(spoken)]
        kept = [piece for piece in heard if not piece.hallucinated]
        return Recognised(
            text=" ".join(piece.text for piece in kept if piece.text),
            audio_s=len(spoken) / RATE,
            asr_ms=_ms_since(began),
            no_speech_probability=max(piece.no_speech_probability for piece in kept or heard),
            avg_logprob=float(np.mean([piece.avg_logprob for piece in kept or heard])),
            refused=None if kept else "sound, but no words that can be made out",
        )

    def _pieces(self, spoken: Samples) -> list[Samples]:
        """Whisper takes 30 s at most: longer speech is cut where it is likeliest to be a pause."""
        longest = int(LONGEST_PIECE_S * RATE)
        pieces: list[Samples] = []
        while len(spoken) > longest:
            probabilities = self._detector.probabilities(spoken[:longest])
            second_half = len(probabilities) // 2
            cut = (second_half + int(np.argmin(probabilities[second_half:]))) * FRAME
            pieces.append(spoken[:cut])
            spoken = spoken[cut:]
        return [*pieces, spoken]

    def _hear(self, samples: Samples, sure: bool = True) -> _Decoded:
        short = max(SHORT_WINDOW, len(samples) * FRAMES_PER_S // RATE + ROOM_AFTER)
        sound = self._encode(samples, min(short, WHOLE_WINDOW))
        found = self._decode(sound, samples)
        if not sure or (not found.looped and found.avg_logprob >= UNSURE_LOGPROB):
            return found
        found = self._decode(sound, samples, BEAMS)
        if not found.doubtful or short >= WHOLE_WINDOW:
            return found
        return self._decode(self._encode(samples, WHOLE_WINDOW), samples, BEAMS)

    def _encode(self, samples: Samples, window: int) -> Any:
        """What the encoder makes of `window` mel frames."""
        import ctranslate2

        mel = self._mel(samples)[:, :-1]
        window += window % 2  # the encoder halves it
        mel = np.pad(mel[:, :window], ((0, 0), (0, max(0, window - mel.shape[1]))))
        return self._model.encode(
            ctranslate2.StorageView.from_array(np.ascontiguousarray(mel[None], np.float32))
        )

    def _decode(self, sound: Any, samples: Samples, beams: int = 1) -> _Decoded:
        most = min(200, TOKENS_AT_LEAST + int(TOKENS_PER_S * len(samples) / RATE))
        result: Any = self._model.generate(
            sound,
            [self._prompt],
            beam_size=beams,
            max_length=len(self._prompt) + most,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
        )[0]
        tokens: list[int] = result.sequences_ids[0]
        capped = len(tokens) >= most
        return _Decoded(
            text=self._tokens.decode(without_loop(tokens) if capped else tokens).strip(),
            avg_logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech_probability=result.no_speech_prob,
            looped=capped or loop_at(tokens) is not None,
        )


def loop_at(tokens: list[int], times: int = 4) -> tuple[int, int] | None:
    """Where 1 to 8 tokens begin to come `times` times in a row: (where, how many tokens)."""
    for start in range(len(tokens)):
        for size in range(1, 9):
            unit = tokens[start : start + size]
            if tokens[start : start + size * times] == unit * times:
                return start, size
    return None


def without_loop(tokens: list[int]) -> list[int]:
    """The tokens up to the first loop, with what is repeated said once."""
    found = loop_at(tokens)
    return tokens if found is None else tokens[: found[0] + found[1]]


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
