"""The same session with other words at one turn: where agitation and trust would have gone by the same rules."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from scenarios.behaviours import BehaviourId
from scenarios.schema import Scenario
from simulator.civilian.affect import Affect
from simulator.events import (
    AffectMoved,
    Behaviour,
    BehavioursRecognised,
    Event,
    InjectHappened,
    OfficerSpoke,
    ProsodyHeard,
    SessionStarted,
)
from simulator.review.model import Instead


class Replay:
    """The civilian's state before each of the officer's turns, computed again from the record.

    Turns after which the computed state is not the recorded one (the scenario or the rules have changed since) are
    left out: `instead` is None for them.
    """

    def __init__(self, scenario: Scenario, events: Sequence[Event]) -> None:
        self._before: dict[int, Affect] = {}
        self._after: dict[int, tuple[int, int]] = {}
        started = events[0]
        assert isinstance(started, SessionStarted)
        affect = Affect(scenario, started.subject_type, started.seed)
        if (affect.agitation, affect.trust) == (started.agitation, started.trust):
            self._run(scenario, affect, events)

    def _run(self, scenario: Scenario, affect: Affect, events: Sequence[Event]) -> None:
        injects = {inject.id: inject for inject in scenario.events}
        known: dict[int, list[Behaviour]] = {
            e.turn: e.behaviours for e in events if isinstance(e, BehavioursRecognised)
        }
        sounds = {e.turn: e for e in events if isinstance(e, ProsodyHeard)}
        before: Affect | None = None
        words = ""
        inject_id: str | None = None
        for event in events:
            if isinstance(event, OfficerSpoke):
                before, words, inject_id = copy.deepcopy(affect), event.text, None
            elif isinstance(event, InjectHappened):
                inject_id = event.id
            elif isinstance(event, AffectMoved):
                if inject_id is not None:
                    if inject_id not in injects:
                        return
                    affect.inject(injects[inject_id])
                elif before is not None and event.causes and event.causes[0].kind == "odd_words":
                    affect.hear_odd(words, event.causes[0].id)
                elif before is not None:
                    affect.hear(words, known.get(event.turn, []), sounds.get(event.turn))
                if (affect.agitation, affect.trust) != (event.agitation, event.trust):
                    return
                if inject_id is None and before is not None:
                    self._before[event.turn] = before
                    self._after[event.turn] = (event.agitation, event.trust)
                inject_id = None

    def instead(self, turn: int, say: str, does: Sequence[BehaviourId]) -> Instead | None:
        """Where `say` at `turn` would have led; None where it cannot be told or would not have been better.

        does: the behaviours of `say`, as whoever wrote it labelled it. It is taken as said in a usual voice.
        """
        if turn not in self._before:
            return None
        affect = copy.deepcopy(self._before[turn])
        step = affect.hear(say, [Behaviour(id=id_, quote=say) for id_ in does])
        agitation_was, trust_was = self._after[turn]
        if step.agitation >= agitation_was or step.trust < trust_was:
            return None
        return Instead(
            say=say,
            agitation=step.agitation,
            trust=step.trust,
            agitation_was=agitation_was,
            trust_was=trust_was,
        )
