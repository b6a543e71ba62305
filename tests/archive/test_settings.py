"""What archives.toml may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from fusion.archive.protocols.connecting import connect
from fusion.archive.protocols.web import parts
from fusion.archive.settings import password, read_settings
from fusion.errors import ArchiveError

DIMSE = '[archives.pacs]\nkind = "dimse"\ntitle = "PACS"\nhost = "{host}"\nport = 104\n'
TLS = '[{table}.tls]\nauthority = "a.pem"\ncertificate = "c.pem"\nkey = "k.pem"\n'


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "archives.toml"
    path.write_text(text)
    try:
        read_settings(path)
    except ArchiveError as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DIMSE.format(host="127.0.0.1"), ""),
        (DIMSE.format(host="localhost"), ""),
        (DIMSE.format(host="pacs.example.org"), "unencrypted to another machine"),
        (DIMSE.format(host="127.0.0.1.example.org"), "unencrypted to another machine"),
        (DIMSE.format(host="10.0.0.1") + "without_tls = true\n", ""),
        (DIMSE.format(host="10.0.0.1") + TLS.format(table="archives.pacs"), ""),
        (DIMSE.format(host="::1"), ""),
        (DIMSE.format(host="x y"), "archives.pacs.host"),
        (DIMSE.format(host="127.0.0.1") + 'password = "x"\n', "archives.pacs.password"),
        (DIMSE.format(host="127.0.0.1").replace("104", "0"), "archives.pacs.port"),
        (DIMSE.format(host="127.0.0.1").replace("PACS", "A" * 17), "archives.pacs.title"),
        ('[archives.w]\nkind = "web"\nurl = "http://pacs.example.org/x"\n', "unencrypted"),
        ('[archives.w]\nkind = "web"\nurl = "http://localhost:8042/dicom-web"\n', ""),
        ('[archives.w]\nkind = "web"\nurl = "http://localhost.example.org/x"\n', "unencrypted"),
        ('[archives.w]\nkind = "web"\nurl = "https://pacs.example.org/x"\n', ""),
        (
            '[archives.w]\nkind = "web"\nurl = "https://me:secret@pacs.example.org/"\n',
            "needs a url",
        ),
        ('[archives.w]\nkind = "web"\nurl = "file:///etc/passwd"\n', "needs a url"),
        ('[archives.w]\nkind = "web"\nurl = "https://h.example/x?token=s3cret"\n', "needs a url"),
        ('[archives.w]\nkind = "web"\nurl = "https://h.example/me:s3cret@x"\n', "needs a url"),
        ('[archives.w]\nkind = "web"\nurl = "https://[::1/x"\n', "needs a url"),
        ('[archives.w]\nkind = "web"\nurl = "https://h.example:99999/x"\n', "needs a url"),
        ('[archives.w]\nkind = "web"\nurl = "https://h ample/x"\n', "needs a url"),
        ('[archives.w]\nkind = "web"\nurl = "https://[::1]:8042/x"\n', ""),
        ("a = " + "[" * 20_000, "is no TOML text"),
        ('[archives.w]\nkind = "dimse"\n', "needs title, host and port"),
        ("[archives]\n[listen]\nport = 11112\n", ""),
        ('[archives]\n[listen]\nport = 11112\nhost = "0.0.0.0"\n', "other machines could reach"),
        (
            '[archives]\n[listen]\nport = 11112\nhost = "0.0.0.0"\n' + TLS.format(table="listen"),
            "other machines could reach",
        ),
        (
            '[archives]\n[listen]\nport = 11112\nhost = "0.0.0.0"\nallow = ["PACS"]\n',
            "other machines could reach",
        ),
        (
            '[archives]\n[listen]\nport = 11112\nhost = "0.0.0.0"\nallow = ["PACS"]\n'
            + TLS.format(table="listen"),
            "",
        ),
        ("no toml", "is no TOML text"),
        ('folder = "/"\n[archives]\n', "folder"),
    ],
)
def test_what_is_refused_and_why(text: str, expected: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, text)
    assert expected in said
    assert bool(said) == bool(expected)
    assert "s3cret" not in said


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_multipart_answer_is_taken_apart_wherever_it_is_cut(size: int) -> None:
    contents = [b"one", b"\r\n--bound", b"\r\n\r\n\x00--boundary\r\n", b""]
    head = b"\r\n--boundary\r\nContent-Type: application/dicom\r\n\r\n"
    whole = b"preamble" + b"".join(head + content for content in contents)
    kind = 'multipart/related; type="application/dicom"; boundary="boundary"'

    def cut(body: bytes) -> list[bytes]:
        return list(parts(kind, (body[n : n + size] for n in range(0, len(body), size))))

    assert cut(whole + b"\r\n--boundary--\r\n") == contents
    assert cut(whole) == contents[:-1]  # the last is not whole


def test_no_secret_stands_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACETFUSION_PASSWORD_MY_WEB", "s3cret")
    assert password("my-web", "me") == "s3cret"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ArchiveError, match="Set FACETFUSION_PASSWORD_OTHER"):
        password("other", "me")


def test_without_the_extra_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "archives.toml").write_text(DIMSE.format(host="127.0.0.1"))
    settings = read_settings(tmp_path / "archives.toml")
    with pytest.raises(ArchiveError, match=r"names no archive 'x'; it names: pacs\."):
        connect(settings, "x")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ArchiveError, match=r"pip install 'facetfusion\[archive\]'"):
        connect(settings, "pacs")
