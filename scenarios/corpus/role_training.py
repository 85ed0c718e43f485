"""Fits the role model: speakers whose label names their role teach how each role talks.

Files of the hand-labelled set are left out, so that accuracy on them means something. To fit again:
    python -m scenarios.corpus.role_training SOURCE
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from scenarios.corpus.readers import read
from scenarios.corpus.role_labels import hand_labels
from scenarios.corpus.role_model import (
    BUCKETS,
    MODEL_ROLES,
    Floats,
    Ids,
    features,
    stretches,
    word_ids,
)
from scenarios.corpus.role_words import sense_of
from scenarios.corpus.roles import Speaker, speakers_of
from scenarios.corpus.sources import files_in
from scenarios.corpus.transcript import Role, video_of

#: One round on labels that name a role, then two that also take the surest of the bare names.
ROUNDS = 3

Example = tuple[Ids, Floats, int]


def examples(source: Path, table: Floats | None = None) -> list[Example]:
    """With no `table`: speakers whose label names a role. With one, from an earlier round: also the
    speakers under a bare name of whom that round was sure, each in the role it gave."""
    held = {video_of(stem) for stem in hand_labels()}
    found: list[Example] = []
    empty = np.empty(0, np.int64)
    for raw in files_in(source):
        transcript = read(raw).transcript
        if transcript is None or transcript.video in held:
            continue
        said = [word_ids(turn.text) for turn in transcript.turns]
        by_speaker: dict[str, list[int]] = defaultdict(list)
        for index, turn in enumerate(transcript.turns):
            by_speaker[turn.speaker].append(index)
        roles = {label: sense_of(label).role for label in by_speaker}
        if table is not None:
            roles |= _sure_names(speakers_of(transcript, table), len(said))
        for speaker, at in by_speaker.items():
            role = roles[speaker]
            if role not in MODEL_ROLES:
                continue
            for stretch in stretches(said, at)[:12]:  # a long talker is still one person
                around = [
                    (said[i - 1] if i else empty, said[i + 1] if i + 1 < len(said) else empty)
                    for i in stretch
                ]
                buckets, values = features([said[i] for i in stretch], around)
                found.append((buckets, values, MODEL_ROLES.index(role)))
    return found


def _sure_names(speakers: list[Speaker], turns: int) -> dict[str, Role | None]:
    return {
        s.label: s.role
        for s in speakers
        if s.sense.kind == "name"
        and s.confidence > 0.9
        and (s.role in ("officer", "narrator") or s.turns > 0.1 * turns)
    }


def fit(data: list[Example], epochs: int = 8, rate: float = 0.5, decay: float = 1e-8) -> Floats:
    """Multinomial logistic regression by Adagrad, one example at a time; classes weigh alike by
    root.
    """
    rng = np.random.default_rng(4)
    table = np.zeros((len(MODEL_ROLES), BUCKETS + 1), np.float32)
    grown = np.full(table.shape, 1e-2, np.float32)
    sizes = np.bincount([role for _, _, role in data], minlength=len(MODEL_ROLES)).astype(float)
    importance = (sizes.mean() / np.maximum(sizes, 1.0)) ** 0.7
    bias = np.asarray([BUCKETS])
    for epoch in range(epochs):
        loss = 0.0
        for at in rng.permutation(len(data)):
            buckets, values, role = data[at]
            where = np.concatenate([buckets, bias])
            x = np.concatenate([values, np.ones(1, np.float32)])
            logits = table[:, where] @ x
            p = np.exp(logits - logits.max())
            p /= p.sum()
            loss -= float(np.log(p[role] + 1e-9))
            p[role] -= 1.0
            gradient = np.outer(p * importance[role], x) + decay * len(data) * table[:, where] * (
                x > 0
            )
            grown[:, where] += gradient**2
            table[:, where] -= rate * gradient / np.sqrt(grown[:, where])
        print(f"epoch {epoch + 1}: loss {loss / len(data):.4f}", flush=True)
    return table


def save(table: Floats, path: Path) -> None:
    """One byte a weight: the loss of accuracy is below what the labels can show."""
    scale = np.abs(table).max(axis=1) / 127
    small = np.round(table / scale[:, None]).astype(np.int8)
    np.savez_compressed(path, weights=small, scale=scale.astype(np.float32))


if __name__ == "__main__":
    fitted: Floats | None = None
    for _ in range(ROUNDS):
        rows = examples(Path(sys.argv[1]), fitted)
        print(f"{len(rows)} stretches")
        fitted = fit(rows)
    assert fitted is not None
    save(fitted, Path(__file__).with_name("role_weights.npz"))
