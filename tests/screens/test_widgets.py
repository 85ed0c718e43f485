"""The parts of the screens that are functions of their arguments."""

from __future__ import annotations

import pytest

from scenarios.loader import all_scenarios
from simulator.events import CivilianSpoke, Timings, TurnTimed
from simulator.screens.affect_bars import bar
from simulator.screens.agitation_plot import plot_lines
from simulator.screens.latency import latency_line, level_meter
from simulator.screens.officer_input import one_line
from simulator.screens.picker import dots, fitting
from simulator.screens.talk_key import TalkKey


def test_a_bar_is_as_long_as_it_is_asked_to_be_and_says_its_value_without_colour() -> None:
    assert bar(0, 10) == "░" * 10
    assert bar(50, 10) == "█████░░░░░"
    assert bar(100, 10) == "█" * 10


def test_the_plot_has_a_column_for_each_turn_as_high_as_the_agitation() -> None:
    lines = plot_lines([100, 50, 0], width=30, height=9)
    assert len(lines) == 9
    assert lines[0].startswith("100 │█████")  # only the first turn reaches the top
    assert lines[0].count("█") == 5
    assert lines[7].count("█") == 10  # two turns stand on the ground
    assert lines[8].split("└")[1].split() == ["0", "1", "2"]


def test_a_plot_of_more_turns_than_columns_keeps_the_peak() -> None:
    values = [10] * 300
    values[123] = 100
    lines = plot_lines(values, width=60, height=9)
    assert "█" in lines[0]
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize("turns", [1, 2, 9, 10, 55, 56, 300])
def test_no_line_of_the_plot_is_wider_than_the_screen(turns: int) -> None:
    assert max(map(len, plot_lines([50] * turns, width=58, height=9))) <= 58


def test_the_latency_line_names_only_the_stages_that_there_were() -> None:
    typed = TurnTimed(turn=1, turn_end_s=10.0, first_clause_s=10.4)
    assert latency_line(typed, None) == "answered in 0.4 s: first words 0.4"
    timings = Timings(
        n_prompt=9, n_cached=9, prefill_ms=120, ttft_ms=130, n_generated=9, decode_tokens_per_s=30
    )
    said = CivilianSpoke(turn=1, text="What?", origin="model", timings=timings)
    spoken = TurnTimed(
        turn=1,
        speech_end_s=9.0,
        turn_end_s=9.5,
        asr_done_s=9.2,
        first_clause_s=9.3,
        first_audio_s=9.4,
        playback_start_s=9.4,
    )
    stages = "words known 0.2, first words 0.3, spoken 0.4, heard 0.4, certain 0.5"
    assert latency_line(spoken, said) == f"answered in 0.4 s: {stages}"
    ahead = said.model_copy(update={"timings": timings.model_copy(update={"ahead_ms": 300})})
    assert latency_line(spoken, ahead) == f"answered in 0.4 s: drafted while you spoke, {stages}"


def test_the_level_meter_is_empty_in_silence_and_full_at_full_scale() -> None:
    assert level_meter(-80, 10) == "▯" * 10
    assert level_meter(-30, 10) == "▮▮▮▮▮▯▯▯▯▯"
    assert level_meter(0, 10) == "▮" * 10


def test_a_tap_starts_and_a_later_tap_stops() -> None:
    key = TalkKey()
    assert key.press(10.0) == "start"
    assert key.tick(12.9) is None
    assert key.press(13.0) == "stop"


def test_holding_the_key_records_until_it_is_let_go() -> None:
    key = TalkKey()
    assert key.press(10.0) == "start"
    repeats = [10.5 + 0.04 * n for n in range(60)]
    assert [key.press(at) for at in repeats] == [None] * 60
    assert key.tick(repeats[-1] + 0.1) is None
    assert key.tick(repeats[-1] + 0.5) == "stop"
    assert not key.recording


def test_a_key_that_stays_down_after_it_stopped_does_not_start_again() -> None:
    key = TalkKey()
    key.press(10.0)
    assert key.press(14.0) == "stop"
    assert [key.press(14.5 + 0.04 * n) for n in range(20)] == [None] * 20
    assert key.press(20.0) == "start"


def test_pasted_text_becomes_one_line_without_control_characters() -> None:
    assert one_line("Step\x1b[31m back,\r\n\tsir.\x00 😀") == "Step [31m back, sir. 😀"


def test_difficulty_reads_without_colour() -> None:
    assert dots(3) == "●●●○○"


def test_the_filter_needs_every_word_and_the_category() -> None:
    scenarios = list(all_scenarios())
    by_words = fitting(scenarios, "back office retired", None, "title")
    assert [each.id for each in by_words] == ["shoplifting-detention"]
    assert fitting(scenarios, "back office", "traffic", "title") == []
    suicide = fitting(scenarios, "", "suicide", "title")
    assert suicide
    assert {each.scenario.category for each in suicide} == {"suicide"}


def test_ordering_by_difficulty_goes_from_easy_to_hard() -> None:
    levels = [
        each.scenario.difficulty.level
        for each in fitting(list(all_scenarios()), "", None, "difficulty")
    ]
    assert levels == sorted(levels)
    assert levels[0] < levels[-1]
