"""Sections → Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from autoscaler.bench.words import Section


def markdown(title: str, about: Sequence[str], sections: Sequence[Section]) -> str:
    """One page; `about` are its first paragraphs."""
    blocks = [f"# {title}", *about]
    for section in sections:
        blocks += [f"## {section.title}", *section.notes, _table(section)]
    return "\n\n".join(blocks) + "\n"


def _table(section: Section) -> str:
    rows = [section.columns, ["---"] * len(section.columns), *section.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
