"""Push-to-talk where the terminal tells no key release: press to start and to stop, or hold."""

from __future__ import annotations

from typing import Literal

#: Keyboards begin to repeat a held key after 0.25 to 0.66 s, then every 0.03 to 0.05 s.
REPEAT_BEGINS_S = 0.7
#: So long without a repeat, and a held key was let go.
LET_GO_S = 0.35

Act = Literal["start", "stop"]


class TalkKey:
    """Turns presses, and the terminal's repeats of a held key, into start and stop.

    A second press within REPEAT_BEGINS_S of the first is taken for a repeat: recording then ends when
    the repeats do. Later it is a press of its own, and ends the recording at once. Give every call the time.
    """

    def __init__(self) -> None:
        self.recording = False
        self._held = False
        self._last_s = float("-inf")

    def press(self, at_s: float) -> Act | None:
        since, self._last_s = at_s - self._last_s, at_s
        if not self.recording:
            if since < REPEAT_BEGINS_S:
                return None  # still the press that ended the last take
            self.recording = True
            return "start"
        if since < REPEAT_BEGINS_S:
            self._held = True
        if self._held:
            return None
        self.recording = False
        return "stop"

    def tick(self, at_s: float) -> Act | None:
        """Call a few times a second while recording: notices that a held key was let go."""
        if self.recording and self._held and at_s - self._last_s > LET_GO_S:
            self.reset()
            return "stop"
        return None

    def reset(self) -> None:
        """The recording ended for another reason."""
        self.recording = self._held = False
