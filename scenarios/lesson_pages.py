"""A lesson plan on paper: one HTML file that needs nothing beside it, or a PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from scenarios.errors import BadScenario
from scenarios.lesson import Block, Lesson, dialogue_title, lesson
from scenarios.loader import Loaded
from scenarios.schema import Dialogue

_TEMPLATE = Path(__file__).parent / "template" / "lesson.html"
_BLUE, _ORANGE, _GREY = "#1d5b8f", "#e0963b", "#555555"
#: Rows or points of a block that are not parted by the end of a page.
_UNBROKEN = 4
#: The three faces of the page; Vera comes with ReportLab and knows the letters of western Europe.
_FACES = {"Page": "Vera.ttf", "Page-Bold": "VeraBd.ttf", "Page-Italic": "VeraIt.ttf"}


def lesson_html(loaded: Loaded, dialogues: Sequence[Dialogue] = ()) -> str:
    """The plan, and these dialogues behind it, as one HTML page."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(_TEMPLATE.read_text("utf-8")).render(
        plan=lesson(loaded),
        dialogues=dialogues,
        dialogue_title=dialogue_title,
        name=loaded.scenario.civilian.name.split()[0],
        locale=loaded.scenario.locale,
    )


def lesson_pdf(
    loaded: Loaded, dialogues: Sequence[Dialogue] = (), font: Path | None = None
) -> bytes:
    """The plan, and these dialogues behind it, as A4 pages.

    font: a TrueType file for letters that the built-in one lacks. Raises BadScenario where a letter
    has no shape in the font, or the font cannot be read.
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

    _register(font)
    plan = lesson(loaded)
    story = _story(plan, loaded, dialogues)
    stream = io.BytesIO()
    width, height = A4
    margin = 20 * mm

    def furniture(canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFont("Page", 8)
        canvas.setFillColor(_GREY)
        canvas.drawString(margin, 11 * mm, plan.title)
        canvas.drawRightString(width - margin, 11 * mm, f"page {document.page}")
        canvas.restoreState()

    frame = Frame(margin, margin, width - 2 * margin, height - 2 * margin, 0, 0, 0, 0)
    document = BaseDocTemplate(
        stream,
        pagesize=A4,
        title=f"{plan.title} – lesson plan",
        author="DeEscalWild Simulator",
        subject=plan.summary,
        invariant=1,
    )
    document.addPageTemplates([PageTemplate(frames=[frame], onPage=furniture)])
    document.build(story)
    return stream.getvalue()


def _register(font: Path | None) -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    for name, file in _FACES.items():
        try:
            pdfmetrics.registerFont(TTFont(name, str(font) if font else file))
        except (TTFError, OSError) as problem:
            raise BadScenario(f"{font or file}: is not a TrueType font ({problem})") from None
    pdfmetrics.registerFontFamily(
        "Page", normal="Page", bold="Page-Bold", italic="Page-Italic", boldItalic="Page-Bold"
    )


def _story(plan: Lesson, loaded: Loaded, dialogues: Sequence[Dialogue]) -> list[Any]:
    from reportlab.platypus import KeepTogether, PageBreak, Paragraph, Spacer

    styles = _styles()

    def words(text: str, style: str) -> Any:
        return Paragraph(escape(_shaped(text)), styles[style])

    story = [words(plan.title, "title"), words(plan.summary, "summary"), _table(plan.facts, styles)]
    handed_out = True  # what the trainee may see first is a sheet of its own
    for section in plan.sections:
        if handed_out and section.for_instructor:
            story.append(PageBreak())
            handed_out = False
        title = section.title + (" (instructor)" if section.for_instructor else "")
        heading = words(title, "section")
        for block in section.blocks:
            parts = _block(block, words, styles)
            # a heading is never left alone at the foot of a page
            start = [heading] if heading else []
            if block.heading:
                start.append(words(block.heading, "heading"))
            together = len(parts) if len(parts) <= _UNBROKEN else 1
            story.append(KeepTogether([*start, *parts[:together]]))
            story += parts[together:]
            heading = None
    name = loaded.scenario.civilian.name.split()[0]
    for dialogue in dialogues:
        story += [PageBreak(), words(dialogue_title(dialogue), "section")]
        rows: list[tuple[str, ...]] = [(name, dialogue.opening, "")]
        for exchange in dialogue.exchanges:
            state = exchange.state
            does = ", ".join(exchange.does).replace("_", " ")
            rows.append(("Officer", exchange.officer, does))
            aside = f"agitation {state.agitation}, trust {state.trust}"
            rows.append((name, exchange.civilian, aside))
        story.append(_table(rows, styles))
    return [*story, Spacer(1, 1)]


def _block(block: Block, words: Any, styles: dict[str, Any]) -> list[Any]:
    if block.kind == "points":
        return [words(f"•  {point}", "point") for point in block.points]
    if block.kind == "rows":
        return [_table([row], styles) for row in block.rows]
    return [words(block.prose, "quote" if block.kind == "quote" else "prose")]


def _table(rows: Sequence[tuple[str, ...]], styles: dict[str, Any]) -> Any:
    """Rows of a name, what is said, and what is noted beside it; without names, one column."""
    from reportlab.platypus import Paragraph, Table

    columns = {1: ["cell"], 2: ["name", "cell"], 3: ["name", "cell", "aside"]}
    widths = {1: ["100%"], 2: ["24%", "76%"], 3: ["14%", "62%", "24%"]}
    if not any(row[0] for row in rows):
        rows = [row[1:] for row in rows]
    wide = len(rows[0])
    cells = [
        [
            Paragraph(escape(_shaped(text)), styles[style])
            for text, style in zip(row, columns[wide], strict=True)
        ]
        for row in rows
    ]
    whole = ((0, 0), (-1, -1))
    rule: list[Any] = [("VALIGN", *whole, "TOP"), ("LINEBELOW", *whole, 0.4, "#dddddd")]
    rule += [("LEFTPADDING", *whole, 0), ("TOPPADDING", *whole, 2), ("BOTTOMPADDING", *whole, 3)]
    return Table(cells, colWidths=widths[wide], style=rule)


def _styles() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle

    def style(name: str, size: float, font: str = "Page", **more: Any) -> Any:
        return ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.38, **more)

    return {
        "title": style("title", 19, "Page-Bold", spaceAfter=2),
        "summary": style("summary", 10.5, "Page-Italic", spaceAfter=8),
        "section": style(
            "section", 13.5, "Page-Bold", spaceBefore=14, spaceAfter=2, textColor=_BLUE
        ),
        "heading": style("heading", 9.5, "Page-Bold", spaceBefore=7, spaceAfter=2),
        "prose": style("prose", 9.5, spaceAfter=3),
        "quote": style(
            "quote", 9.5, "Page-Italic", leftIndent=10, borderColor=_ORANGE, spaceAfter=3
        ),
        "point": style("point", 9.5, leftIndent=12, firstLineIndent=-12, spaceAfter=2),
        "name": style("name", 8.5, "Page-Bold"),
        "cell": style("cell", 9.2),
        "aside": style("aside", 7.5, textColor=_GREY),
    }


def _shaped(text: str) -> str:
    """The text, after making sure that the font has a shape for every letter of it."""
    from reportlab.pdfbase import pdfmetrics

    font: Any = pdfmetrics.getFont("Page")
    shapes = font.face.charToGlyph
    text = text.replace("ʻ", "‘").replace("ʼ", "’")  # the okina, which few fonts have
    lacking = sorted({letter for letter in text if ord(letter) not in shapes})
    if lacking:
        raise BadScenario(
            f"the built-in font has no shape for {' '.join(lacking)}: give --font FILE.ttf, such as "
            "DejaVuSans.ttf, or --format html"
        )
    return text
