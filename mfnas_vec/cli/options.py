"""What the texts of several commands' options mean."""

from collections.abc import Sequence


def names_of(option: str, text: str | None) -> list[str] | None:
    """The words of a list with commas; ``None`` if not given.

    Raises
    ------
    ValueError
        If it is given and names nothing.
    """
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise ValueError(f"{option} names nothing: {text!r}")
    return words


def tables_of(texts: Sequence[str]) -> tuple[list[str], bool]:
    """Paths of ``--tables``, and whether imported tables are passed over ("embedded")."""
    return [text for text in texts if text != "embedded"], "embedded" in texts
