"""Words of descriptions in English, German, French and Spanish: what was examined, and how.

One table. Words stand as :func:`plain_words` writes them: small letters without accents, one space
between words. ``*`` at the end stands for any ending, at the beginning for any beginning (German
compounds). A description only ever leads to a proposal that a reader confirms.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Exam = Literal["radiographs", "mri", "diagnostic_ct", "spect_ct"]

#: Meaning: words of English, German, French, Spanish (and what is the same in all).
WORDS: dict[str, tuple[str, str, str, str]] = {
    "neck": (
        "c spine, cspine, c sp, cerv, cervical*, neck, cervico*, craniocervical*, odontoid, dens, "
        "csp, c spn, c t l spine, c t spine, ctl spine, cvj, ccj, craniovertebral*, atlanto*, "
        "occipitocervical*, occipito cervical*",
        "hws*, hwk*, halswirbel*, hals, zervikal*, cervikal*, halsws, nacken, kopfgelenk*, "
        "zerviko*, kraniozervikal*, okzipitozervikal*, hals ws",
        "rachis cervical, cou, nuque, charniere cervico*, charniere occipito*, odontoide",
        "columna cervical, cuello, nuca, col cervical, c cervical, craneocervical*, odontoides",
    ),
    "whole spine": (
        "whole spine, total spine, entire spine, full spine, complete spine, scoliosis*",
        "ganze ws, gesamte ws, ganze wirbelsaule, gesamte wirbelsaule, ganzwirbelsaul*, "
        "wirbelsaulenganz*, ws ganz*, gesamtwirbelsaul*, wirbelsaule gesamt, wirbelsaule komplett",
        "rachis entier, rachis complet, rachis total, rachis en entier, grand axe",
        "columna total, columna completa, columna entera, raquis completo, telerradiografia*",
    ),
    # Of the neck by its words, but not of its spine.
    "not the spine": (
        "soft tissue*, soft tissues, angio*, cta, mra, carotid*, thyroid*, larynx*, pharynx*, "
        "parotid*, lymph node*, uterine, uterus, cervix, femoral neck, neck of femur, sinus*, "
        "swallow*, esophag*, oesophag*, cervical cancer, airway, salivary, dental, vessels, "
        "brachial plexus, femur neck, femoral necks, ent neck, neck ent, contrast ent, "
        "ent protocol, sialo*, cervico facial*, cervicofacial*",
        "weichteil*, halsweichteil*, angio*, karotis*, carotis*, halsgefasse*, plexus, "
        "schilddruse*, kehlkopf*, rachen*, schluck*, speichel*, oesophagus, schenkelhals*, "
        "lymphknoten*, breischluck*, zahn*, hno, oberschenkelhals*, femurhals*, strum*",
        "parties molles, orl, cervico facial*, cervicofacial*, col du femur, du sein, des seins, "
        "irm sein, irm seins, mammaire*, angio*, "
        "carotide*, thyroide*, larynx, pharynx, tsa, troncs supra*, uterin*, col uterin, col de l "
        "uterus, col femoral, ganglion*, oesophag*, deglutition, parotide*",
        "partes blandas, angio*, carotid*, tiroid*, laringe, faringe, uterino, utero, cervix, "
        "cuello de femur, cuello femoral, esofag*, deglucion, ganglio*, parotida*, tsa, orl, "
        "cervicofacial*, cervico facial*, cuello del femur, faringo*, vasos",
    ),
    "other region": (
        "l spine, lspine, t spine, tspine, lumb*, thorac*, sacr*, pelvi*, hip*, knee*, foot, "
        "feet, hand*, wrist*, elbow*, shoulder*, ankle*, chest, abdom*, brain, head, skull, "
        "lung*, liver, femur, tibia, heart, cardiac, breast, mammo*, whole body, coccyx, orbit*, "
        "si joint*, prostate, kidney*, finger*, rib*, clavicle, humerus, bone age, "
        "maxillofacial*, facial*, mandib*, tmj, nasal*, temporal bone*, skull base, bladder, "
        "spleen, myocard*, parathyr*, brain*",
        "lws, bws, lws*, bws*, lendenwirbel*, brustwirbel*, becken*, hufte*, huft*, knie*, fuss*, "
        "hand*, ellenbogen*, schulter*, sprunggelenk*, thorax*, abdomen*, schadel*, kopf, lunge*, "
        "leber, herz*, mamma*, ganzkorper*, kreuzbein*, isg, ileosakral*, iliosakral*, cranium, "
        "neurocranium, oberbauch, finger*, rippe*, lumbal*, thorakal*, cct, ccta, "
        "gesichtsschadel*, mittelgesicht*, nnh, felsenbein*, kiefer*, unterschenkel*, "
        "oberschenkel*, unterarm*, nebenschild*, myokard*",
        "lombaire*, dorsal, thoracique*, sacrum, bassin, hanche*, genou*, pied*, main*, poignet*, "
        "coude*, epaule*, cheville*, thorax, abdom*, crane, cerebral*, encephal*, tete, poumon*, "
        "foie, corps entier, lombo*, dorso*, sacro*, cote*, doigt*, massif facial, maxillo*, "
        "mandib*, rocher*, sinus*, cuisse, jambe, avant bras, myocard*, parathyr*, pulmonaire*",
        "lumb*, dorsal, toracic*, sacro*, pelvis, cadera*, rodilla*, pie, pies, "
        "mano*, muneca*, codo*, hombro*, tobillo*, torax, abdom*, craneo, cerebr*, cabeza, "
        "pulmon*, higado, cuerpo entero, cuerpo completo, costilla*, dedo*, macizo facial, senos "
        "paranasales, mandib*, maxilo*, muslo, pierna, antebrazo, miocard*, paratiro*, encefalo*",
    ),
    "radiographs": (
        "x ray*, xray*, xr, radiograph*, plain film*, cr, dx, dr, rx",
        "rontgen*, roentgen*, rontg*, rtg, rx, ro, konventionell*",
        "radio, radiograph*, rx, cliche*, radios",
        "radiograf*, rx, placa, placas, rayos x",
    ),
    "mri": (
        "mri, mr, magnetic resonance*, nmr",
        "mrt, mr, kernspin*, magnetresonanz*, mr tomo*, kst",
        "irm, imagerie par resonance*, remnographie",
        "rm, rmn, resonancia*",
    ),
    "diagnostic_ct": (
        "ct, cat scan, computed tomograph*, mdct, cbct",
        "ct, computertomogra*, computertomo*, msct",
        "tdm, scanner*, tomodensitometr*",
        "tc, tac, tomografia comput*, tcmd, tomografia axial*",
    ),
    "nuclear": (
        "bone scan*, spect*, scintigra*, nuclear, nm, pet*, bone spect*, mdp, hdp, dpd, hybrid",
        "szinti*, skelettszinti*, knochenszinti*, spect*, dreiphasen*, 3 phasen*, 3phasen*, pet*, "
        "nuk*",
        "scintigra*, temp, tomoscinti*, tep*, spect*, fluorure",
        "gammagraf*, spect*, escintigra*, pet*, centellogra*, rastreo oseo",
    ),
    "ap": (
        "ap, pa, a p, p a, anteroposterior, antero posterior, frontal, 2 views, two views, 2 vw, "
        "2v, 3 views, 3 vw, 2 or 3 views",
        "ap, pa, a p, sagittal ap, 2 ebenen, zwei ebenen, 2 eb, in 2 e, 2e, 4 ebenen",
        "face, f p, fp, de face, 2 incidences, deux incidences, face profil",
        "ap, pa, frontal, anteroposterior, antero posterior, ap l, f y p, dos proyecciones, "
        "frente, 2p, 2 proyecciones, 2 p, f p, fyp",
    ),
    "lateral": (
        "lat, lateral*, ll, l l, ap y l, 2 views, two views, 2 vw, 2v, 3 views, 3 vw, cross table",
        "seitlich*, seitl, lat, lateral*, 2 ebenen, zwei ebenen, 2 eb, in 2 e, 2e, 4 ebenen, "
        "seitbild",
        "profil*, lateral*, f p, fp, de profil, 2 incidences, deux incidences",
        "lat, lateral*, perfil, f y p, ap l, dos proyecciones, 2p, 2 p, 2 proyecciones, f p, fyp",
    ),
    "flexion": (
        "flex*, flexion, dynamic*, anteflexion, f e, hyperflexion, functional views, bending",
        "inklination*, flexion*, funktionsaufn*, funktions*, funktion, anteflex*, inkl rekl, inkl "
        "u rekl, inkl und rekl, in inkl, ante*, dynamisch*, inklin*, vorneig*, fkt*, vorbeug*, re "
        "inklination*",
        "flexion*, dynamique*, anteflexion, hyperflexion",
        "flexion*, dinamic*, funcional*, hiperflexion, anteflexion",
    ),
    "extension": (
        "ext, extension*, dynamic*, flex ext, f e, hyperextension*, functional views, "
        "retroflexion, bending",
        "reklination*, extension*, funktionsaufn*, funktions*, funktion, retroflex*, rekl, "
        "dynamisch*, reklin*, ruckneig*, fkt*, ruckbeug*",
        "extension*, dynamique*, hyperextension*, retroflexion",
        "extension*, dinamic*, funcional*, hiperextension*, retroflexion",
    ),
    "surgery": (
        "acdf, pcdf, fusion, fused, postop*, post op*, s p op, status post surgery, laminectom*, "
        "laminoplast*, corpectom*, discectom*, arthroplast*, disc replacement*, adr, tdr, "
        "fixation, hardware, screw*, cage*, instrument*, intraop*, arthrodes*, after surgery, "
        "foraminotom*, post surgical, postsurgical, plate fixation, post surgery, prior surgery, "
        "previous surgery, history of surgery, hx surgery, laminotom*, pedicle screw*, lateral "
        "mass screw*, decompression",
        "spondylodese*, fusion, postop*, post op*, z n op*, n op, nach op*, op kontrolle, "
        "laminektom*, korporektom*, diskektom*, bandscheibenprothes*, bsp, cage*, implantat*, "
        "schraube*, verplattung, plattenosteo*, osteosynthes*, dekompression*, intraop*, acdf, "
        "versteif*, fixateur*, korpektom*, wirbelkorperersatz, op verlaufskontrolle, "
        "metallentfern*, hws op, hwk op, ws op, z n hws op, zustand nach op, foraminotom*, "
        "bandscheibenop*, prothese*",
        "arthrodes*, postop*, post op*, osteosynthes*, laminectom*, corpectom*, discectom*, "
        "prothese*, cage*, materiel*, opere*, chirurgie, perop*, plaque vissee, post chir*, apres "
        "chir*, laminoplast*, foraminotom*, decompression, vis pedic*, vissage*, cervicotomie",
        "artrodesis, postop*, post op*, postquirurgic*, osteosintesis, laminectom*, corpectom*, "
        "discectom*, protesis, tornillo*, fijacion*, instrument*, operad*, cirugia, intraop*, "
        "post quirurgic*, caja intersomatica, laminoplast*, foraminotom*, descompresion, placa y "
        "tornillos, post cirugia, intervenid*",
    ),
    # Done by pictures, not an examination.
    "intervention": (
        "block, blocks, injection under*, infiltration*, biops*, puncture*, nerve root*, "
        "ablation*, medial branch*, radiofrequency*, vertebroplast*, guided, facet inj*, "
        "epidural*, esi, rfa, rhizotom*, denervation*, kyphoplast*",
        "infiltration*, facetteninf*, facettengelenksinf*, punktion*, biops*, prt, blockade*, "
        "denervierung*, facettengelenksinfiltration*, gesteuert*, ct gest, gezielte ct, "
        "facettenblock*, thermokoag*",
        "infiltration*, bloc, ponction*, biops*, radiofrequence*, sous scanner, sous tdm, "
        "guide, guidee, guides, guidees, "
        "echoguid*, scannoguid*, radioguid*, "
        "thermocoag*, rhizolyse*",
        "infiltracion*, bloqueo*, puncion*, biops*, radiofrecuencia*, guiad*, rizolisis, rizotomia",
    ),
    # Nothing was operated on yet, or what follows is denied.
    "before surgery": (
        "preop*, pre op*, before surgery, planning",
        "praop*, praeop*, pra op*, prae op*, vor op*, op planung, planungs*, praoperativ*",
        "preop*, pre op*, avant chirurgie, bilan preop*",
        "preop*, pre op*, prequirurg*, planificacion",
    ),
    "contrast": (
        "contrast*, gad*, w c, with c, enhanced, post gad, w contrast, iv contrast",
        "km, kontrast*, gad*, kontrastmittel, i v",
        "injection*, injecte*, gado*, avec injection, produit de contraste, iv, avec pdc",
        "contraste*, gado*, con contraste, con civ, civ, c c",
    ),
    "both contrasts": (
        "with and without, w wo, w and wo, w w o, without and with, wo w, pre and post, wwo, w o "
        "and w, w o w",
        "mit und ohne, nativ und, nativ u, ohne und mit, nativ km, ohne mit",
        "avec et sans, sans et avec, sans puis avec, avant et apres",
        "con y sin, sin y con, antes y despues",
    ),
    "no contrast": (
        "without, wo, w o, non contrast, noncontrast, unenhanced, no contrast, plain, wo c",
        "ohne, nativ*, o km, kein km",
        "sans, non injecte*, s injection",
        "sin, simple, s c, sin civ",
    ),
}

_NO = frozenset(
    (
        *(
            "no",
            "without",
            "not",
            "denies",
            "ohne",
            "kein",
            "keine",
            "sans",
            "pas",
            "aucune",
            "aucun",
        ),
        *("sin", "non", "ninguna", "ninguno"),
    )
)
#: After what it denies ("prior surgery: none"); the second only at the end, where it is of nothing
#: that follows.
_NONE = frozenset(("none", "nil", "denied", "nein", "aucune", "aucun", "ninguna", "ninguno"))
_NO_AT_END = frozenset(["no", "non", "keine"])
_COMPRESSION = frozenset(["compression", "kompression", "compresion"])
#: Levels of the neck as people write them: C5, C5/6, C5-C6, C7-T1.
_LEVELS = re.compile(r"\bc ?[1-7]\b")
_BY_MODALITY: dict[str, Exam] = {
    **dict.fromkeys(("CR", "DX", "RF", "RG"), "radiographs"),
    "MR": "mri",
    "CT": "diagnostic_ct",
}
NUCLEAR = frozenset({"NM", "PT"})
RADIOGRAPHY = frozenset({"CR", "DX", "RF", "RG"})
#: Modalities that are no imaging of bone: ultrasound, angiography, endoscopy, and the like.
_NOT_BONE = frozenset({"US", "XA", "ES", "ECG", "MG", "IO", "OP", "OPT", "XC", "GM", "SM", "PX"})


@dataclass(frozen=True, slots=True)
class Described:
    """What a description says; each field is for a reader to confirm.

    Parameters
    ----------
    exam : str or None
        What was made; None where it cannot be told, or is none that the pathway asks for.
    is_neck : bool or None
        Whether it shows the spine of the neck; None where no region is named.
    views : frozenset of str
        Of ``"ap"``, ``"lateral"``, ``"flexion"`` and ``"extension"``; radiographs only.
    surgery : bool
        Whether the words speak of an operation that was done.
    contrast : bool or None
        Whether contrast was given, where it is said.
    """

    exam: Exam | None
    is_neck: bool | None
    views: frozenset[str]
    surgery: bool
    contrast: bool | None


def described(modalities: tuple[str, ...], *texts: str) -> Described:
    """Read the descriptions of a study or a series.

    Parameters
    ----------
    modalities : tuple of str
        As stated.
    *texts : str
        Body part and descriptions.
    """
    said = plain_words(" ; ".join(texts))
    exam = _exam(modalities, said)
    views: frozenset[str] = frozenset()
    if exam == "radiographs":
        views = frozenset(
            view for view in ("ap", "lateral", "flexion", "extension") if _says(said, view)
        )
    return Described(
        exam=exam,
        is_neck=_is_neck(said),
        views=views,
        surgery=_is_after_surgery(said, exam),
        contrast=_contrast(said) if exam in ("mri", "diagnostic_ct") else None,
    )


def plain_words(text: str) -> str:
    """Write a description in small letters without accents, one space between words."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|_", " ", text.replace("ß", "ss"))
    folded = unicodedata.normalize("NFKD", split).casefold()
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    # "Röntgen" is also written "Roentgen"; words with true "ae" or "ue" stand so in the table.
    return re.sub(r"[^a-z0-9]+", " ", letters).strip()


