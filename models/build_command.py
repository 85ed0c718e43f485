"""`deescal models build`: the shipped civilian, made on this device."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--adapter",
    type=click.Path(path_type=Path),
    help="An adapter GGUF; the shipped one unless given.",
)
@click.option("--again", is_flag=True, help="Build and measure anew, even where it is built.")
def build(adapter: Path | None, again: bool) -> None:
    """Merge the shipped adapter into its base, quantised to what is fastest on this device.

    From then on it is the default civilian (`deescal models path civilian`).

    \b
    Example:
      deescal models build
    """
    from models.build import build as make

    made = make(adapter, again, lambda line: click.echo(f"{line} …", err=True))
    if not made.new:
        click.echo(f"built before: {made.chosen}  {made.path}")
        return
    for row in made.candidates:
        mark = "*" if row.kind == made.chosen else " "
        loss = "" if row.sound else "  visible loss"
        click.echo(
            f"{mark} {row.kind:6} KL {row.mean_kl:.4f}  perplexity x{row.perplexity_ratio:.4f}  prefill "
            f"{row.prefill_tokens_per_s:.0f}  decode {row.decode_tokens_per_s:.0f} tokens/s  turn "
            f"{row.turn_s:.2f} s{loss}"
        )
    click.echo(f"{made.path}  {made.path.stat().st_size / 1e6:.1f} MB in {made.seconds:.0f} s")
