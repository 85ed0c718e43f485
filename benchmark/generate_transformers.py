"""Answers of a model through transformers: slow, and for models that no GGUF has been made of."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.errors import BadBenchmarkInput
from benchmark.generate_prompts import Decoding
from benchmark.generate_speakers import (
    Answer,
    Drawn,
    Likelihood,
    Question,
    SpeakerDown,
    one_by_one,
)
from benchmark.runfile import Model
from scenarios.prompt import ChatMessage


class TransformersSpeaker:
    """A folder or a hub's name."""

    def __init__(self, name: str) -> None:
        try:
            import torch
            import transformers
        except ImportError:
            raise BadBenchmarkInput(
                f"{name}: a transformers model needs torch and transformers: "
                "pip install 'deescalwild-simulator[train]'"
            ) from None
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(name)
            self._model: Any = transformers.AutoModelForCausalLM.from_pretrained(name)
        except (OSError, ValueError) as problem:
            raise BadBenchmarkInput(
                f"{name}: transformers cannot load it ({str(problem).splitlines()[0]})"
            ) from None
        if not self._tokenizer.chat_template:
            raise BadBenchmarkInput(f"{name}: no chat template: it cannot hold a conversation")
        self._torch = torch
        self._model.eval()
        self.model = transformers_record(name)
        self.adapter: Model | None = None
        self.about = {"speaker": "transformers", "dtype": str(self._model.dtype)}
        self.at_once = 1

    def answers(self, questions: Sequence[Question], decoding: Decoding) -> list[Answer]:
        return one_by_one(self, questions, decoding)

    def _ids(self, given: Sequence[ChatMessage]) -> Any:
        talk = [{"role": m.role, "content": m.content} for m in given]
        try:
            text = self._tokenizer.apply_chat_template(
                talk, tokenize=False, add_generation_prompt=True
            )
        except Exception as problem:  # whatever the template raises
            raise SpeakerDown(
                f"{self.model.id}: its chat template refuses the conversation ({problem}); "
                "try --history once"
            ) from None
        return self._tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]

    def reply(self, given: Sequence[ChatMessage], decoding: Decoding, seed: int) -> Drawn:
        ids = self._ids(given)
        self._torch.manual_seed(seed)
        began = time.perf_counter()
        chosen: dict[str, Any] = {"do_sample": False}
        if decoding.temperature > 0:
            chosen = {
                "do_sample": True,
                "temperature": decoding.temperature,
                "top_p": decoding.top_p,
                "top_k": decoding.top_k,
            }
        with self._torch.no_grad():
            out = self._model.generate(
                input_ids=ids,
                attention_mask=self._torch.ones_like(ids),
                max_new_tokens=decoding.max_tokens,
                repetition_penalty=decoding.repeat_penalty,
                pad_token_id=self._tokenizer.pad_token_id or self._tokenizer.eos_token_id,
                **chosen,
            )
        drawn = out[0][ids.shape[-1] :]
        text = self._tokenizer.decode(drawn, skip_special_tokens=True)
        ms = (time.perf_counter() - began) * 1000
        n, n_prompt = int(drawn.shape[0]), int(ids.shape[-1])
        return Drawn(text, n, n < decoding.max_tokens, n_prompt, 0, round(ms, 1))

    def likelihood(self, given: Sequence[ChatMessage], real: str) -> Likelihood | None:
        torch = self._torch
        before = self._ids(given)
        wanted = self._tokenizer(real, add_special_tokens=False)["input_ids"]
        wanted = torch.tensor([[*wanted, self._tokenizer.eos_token_id]])
        with torch.no_grad():
            logits = self._model(input_ids=torch.cat([before, wanted], dim=1)).logits[0]
        rows = torch.log_softmax(logits[before.shape[1] - 1 : -1].float(), -1)
        found = rows.gather(1, wanted[0][:, None]).sum()
        return Likelihood(float(found), int(wanted.shape[1]))

    def close(self) -> None:
        self._model = None


def transformers_record(name: str) -> Model:
    """By the content of its weight files where it is a folder, by name otherwise."""
    from models.store import sha256_of

    files = sorted(Path(name).glob("*.safetensors")) if Path(name).is_dir() else []
    digest = hashlib.sha256(name.encode() if not files else b"")
    for file in files:
        digest.update(sha256_of(file).encode())
    size = sum(file.stat().st_size for file in files)
    return Model(id=Path(name).name, file=name, sha256=digest.hexdigest(), bytes=size)
