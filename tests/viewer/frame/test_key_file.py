"""The file of changed keys: what it changes, and what it refuses in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusion.errors import FusionError
from viewer.frame.key_file import ChangedKeys, write_template

GROUPS = {
    "Joints": {"H": ("next hot joint", print), "P": ("positive: saves", repr)},
    "Pictures": {"B": ("blink", len)},
}


def changed(tmp_path: Path, text: str) -> ChangedKeys:
    path = tmp_path / "keys.toml"
    path.write_text(text, "utf-8")
    return ChangedKeys(path)


def test_without_a_file_nothing_is_changed(tmp_path: Path) -> None:
    assert ChangedKeys(tmp_path / "keys.toml").applied(GROUPS) == GROUPS
    assert ChangedKeys(None).applied(GROUPS) == GROUPS


def test_a_key_is_changed_and_two_can_change_places(tmp_path: Path) -> None:
    keys = changed(tmp_path, '[keys]\n"H" = "P"\n"P" = "H"\n"B" = "Ctrl+B"\n')
    assert keys.applied(GROUPS) == {
        "Joints": {"P": ("next hot joint", print), "H": ("positive: saves", repr)},
        "Pictures": {"Ctrl+B": ("blink", len)},
    }
    assert (keys.of("B"), keys.of("J")) == ("Ctrl+B", "J")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[keys]\n"H" = "P"\n', "Two things would be on one key: P for 'next hot joint' and"),
        ('[keys]\n"H" = "p"\n', "Two things would be on one key"),
        ('[keys]\n"H" = "Nowhere"\n', "'Nowhere', wanted in the place of H, is no key"),
        ('[keys]\n"Y" = "H"\n', "The key Y is not on the card"),
        ('[keys]\n"H" = 3\n', "needs lines such as"),
        ("[keys", "cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(FusionError, match=words):
        changed(tmp_path, text).applied(GROUPS)


def test_the_template_names_every_key_and_changes_none(tmp_path: Path) -> None:
    path = write_template(tmp_path / "deep" / "keys.toml", GROUPS)
    text = path.read_text("utf-8")
    assert '# "H" = "H"  # next hot joint' in text
    assert ChangedKeys(path).applied(GROUPS) == GROUPS
    path.write_text(text.replace('# "B" = "B"', '"B" = "Q"'), "utf-8")
    write_template(path, GROUPS)
    assert ChangedKeys(path).of("B") == "Q"
