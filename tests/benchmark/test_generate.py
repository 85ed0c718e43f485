"""Generation with the real civilian: kept as it comes, resumed, refused where it would mix."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.commands import bench
from benchmark.errors import BadBenchmarkInput
from benchmark.generate import generate
from benchmark.generate_progress import Step
from benchmark.generate_prompts import GENERIC_SYSTEM, SETTINGS, cleaned, messages
from benchmark.generate_record import read_generation
from benchmark.generate_speakers import GgufSpeaker, Question, between_answers
from benchmark.generate_workload import dialogues
from models.gguf_info import read_gguf
from models.store import model_path
from scenarios.prompt import ARRIVAL
from tests.benchmark.generated_talk import PLAN, SHORT, small

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def speaker(civilian_gguf: Path) -> Iterator[GgufSpeaker]:
    with GgufSpeaker(civilian_gguf, n_ctx=1024) as made:
        yield made


def texts(folder: Path) -> list[tuple[int, str, float | None]]:
    found = read_generation(folder).replies
    return [(n, r.raw, r.real_log_probability) for n, r in sorted(found.items())]


def test_a_generation_is_kept_and_read_back(speaker: GgufSpeaker, tmp_path: Path) -> None:
    made = generate(speaker, small(), PLAN, tmp_path / "a")
    assert made.done == 3
    assert not made.errors
    again = read_generation(tmp_path / "a")
    assert again.manifest.model.quantisation == read_gguf(model_path("civilian")).quantisation
    assert again.replies == made.replies
    for reply in again.replies.values():
        assert 0 < reply.n_tokens <= 8
        assert reply.real_log_probability is not None
        assert -80 < reply.real_log_probability < 0
    # The later turns' prompts stand on the first's: nothing of it is computed again.
    assert again.replies[2].n_prompt > again.replies[1].n_prompt > again.replies[0].n_prompt
    assert again.replies[1].n_cached > 0.6 * again.replies[0].n_prompt


def test_interrupted_it_goes_on_to_the_same_end(speaker: GgufSpeaker, tmp_path: Path) -> None:
    generate(speaker, small(), PLAN, tmp_path / "whole")

    @contextmanager
    def stops(total: int, done: int) -> Iterator[Step]:
        def step(said: str) -> None:
            raise KeyboardInterrupt

        yield step

    with pytest.raises(KeyboardInterrupt):
        generate(speaker, small(), PLAN, tmp_path / "broken", stops)
    assert read_generation(tmp_path / "broken").done == 1
    with (tmp_path / "broken" / "replies.jsonl").open("a") as stream:
        stream.write('{"number": 1, "text": "cut o')  # what a kill leaves
    generate(speaker, small(), PLAN, tmp_path / "broken")
    assert texts(tmp_path / "broken") == texts(tmp_path / "whole")


def test_a_seed_is_a_draw_and_another_seed_another(speaker: GgufSpeaker, tmp_path: Path) -> None:
    generate(speaker, small(), PLAN, tmp_path / "a")
    generate(speaker, small(), PLAN, tmp_path / "b")
    generate(speaker, small(), replace(PLAN, seed=1), tmp_path / "c")
    assert texts(tmp_path / "a") == texts(tmp_path / "b")
    assert texts(tmp_path / "a") != texts(tmp_path / "c")


def test_another_question_does_not_go_into_the_same_folder(
    speaker: GgufSpeaker, tmp_path: Path
) -> None:
    generate(speaker, small(), PLAN, tmp_path / "a")
    before = (tmp_path / "a" / "replies.jsonl").read_bytes()
    for plan, asked, why in (
        (
            replace(PLAN, decoding=replace(SHORT, temperature=0.9)),
            small(),
            r"decoding\.temperature",
        ),
        (replace(PLAN, setting=SETTINGS["paper"]), small(), "setting"),
        (PLAN, small(4), "workload"),
    ):
        with pytest.raises(BadBenchmarkInput, match=f"another generation.*{why}"):
            generate(speaker, asked, plan, tmp_path / "a")
    assert (tmp_path / "a" / "replies.jsonl").read_bytes() == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(BadBenchmarkInput, match="not empty"):
        generate(speaker, small(), PLAN, tmp_path / "other")


def test_a_workload_edited_afterwards_is_refused(speaker: GgufSpeaker, tmp_path: Path) -> None:
    generate(speaker, small(), PLAN, tmp_path / "a")
    path = tmp_path / "a" / "workload.jsonl"
    path.write_text(path.read_text("utf-8").replace("Probably Mrs. Ortiz.", "Nobody."), "utf-8")
    with pytest.raises(BadBenchmarkInput, match="was changed after it was answered"):
        read_generation(tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("manifest.json", '{"schema_version": 1, "id"', "cut short"),
        ("manifest.json", '{"schema_version": 0}', "schema 0"),
        ("manifest.json", '{"schema_version": 1}', "not a manifest"),
        ("replies.jsonl", "rubbish\n", "no line of a generation"),
        ("replies.jsonl", '{"number": 99}\n', "no turn 99"),
    ],
)
def test_a_broken_folder_is_one_line(
    speaker: GgufSpeaker, tmp_path: Path, name: str, text: str, why: str
) -> None:
    generate(speaker, small(1), PLAN, tmp_path / "a")
    (tmp_path / "a" / name).write_text(text)
    with pytest.raises(BadBenchmarkInput, match=why) as problem:
        read_generation(tmp_path / "a")
    assert "\n" not in str(problem.value)


def test_free_running_stands_on_its_own_words(speaker: GgufSpeaker, tmp_path: Path) -> None:
    plan = replace(PLAN, mode="free-running")
    made = generate(speaker, small(), plan, tmp_path / "free")
    forced = generate(speaker, small(), PLAN, tmp_path / "forced")
    assert made.replies[0].real_log_probability is None
    assert made.replies[1].n_prompt != forced.replies[1].n_prompt


def test_branches_find_the_probabilities_that_a_fresh_context_finds(
    speaker: GgufSpeaker, civilian_gguf: Path
) -> None:
    """Within what batches of other sizes move a 4-bit model: a tenth of a nat a token."""
    from models.scores import Scorer

    talk = small().conversations[0]
    said = [turn.civilian for turn in talk.turns]
    questions = [
        Question(messages(talk, at, SETTINGS["fixed"], said[:at]), 1, said[at]) for at in range(3)
    ]
    found = [answer.real for answer in speaker.answers(questions, SHORT)]
    with Scorer(civilian_gguf, 512) as scorer:
        for question, real in zip(questions, found, strict=True):
            branch = speaker._branch(question, SHORT)
            at = list(range(len(branch.prompt) - 1, len(branch.prompt) + len(branch.real) - 1))
            rows = scorer.log_probabilities(branch.prompt + branch.real, at)
            expected = sum(float(row[t]) for row, t in zip(rows, branch.real, strict=True))
            assert real is not None
            assert real.n_tokens == len(branch.real)
            assert real.log_probability == pytest.approx(expected, abs=0.1 * real.n_tokens)


def test_one_answer_behind_an_engine_is_scored_as_a_branch_is(civilian_gguf: Path) -> None:
    from models.engine import Engine, EngineSettings
    from models.scores import following

    with Engine(civilian_gguf, EngineSettings(n_ctx=512, slice_tokens=32)) as engine:
        engine.prefill(engine.tokenize("The officer said that"))
        wanted = engine.tokenize(" the car was parked on the street outside the house." * 4)
        found = following(engine, wanted)
        assert len(found) == len(wanted) > 40
        assert all(value < 0 for value in found)
        assert (
            sum(found[12:]) / len(found[12:]) > sum(found[:8]) / 8
        )  # what was said before is likelier


# -- prompts


def test_the_papers_prompt_is_generic_and_says_everything_twice() -> None:
    talk = small().conversations[0]
    given = messages(talk, 2, SETTINGS["paper"], ["Nothing.", "Yes, I live here."])
    assert given[0].content == GENERIC_SYSTEM
    assert [
        m.role for m in given
    ] == "system user assistant assistant user assistant assistant user".split()
    assert given[2] == given[3]
    assert given[-1].content == "Who called us?"


def test_the_fixed_prompt_is_what_play_sends() -> None:
    talk = small().conversations[0]
    given = messages(talk, 1, SETTINGS["fixed"], ["Nothing."])
    assert given[0].content == talk.system
    assert [m.role for m in given] == "system user assistant user".split()
    assert given[1].content == "Evening. What's going on here?"  # an earlier direction has gone
    assert given[-1].content == f"Do you live here?\n{talk.turns[1].direction}"


def test_tokens_are_laid_down_as_a_session_does(speaker: GgufSpeaker, civilian_gguf: Path) -> None:
    from models.chat import Conversation as Talk
    from models.engine import Engine, EngineSettings

    talk = small().conversations[0]
    with Engine(civilian_gguf, EngineSettings(n_ctx=512)) as engine:
        session = Talk(engine)
        session.start(talk.system, [])
        session.begin_turn()
        session.hear(talk.turns[0].officer)
        session.settle(talk.turns[0].civilian)
        session.begin_turn()
        session.hear(talk.turns[1].officer)
        expected = engine.tokens + session.direction_tokens(talk.turns[1].direction)
    assert speaker._tokens(messages(talk, 1, SETTINGS["fixed"], ["Nothing."])) == expected


def test_a_template_that_refuses_two_answers_in_a_row_is_known() -> None:
    assert between_answers(CHATML, "", "") == "<|im_end|>\n<|im_start|>assistant\n"
    strict = (
        "{% if messages[1].role == messages[2].role %}{{ raise_exception('no') }}{% endif %}"
        + CHATML
    )
    strict = strict.replace("messages[1]", "messages[-2]").replace("messages[2]", "messages[-3]")
    assert between_answers(strict, "", "") is None


def test_labels_and_the_officers_next_line_are_taken_off() -> None:
    assert cleaned(" Civilian: I don't know.\nOfficer: Come on.") == "I don't know."
    assert cleaned("Fine.<|im_end|>") == "Fine."
    assert cleaned("  ") == ""


# -- workloads


def test_the_library_workload_is_held_out_and_asks_for_no_opening() -> None:
    from training.recipe import load_recipe
    from training.rows import read_library

    recipe = load_recipe("smollm2-135m-full")
    learnt = {
        c.source for c in read_library(recipe.data.dev_share, recipe.seed) if c.split == "train"
    }
    found = dialogues("library", 100)
    assert len(found.asked) == 100
    assert not set(found.sources) & learnt
    assert all(
        found.conversations[a.conversation].turns[a.turn].officer != ARRIVAL for a in found.asked
    )
    assert dialogues("library", 100).identity == found.identity
    assert dialogues("library", 90).identity != found.identity


def test_a_corpus_workload_is_its_validation_part(tmp_path: Path) -> None:
    def row(name: str, split: str) -> str:
        lines = [
            ("system", "A man.\nA police officer is talking to him. Answer as him."),
            ("user", "Hi."),
        ]
        lines += [
            ("assistant", f"I was at my cousin's house on {name} street, sir."),
            ("user", "So?"),
        ]
        lines += [("assistant", "My cousin's house, I told you, on the street.")]
        talk = [{"role": role, "content": text} for role, text in lines]
        return json.dumps({"id": f"{name}#0", "source": name, "split": split, "messages": talk})

    chat = tmp_path / "chat"
    chat.mkdir()
    (chat / "train.jsonl").write_text(row("elm", "train") + "\n")
    (chat / "validation.jsonl").write_text(
        row("oak", "validation") + "\n" + row("ash", "validation") + "\n"
    )
    found = dialogues(str(tmp_path), 3)
    assert sorted(found.sources) == ["ash", "oak"]
    assert len(found.asked) == 3
    assert all(turn.direction.startswith("(") for c in found.conversations for turn in c.turns)


def test_a_runs_dev_turns_and_an_earlier_generation_are_workloads(
    speaker: GgufSpeaker, tmp_path: Path
) -> None:
    from training.data import write_dev

    write_dev(small(4).conversations, tmp_path / "dev.jsonl")
    found = dialogues(str(tmp_path / "dev.jsonl"), 2)
    assert len(found.asked) == 2
    assert found.conversations[0].turns == small(2).conversations[0].turns
    generate(speaker, small(), PLAN, tmp_path / "a")
    assert dialogues(str(tmp_path / "a"), 400).identity == small().identity
    (tmp_path / "dev.jsonl").write_text('{"turns": 3}\n')
    with pytest.raises(BadBenchmarkInput, match=r"dev\.jsonl:1: not a conversation"):
        dialogues(str(tmp_path / "dev.jsonl"), 2)


def test_an_unknown_workload_is_one_line_and_exit_2(tmp_path: Path) -> None:
    for words, why in (
        (["--workload", str(tmp_path / "nowhere")], "no such workload"),
        (["--workload", str(tmp_path)], "no chat/validation.jsonl"),
        (["--model", str(tmp_path / "x.gguf")], "x.gguf"),
        (["--adapter", str(tmp_path / "a.gguf")], "no such adapter"),
        (["--endpoint", "nonsense"], "no address of a server"),
        (["--endpoint", "http://x/v1", "--transformers", "y"], "not both"),
        (["--recipe", "none-such"], "no such recipe"),
    ):
        done = CliRunner().invoke(bench, ["generate", "--out", str(tmp_path / "out"), *words])
        assert getattr(done.exception, "exit_code", done.exit_code) == 2, words
        assert why in str(done.exception), words
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_transformers_model_answers_and_tells_how_likely_the_real_reply_was(
    tmp_path: Path,
) -> None:
    torch = pytest.importorskip(
        "torch", reason="needs the train extra: make pipeline-smoke installs it"
    )
    transformers = pytest.importorskip("transformers", reason="needs the train extra")
    from benchmark.generate_transformers import TransformersSpeaker
    from models.fetch import model_path

    base = model_path("civilian")
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(base.parent), gguf_file=base.name)
    tokenizer.save_pretrained(tmp_path / "tiny")
    torch.manual_seed(0)
    shape = {
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    config = transformers.LlamaConfig(
        vocab_size=49152, num_key_value_heads=2, eos_token_id=2, **shape
    )
    transformers.LlamaForCausalLM(config).save_pretrained(tmp_path / "tiny")
    speaker = TransformersSpeaker(str(tmp_path / "tiny"))
    made = generate(speaker, small(2), replace(PLAN, setting=SETTINGS["paper"]), tmp_path / "a")
    again = generate(speaker, small(2), replace(PLAN, setting=SETTINGS["paper"]), tmp_path / "b")
    assert [r.raw for r in made.replies.values()] == [r.raw for r in again.replies.values()]
    for reply in made.replies.values():
        assert reply.real_log_probability is not None
        # Random weights know nothing: each token about as likely as any other.
        assert reply.real_log_probability / reply.real_tokens == pytest.approx(-10.8, abs=0.7)
    assert made.manifest.speaker["speaker"] == "transformers"
    assert len(made.manifest.model.sha256) == 64
    with pytest.raises(BadBenchmarkInput, match="transformers cannot load it"):
        TransformersSpeaker(str(tmp_path / "nothing-here"))
