"""A conversation as tokens, exactly as `play` lays them down, with what counts for the loss.

`play` drops a turn's stage direction once the reply has been heard (models.chat, `settle`), so at any
turn only the newest direction stands. One row for each reply would compute a dialogue of fourteen
turns fourteen times over. Instead a dialogue is one sequence with branches: the trunk is what stays
(words and replies), and each learnt reply is also a branch off it (direction, reply, end of turn),
which later turns cannot see. Positions count along what a token sees. That is the same
probability for every reply as in play, at about a third more tokens than the bare dialogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from models.chat import ChatFormat
from training.errors import BadData, BadRecipe
from training.rows import Conversation, Origin, Turn

#: text, whether control tokens written out in it count as such
Tokenise = Callable[[str, bool], list[int]]

#: By conversation and turn: what the model itself said there, its end included, each token with how
#: much it is to be made less likely (own_words.py).
Own = Mapping[tuple[str, int], Sequence[tuple[int, float]]]

TRUNK = -1
#: Branches of own replies count down from here, those of real ones up from 0.
_OWN = -2
#: Turns of the window before that a new window opens with; they are not learnt again.
_CARRIED = 3


@dataclass
class Layout:
    """One sequence. All lists have one entry a token.

    branches: TRUNK or the branch a token is on. targets: the token to be predicted *here*, or -1;
    weights: how much that prediction counts in training; below 0, how much it is to be made less likely.
    """

    origin: Origin
    ids: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def learnt(self) -> int:
        """Tokens that are to be said."""
        return sum(
            target >= 0 and w > 0 for target, w in zip(self.targets, self.weights, strict=True)
        )

    def add(self, tokens: Sequence[int], at: int, branch: int) -> int:
        """Append tokens from position `at`; the position after them."""
        self.ids += tokens
        self.positions += range(at, at + len(tokens))
        self.branches += [branch] * len(tokens)
        self.targets += [-1] * len(tokens)
        self.weights += [0.0] * len(tokens)
        return at + len(tokens)


class Speech:
    """The fixed text of a chat format, as tokens, and the tokeniser for what is said between."""

    def __init__(self, form: ChatFormat, tokenise: Tokenise, control: frozenset[int]) -> None:
        self.tokenise = tokenise
        self.head = tokenise(form.head, True)
        self.to_officer = tokenise(form.to_officer, True)
        self.to_civilian = tokenise(form.to_civilian, True)
        self.next_officer = tokenise(form.next_officer, True)
        if not self.next_officer or self.next_officer[0] not in control:
            raise BadRecipe(
                "this base's chat template does not end a civilian's turn with a control token "
                f"(found {form.next_officer[:20]!r}): the model could not learn to stop"
            )
        self.end_of_turn = self.next_officer[0]

    def said(self, text: str) -> list[int]:
        return self.tokenise(text, False)

    def direction(self, turn: Turn) -> list[int]:
        return self.said(f"\n{turn.direction}") if turn.direction else []


def layouts(
    conversation: Conversation,
    speech: Speech,
    max_tokens: int,
    directions: str,
    own: Own | None = None,
) -> list[Layout]:
    """The conversation in windows of at most `max_tokens` tokens. directions: as in the recipe.

    own: each reply of the model itself is one more branch, beside the real one.
    """
    head = [*speech.head, *speech.said(conversation.system), *speech.to_officer]
    turns = list(conversation.turns)
    done: list[Layout] = []
    fresh = 0
    while fresh < len(turns):
        start = max(0, fresh - _CARRIED)
        while True:
            layout, end = _window(
                conversation, head, start, fresh, speech, max_tokens, directions, own or {}
            )
            if end > fresh or start == fresh:
                break
            start += 1
        if end == fresh:  # a single exchange that is too long for any window
            end = fresh + 1
        elif layout.learnt:
            done.append(layout)
        fresh = end
    return done


def _window(
    conversation: Conversation,
    head: list[int],
    start: int,
    fresh: int,
    speech: Speech,
    max_tokens: int,
    directions: str,
    own: Own,
) -> tuple[Layout, int]:
    """Turns from `start`, learnt from `fresh` on, as far as they fit; the turn that did not."""
    layout = Layout(conversation.origin)
    at = layout.add(head, 0, TRUNK)
    end = start
    for index in range(start, len(conversation.turns)):
        turn = conversation.turns[index]
        learn = turn.learn and index >= fresh
        pieces = _Pieces(turn, speech)
        wanted = [*pieces.reply, speech.end_of_turn]
        said = own.get((conversation.id, index), ()) if learn else ()
        branched = directions == "newest" and bool(pieces.direction or said)
        size = pieces.size(branched and learn, directions)
        before = [*pieces.direction, *speech.to_civilian]
        if len(layout) + size + (len(before) + len(said) if said else 0) > max_tokens:
            break
        at = layout.add(pieces.officer, at, TRUNK)
        if branched:
            if said:
                tokens = [token for token, _ in said]
                layout.add([*before, *tokens[:-1]], at, _OWN - index)
                _predict(layout, tokens, [-weight for _, weight in said])
            if learn:
                layout.add([*before, *pieces.reply], at, index)
                _predict(layout, wanted, [turn.weight] * len(wanted))
            at = layout.add([*speech.to_civilian, *pieces.reply], at, TRUNK)
        else:
            told = pieces.direction if directions == "every" else []
            at = layout.add([*told, *speech.to_civilian, *pieces.reply], at, TRUNK)
            if learn:
                _predict(layout, wanted, [turn.weight] * len(wanted))
        at = layout.add(speech.next_officer, at, TRUNK)
        end = index + 1
    return layout, end


def _predict(layout: Layout, wanted: Sequence[int], weights: Sequence[float]) -> None:
    """A reply without its end is the last thing laid down: its tokens and its end are to be predicted.

    The first is predicted by the token before the reply, the end of the turn by the reply's last.
    """
    first = len(layout) - len(wanted)
    for offset, (token, weight) in enumerate(zip(wanted, weights, strict=True)):
        layout.targets[first + offset] = token if weight else -1
        layout.weights[first + offset] = weight


class _Pieces:
    def __init__(self, turn: Turn, speech: Speech) -> None:
        self.officer = speech.said(turn.officer)
        self.direction = speech.direction(turn)
        self.reply = speech.said(turn.civilian)
        self._fixed = len(speech.to_civilian) + len(speech.next_officer)
        self._again = len(speech.to_civilian) + len(self.reply)

    def size(self, branch: bool, directions: str) -> int:
        n = len(self.officer) + len(self.reply) + self._fixed
        if branch:
            return n + len(self.direction) + self._again
        return n + (len(self.direction) if directions == "every" else 0)


def describe(layout: Layout, piece: Callable[[int], str]) -> list[str]:
    """One line a token: position, branch, token and, where it counts, what is to be predicted."""
    lines = []
    for index, token in enumerate(layout.ids):
        branch = layout.branches[index]
        where = "trunk" if branch == TRUNK else f"turn {branch}"
        where = f"own {_OWN - branch}" if branch <= _OWN else where
        target = layout.targets[index]
        told = f"  -> {piece(target)!r} x{layout.weights[index]:g}" if target >= 0 else ""
        lines.append(f"{layout.positions[index]:5d} {where:8} {piece(token)!r}{told}")
    return lines


def all_layouts(
    conversations: Sequence[Conversation],
    speech: Speech,
    max_tokens: int,
    directions: str,
    own: Own | None = None,
) -> list[Layout]:
    """Layouts of many conversations. Raises BadData where nothing at all fits."""
    found = [
        layout
        for conversation in conversations
        for layout in layouts(conversation, speech, max_tokens, directions, own)
    ]
    if not found:
        raise BadData(
            f"no conversation has an exchange that fits into {max_tokens} tokens with its system "
            "message; raise data.max_tokens"
        )
    return found
