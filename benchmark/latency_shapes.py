"""llama-bench's shapes: `pp512` a prompt, `tg32` tokens decoded, `pg512+32` both, `@d1024` behind so much context."""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchmark.errors import BadBenchmarkInput

_SHAPE = re.compile(r"(pp|tg|pg)(\d+)(?:\+(\d+))?(?:@d(\d+))?")


@dataclass(frozen=True, order=True)
class Shape:
    """depth: tokens in the cache before; prompt: tokens computed at once; decode: tokens one by one."""

    depth: int
    prompt: int
    decode: int

    def __str__(self) -> str:
        if self.prompt and self.decode:
            return f"pg{self.prompt}+{self.decode}@d{self.depth}"
        return f"pp{self.prompt}@d{self.depth}" if self.prompt else f"tg{self.decode}@d{self.depth}"

    @property
    def tokens(self) -> int:
        """What is counted in tokens a second."""
        return self.prompt + self.decode

    @property
    def end(self) -> int:
        return self.depth + self.tokens


def shape(text: str) -> Shape:
    """Raises BadBenchmarkInput for what is no shape."""
    found = _SHAPE.fullmatch(text.strip())
    both = found is not None and (found[1] == "pg") == (found[3] is not None)
    if not found or not both or int(found[2]) == 0 or found[3] == "0":
        raise BadBenchmarkInput(
            f"{text!r}: not a shape; wanted pp512, tg32 or pg512+32, with @d1024 for the depth"
        )
    first, depth = int(found[2]), int(found[4] or 0)
    if found[1] == "pp":
        return Shape(depth, first, 0)
    if found[1] == "tg":
        return Shape(depth, 0, first)
    return Shape(depth, first, int(found[3]))
