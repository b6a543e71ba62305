"""Texts, places and numbers as every panel writes them."""

from __future__ import annotations

from viewer.kit.text import plain_lines, plain_tip, position_text, shortened


def test_long_and_hidden_text_is_made_harmless() -> None:
    assert shortened("x" * 10_000).replace("\u200b", "") == f"{'x' * 238} …"
    assert max(map(len, shortened("x" * 10_000).split("\u200b"))) < 30
    assert shortened("/home/" + "verylong" * 3) == "/home/" + "verylong" * 3
    assert shortened("a\u202eb\x00\nc") == "ab c"
    assert plain_lines("one\u2066\ntwo\x1b") == "one\ntwo"
    assert plain_tip("<b>&") == "<span>&lt;b&gt;&amp;</span>"


def test_positions_are_written_with_letters() -> None:
    assert position_text((12.04, -3.5, -420.0)) == "L 12.0  A 3.5  F 420.0"
    assert position_text((-12.04, 3.5, 420.0)) == "R 12.0  P 3.5  H 420.0"
