"""What a fine-tuned model says too often itself, made less likely: unlikelihood of its own replies.

Drawn cold, a small model says "I don't know." ten times as often as people do. Li et al. 2020 ("Don't Say
That!", arXiv 1911.03860) draw replies of the model itself and lower, by the unlikelihood of Welleck et al.
2019 (arXiv 1908.04319), the words that it uses more than people do, each by the logarithm of how much more.
Here a word is counted behind the word before it, so that "know" may stay and "don't know" goes; a pair that the
reply has already said counts beside that as a repeat ("okay okay okay", Welleck's other term), held against the
repeats of people. What the prompt told it to say is never held against it: without that it unlearns the facts that
it is given. The real replies are learnt beside it as ever.
"""

from __future__ import annotations

import json
import math
import os
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from training.errors import BadData
from training.layout import Own, Speech
from training.recipe import OwnWords, Recipe
from training.rows import Conversation

#: Counts that every pair of words is given beforehand, so that one seen once and never is no verdict.
_PRIOR = 2.0
_BEGIN = -1

Said = dict[
    tuple[str, int], list[int]
]  # conversation and turn, the tokens of a reply, end included


def draw_own(
    model: Any,
    recipe: Recipe,
    conversations: Sequence[Conversation],
    speech: Speech,
    path: Path,
    begun_as: str,
) -> Said:
    """The model's own replies at the turns of drawn conversations, kept in `path` as they come.

    begun_as: what the weights are; a file that another model began is begun anew. A killed run goes
    on behind the last whole conversation.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    wanted = recipe.own_words
    assert wanted is not None
    chosen = list(conversations)
    random.Random(recipe.seed).shuffle(chosen)
    head = json.dumps({"of": begun_as, "asked": _drawing(wanted)})
    done = _read(path, head)
    _begin(path, head, done)
    said = {key: reply for part in done.values() for key, reply in part.items()}
    with (
        path.open("a", encoding="utf-8") as stream,
        Progress(
            "its own replies",
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as bar,
    ):
        task = bar.add_task("", total=wanted.replies, completed=len(said))
        for conversation in chosen:
            if len(said) >= wanted.replies:
                break
            if conversation.id in done:
                continue
            found = _replies(model, conversation, speech, wanted, recipe)
            stream.write(_line(conversation.id, found))
            stream.flush()
            said |= {(conversation.id, turn): reply for turn, reply in found.items()}
            bar.update(task, advance=len(found))
    if not said:
        raise BadData(f"{recipe.name}: no turn fits into {recipe.data.max_tokens} tokens")
    return said


def _drawing(wanted: OwnWords) -> dict[str, Any]:
    """What the replies depend on: not how strongly they are then held against the model."""
    return wanted.model_dump(include={"replies", "temperature", "top_p", "max_new_tokens"})


def weigh(
    said: Said, conversations: Iterable[Conversation], speech: Speech, most: float
) -> tuple[Own, list[Conversation]]:
    """Each token of the own replies with how much it is to be lowered, and the conversations they are of.

    The weight is ln(how often the model says it / how often people do, behind the same token), from 0
    to `most`; 0 for a token of the turn's stage direction or a pair of the system message; where a reply
    says a pair again, at least ln(the model's repeats / people's).
    """
    asked = {name for name, _ in said}
    chosen = [c for c in conversations if c.id in asked]
    by_people: Counter[tuple[int, int]] = Counter()
    by_model: Counter[tuple[int, int]] = Counter()
    people_repeat = model_repeats = 0
    for conversation in chosen:
        for number, turn in enumerate(conversation.turns):
            if (conversation.id, number) in said:
                reply = [*speech.said(turn.civilian), speech.end_of_turn]
                by_people.update(_pairs(reply))
                people_repeat += sum(_again(reply))
    for reply in said.values():
        by_model.update(_pairs(reply))
        model_repeats += sum(_again(reply))

    def more(by_model: int, by_people: int) -> float:
        return min(most, max(0.0, math.log((by_model + _PRIOR) / (by_people + _PRIOR))))

    weights = {pair: more(n, by_people[pair]) for pair, n in by_model.items()}
    repeat = more(model_repeats, people_repeat)
    own: dict[tuple[str, int], list[tuple[int, float]]] = {}
    for conversation in chosen:
        knows = set(_pairs(speech.said(conversation.system)))
        for number, turn in enumerate(conversation.turns):
            key = (conversation.id, number)
            if key not in said:
                continue
            told, own[key] = set(speech.direction(turn)), []
            for pair, again in zip(_pairs(said[key]), _again(said[key]), strict=True):
                free = pair[1] in told or pair in knows
                weight = max(0.0 if free else weights[pair], repeat * again)
                own[key].append((pair[1], round(weight, 4)))
    return own, chosen


def unlikelihood(cross_entropy: Any) -> Any:
    """-ln(1 - p) of tokens whose -ln(p) is given; bounded where the model is sure of one."""
    import torch

    return -torch.log1p(-torch.exp(-cross_entropy).clamp(max=1 - 1e-4))


def _pairs(reply: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip([_BEGIN, *reply[:-1]], reply, strict=True))


def _again(reply: Sequence[int]) -> list[bool]:
    """Whether each token ends a pair that the reply has said before."""
    pairs = _pairs(reply)
    first = {pair: at for at, pair in reversed(list(enumerate(pairs)))}
    return [first[pair] < at for at, pair in enumerate(pairs)]


def _line(name: str, found: dict[int, list[int]]) -> str:
    return json.dumps({"id": name, "said": sorted(found.items())}) + "\n"


def _begin(path: Path, head: str, done: dict[str, Said]) -> None:
    """The file with its head and the whole lines: a killed run may have left half a one at its end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    kept = (_line(name, {turn: r for (_, turn), r in said.items()}) for name, said in done.items())
    part.write_text(head + "\n" + "".join(kept), encoding="utf-8")
    part.replace(path)


