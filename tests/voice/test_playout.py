"""What is heard of a turn that is held, ducked, cut and taken up again; on a clock without waiting."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.voice_room import CountingLoudspeaker
from simulator.errors import SimulatorError
from simulator.voice.playout import DUCKED, TAKE_UP_S, Playout
from simulator.voice.wav import Audio


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def sound(seconds: float) -> Audio:
    return Audio(np.zeros(round(seconds * 16_000), np.float32), 16_000)


def heard_s(loudspeaker: CountingLoudspeaker) -> float:
    return sum(end - start for start, end, _ in loudspeaker.heard)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def playout(clock: Clock) -> Playout:
    return Playout(CountingLoudspeaker(clock))


def test_a_held_turn_is_heard_from_its_release_on_or_never(playout: Playout, clock: Clock) -> None:
    playout.new_turn(held=True)
    playout.add(sound(1.0))
    assert not playout.speaking
    clock.now += 0.5
    playout.release()
    playout.add(sound(1.0))
    assert playout.output.started_at == 100.5
    clock.now += 1.9
    assert playout.speaking
    clock.now += 0.2
    assert not playout.speaking
    playout.new_turn(held=True)
    playout.add(sound(3.0))
    playout.drop()
    playout.release()
    clock.now += 0.1
    assert not playout.speaking


def test_a_cut_tells_what_was_heard_and_nothing_more_is(playout: Playout, clock: Clock) -> None:
    playout.new_turn()
    playout.add(sound(2.0))
    clock.now += 0.75
    assert playout.cut() == pytest.approx(0.75)
    playout.add(sound(2.0))  # synthesised after the cut
    assert not playout.speaking
    clock.now += 1.0
    assert playout.cut() == pytest.approx(0.75)
    assert isinstance(playout.output, CountingLoudspeaker)
    assert heard_s(playout.output) == pytest.approx(0.75)


def test_after_a_cough_the_rest_is_heard(playout: Playout, clock: Clock) -> None:
    playout.new_turn()
    playout.add(sound(1.0))
    playout.add(sound(1.0))
    clock.now += 1.25
    playout.duck(True)
    assert playout.output.gain == DUCKED
    playout.cut()
    clock.now += 0.5
    playout.take_up()
    assert playout.output.gain == 1.0
    assert playout.speaking
    clock.now += 0.75 + TAKE_UP_S + 0.01
    assert not playout.speaking
    assert isinstance(playout.output, CountingLoudspeaker)
    assert heard_s(playout.output) == pytest.approx(2.0 + TAKE_UP_S)
    # A second cut counts from the beginning of the turn, not from where it was taken up.
    playout.new_turn()
    playout.add(sound(4.0))
    clock.now += 1.0
    playout.cut()
    playout.take_up()
    clock.now += 1.0
    assert playout.cut() == pytest.approx(2.0 - TAKE_UP_S)


def test_a_loudspeaker_that_goes_away_is_told_once_and_text_goes_on() -> None:
    class Gone(CountingLoudspeaker):
        def play(self, audio: Audio) -> None:
            raise SimulatorError("the loudspeaker went away")

    told: list[str] = []
    playout = Playout(Gone(Clock()), lambda problem: told.append(str(problem)))
    playout.new_turn()
    playout.add(sound(1.0))
    playout.add(sound(1.0))
    playout.new_turn()
    playout.add(sound(1.0))
    assert told == ["the loudspeaker went away"]
    assert playout.cut() == 0.0
