"""TLS with certificates on both sides."""

from __future__ import annotations

import ssl

from fusion.archive.settings import Settings, Tls
from fusion.errors import ArchiveError


def client_context(settings: Settings, tls: Tls) -> ssl.SSLContext:
    """Return what this program shows of itself, and demands of the archive that it calls."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _loaded(context, settings, tls)


def server_context(settings: Settings, tls: Tls) -> ssl.SSLContext:
    """Return what this program shows of itself, and demands of who calls it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _loaded(context, settings, tls)


def _loaded(context: ssl.SSLContext, settings: Settings, tls: Tls) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(settings.file(tls.authority))
        context.load_cert_chain(settings.file(tls.certificate), settings.file(tls.key))
    except (OSError, ssl.SSLError) as exc:
        raise ArchiveError(
            "The TLS files that archives.toml names cannot be used "
            f"({exc.strerror or type(exc).__name__}). Expected PEM files: authority, certificate, "
            "and its key without a password."
        ) from exc
    return context