def _read(path: Path, head: str) -> dict[str, Said]:
    """What an earlier start has drawn, by conversation; nothing where it was another model's."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    if not lines or lines[0] != head:
        return {}
    found: dict[str, Said] = {}
    for line in lines[1:]:
        try:
            row = json.loads(line)
        except ValueError:
            break  # killed in the middle of it
        found[row["id"]] = {(row["id"], turn): reply for turn, reply in row["said"]}
    return found


def _replies(
    model: Any, conversation: Conversation, speech: Speech, wanted: OwnWords, recipe: Recipe
) -> dict[int, list[int]]:
    """One reply at each learnt turn, as play asks for it: what stands before is computed once."""
    import torch
    from transformers import DynamicCache

    draw = torch.Generator(device=model.device).manual_seed(
        random.Random(f"{recipe.seed} {conversation.id}").getrandbits(40)
    )
    cache = DynamicCache()
    at = 0

    def feed(tokens: Sequence[int]) -> Any:
        ids = torch.tensor([tokens], device=model.device)
        return model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[
            0, -1
        ]

    found: dict[int, list[int]] = {}
    waiting = [*speech.head, *speech.said(conversation.system), *speech.to_officer]
    with torch.no_grad():
        for number, turn in enumerate(conversation.turns):
            waiting += speech.said(turn.officer)
            reply = speech.said(turn.civilian)
            branch = [*speech.direction(turn), *speech.to_civilian]
            if at + len(waiting) + len(branch) + len(reply) > recipe.data.max_tokens:
                break
            if turn.learn:
                feed(waiting)
                at, waiting = at + len(waiting), []
                logits = feed(branch)
                spoken: list[int] = []
                while len(spoken) < wanted.max_new_tokens:
                    spoken.append(_one(logits.float(), wanted, draw))
                    if spoken[-1] == speech.end_of_turn:
                        break
                    logits = feed(spoken[-1:])
                found[number] = spoken
                cache.crop(at - cache.get_seq_length())  # takes how many to remove, below 0
            waiting += [*speech.to_civilian, *reply, *speech.next_officer]
    return found


def _one(logits: Any, wanted: OwnWords, draw: Any) -> int:
    """A token at the temperature, out of the likeliest that make up top_p."""
    import torch

    shares, order = torch.softmax(logits / wanted.temperature, -1).sort(descending=True)
    shares[shares.cumsum(-1) - shares > wanted.top_p] = 0
    return int(order[torch.multinomial(shares, 1, generator=draw)])