def _exam(modalities: tuple[str, ...], said: str) -> Exam | None:
    stated = set(modalities)
    if stated & NUCLEAR:
        return "spect_ct" if "CT" in stated or _says(said, "diagnostic_ct") else None
    if _says(said, "intervention"):
        return None
    known = {_BY_MODALITY[one] for one in stated if one in _BY_MODALITY}
    if len(known) == 1:
        return known.pop()
    if known or stated & _NOT_BONE:
        return None
    if _says(said, "nuclear"):
        return "spect_ct" if _says(said, "diagnostic_ct") else None
    spoken: list[Exam] = [
        exam for exam in ("radiographs", "mri", "diagnostic_ct") if _says(said, exam)
    ]
    return spoken[0] if len(spoken) == 1 else None


def _is_neck(said: str) -> bool | None:
    if _says(said, "whole spine"):
        return True
    named = _says(said, "neck") or _LEVELS.search(said) is not None
    if named and not _says(said, "not the spine"):
        return True
    if named or _says(said, "other region") or _says(said, "not the spine"):
        return False
    return None


def _is_after_surgery(said: str, exam: Exam | None) -> bool:
    if _says(said, "before surgery"):
        return False
    for found in _pattern("surgery").finditer(said):
        before = said[: found.start()].split()[-2:]
        after = said[found.end() :].split()
        denied = bool(_NO.intersection(before) or _NONE.intersection(after[:1]))
        denied = denied or (len(after) == 1 and after[0] in _NO_AT_END)
        of_images = found[0] in ("fusion", "fused") and exam == "spect_ct"
        # "compression/decompression" asks how narrow it is.
        of_both = "ompres" in found[0] and _COMPRESSION.intersection(before[-1:])
        if not (of_images or denied or of_both):
            return True
    return False


def _contrast(said: str) -> bool | None:
    if _says(said, "both contrasts"):
        return True
    if _says(said, "no contrast"):
        return False
    return True if _says(said, "contrast") else None


def _says(said: str, meaning: str) -> bool:
    return _pattern(meaning).search(said) is not None


@functools.cache
def _pattern(meaning: str) -> re.Pattern[str]:
    words = {word.strip() for language in WORDS[meaning] for word in language.split(",")}
    parts = [re.escape(word).replace(r"\*", "[a-z0-9]*") for word in sorted(words, key=len)[::-1]]
    return re.compile(rf"\b(?:{'|'.join(parts)})\b")
