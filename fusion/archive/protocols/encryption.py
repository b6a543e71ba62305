"""TLS with certificates on both sides."""

from __future__ import annotations

import socket
import ssl
from typing import Any

from fusion.archive.protocols.wire import SILENCE_S
from fusion.archive.settings import Settings, Tls
from fusion.errors import ArchiveError

#: How long a handshake may take that is made to learn what is wrong, s.
_HANDSHAKE_S = 5.0


def client_context(settings: Settings, tls: Tls) -> ssl.SSLContext:
    """Return what this program shows of itself, and demands of the archive that it calls."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _loaded(context, settings, tls)


def server_context(settings: Settings, tls: Tls) -> ssl.SSLContext:
    """Return what this program shows of itself, and demands of who calls it."""
    context = _LaterHandshake(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _loaded(context, settings, tls)


def complaint(context: ssl.SSLContext, host: str, port: int) -> str:
    """Shake hands once more to learn what was wrong with it; empty where it goes well.

    Parameters
    ----------
    context : ssl.SSLContext
        From :func:`client_context`.
    host : str
        Of the archive.
    port : int
        Of the archive.
    """
    try:
        with (
            socket.create_connection((host, port), timeout=_HANDSHAKE_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as way,
        ):
            way.recv(1)  # from TLS 1.3 on the other side complains after the handshake
    except ssl.SSLCertVerificationError as exc:
        return f"its certificate is refused here: {exc.verify_message.rstrip('.')}"
    except ssl.SSLError as exc:
        said = (exc.reason or "").casefold().replace("_", " ")
        _, alert, why = said.partition(" alert ")
        return f"it refuses our certificate: {why}" if alert else f"no handshake: {said}"
    except OSError:
        pass
    return ""


class _LaterHandshake(ssl.SSLContext):
    """Shakes hands in the thread of each connection: one that is silent holds up no other."""

    def wrap_socket(self, sock: socket.socket, *args: Any, **how: Any) -> ssl.SSLSocket:
        """Wrap a connection that was just accepted."""
        sock.settimeout(SILENCE_S)
        return super().wrap_socket(sock, *args, **{**how, "do_handshake_on_connect": False})


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
