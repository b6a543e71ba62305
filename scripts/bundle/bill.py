"""What a bundle is made of: each part with its version, hash and licence, and none that may not be.

The licences of the wheels are those that their authors state. One that is not on the list stops the
bundle, so that a person decides.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

#: What may be given on with this program, in the words that packages state it in. PySide6 and
#: shiboken6 are taken under the LGPL: they are loaded as they are and can be exchanged.
ALLOWED = frozenset(
    {
        "0BSD",
        "Apache 2.0",
        "Apache-2.0",
        "Apache Software License",
        "Apache-2.0 OR BSD-2-Clause",
        "BSD",
        "BSD License",
        "BSD-2-Clause",
        "BSD-2-Clause AND Apache-2.0 WITH LLVM-exception",
        "BSD-3-Clause",
        "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0",
        "Debian",
        "ISC License (ISCL)",
        "LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only",
        "MIT",
        "MIT License",
        "MIT-CMU",
        "MPL-2.0 AND MIT",
        "Mozilla Public License 2.0 (MPL 2.0)",
        "PSF-2.0",
        "Python Software Foundation License",
    }
)


@dataclass(frozen=True)
class Part:
    """One part of the bundle.

    Parameters
    ----------
    name, version : str
        As its authors write them.
    kind : str
        "pypi" or "deb", as in a package URL.
    licence : str
        As it is stated; "Debian" stands for a file of Debian's own beside it.
    sha256 : str
        Of the file it came in.
    """

    name: str
    version: str
    kind: str
    licence: str
    sha256: str


def parts_of(wheels: Path, licences: Path) -> list[Part]:
    """Return what the wheels are, and write their licences into a folder.

    Raises
    ------
    ValueError
        A licence is not on the list, or none is stated.
    """
    licences.mkdir(parents=True, exist_ok=True)
    parts = []
    for path in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(path) as archive:
            (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
            told = Parser().parsestr(archive.read(name).decode("utf-8"))
            texts = [archive.read(n) for n in archive.namelist() if _is_licence(n)]
        (licences / f"{told['Name']}.txt").write_bytes(
            b"\n\n".join(texts) or f"Stated: {stated_licence(told)}\n".encode()
        )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        parts.append(Part(told["Name"], told["Version"], "pypi", stated_licence(told), digest))
    refused = [
        f"{p.name} ({p.licence or 'none stated'})" for p in parts if p.licence not in ALLOWED
    ]
    if refused:
        raise ValueError(
            f"These licences are not on the list in scripts/bundle/bill.py: {', '.join(refused)}. "
            "Decide whether they may be given on, and add them or do without the package."
        )
    return parts


def stated_licence(told: Message) -> str:
    """Return the licence that a wheel's metadata state; empty where they state none."""
    if told["License-Expression"]:
        return str(told["License-Expression"])
    classifiers = told.get_all("Classifier") or []
    stated = [
        c.split(" :: ")[-1] for c in classifiers if c.startswith("License :: OSI Approved :: ")
    ]
    if stated:
        return "; ".join(stated)
    return str(told["License"] or "").strip().splitlines()[0] if told["License"] else ""


def _is_licence(name: str) -> bool:
    path = PurePosixPath(name)
    inside = ".dist-info/" in name
    return inside and path.name.upper().startswith(("LICEN", "COPYING", "NOTICE", "AUTHORS"))


def bill_of_materials(version: str, parts: Iterable[Part]) -> str:
    """Return the bill as CycloneDX 1.6; the same for the same parts."""
    bom = Bom()
    bom.metadata.component = Component(
        name="facetfusion", version=version, type=ComponentType.APPLICATION, bom_ref="facetfusion"
    )
    made_of = []
    for part in parts:
        namespace = "debian" if part.kind == "deb" else None
        made_of.append(
            Component(
                name=part.name,
                version=part.version,
                type=ComponentType.LIBRARY,
                purl=PackageURL(part.kind, namespace, part.name, part.version),
                bom_ref=f"{part.kind}:{part.name}",
                licenses=[DisjunctiveLicense(name=part.licence)],
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)],
            )
        )
    for component in made_of:
        bom.components.add(component)
    bom.register_dependency(bom.metadata.component, made_of)
    listed = " ".join(sorted(f"{p.name}={p.sha256}" for p in parts))
    bom.serial_number = uuid5(NAMESPACE_URL, f"facetfusion {version} {listed}")
    return JsonV1Dot6(bom).output_as_string(indent=1)
