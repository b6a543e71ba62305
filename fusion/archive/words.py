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
        "c spine, cspine, c sp, cerv, cervical*, cervico*, craniocervical*, odontoid, dens, "
        "csp, c spn, c t l spine, c t spine, ctl spine, cvj, ccj, craniovertebral*, atlanto*, "
        "occipitocervical*, occipito cervical*, open mouth, atlas, c spines, ct l spine",
        "hws*, hwk*, halswirbel*, zervikal*, cervikal*, halsws, kopfgelenk*, transoral*, "
        "zerviko*, kraniozervikal*, okzipitozervikal*, hals ws, transbuk*, transbuc*, "
        "halsmark*, halswirbels*",
        "rachis cervical, charniere cervico*, charniere occipito*, odontoide, bouche ouverte",
        "columna cervical, col cervical, c cervical, craneocervical*, odontoides, boca abierta, "
        "transoral*",
    ),
    # The neck, which is mostly examined for what lies before its spine.
    "neck in general": ("neck", "hals, nacken", "cou, nuque", "cuello, nuca"),
    "whole spine": (
        "whole spine, total spine, entire spine, full spine, complete spine, scoliosis*, neuraxis, "
        "spine whole, spine total, spine entire, spine full, all spine, entire spinal, spine entire, "
        "spine survey, whole neuraxis, spinal survey",
        "ganze ws, gesamte ws, ganze wirbelsaule, gesamte wirbelsaule, ganzwirbelsaul*, "
        "wirbelsaulenganz*, ws ganz*, gesamtwirbelsaul*, wirbelsaule gesamt, wirbelsaule komplett, "
        "wirbelsaule ganz, ws gesamt, ws komplett, komplette ws, komplette wirbelsaule, "
        "neuroachse, "
        "spinalkanal gesamt, gesamter spinalkanal, skoliose*",
        "rachis entier, rachis complet, rachis total, rachis en entier, grand axe, medullaire "
        "tot*, "
        "medullaire compl*, medullaire entiere, moelle entiere, moelle totale, moelle complete, "
        "axe spinal, axe rachidien, teleradio* rachis, teleradio* du rachis, scoliose*",
        "columna total, columna completa, columna entera, raquis completo, telerradiografia*, "
        "columna vertebral completa, columna vertebral total, neuroeje, raquis total, escoliosis*",
    ),
    # Of the neck by its words, but not of its spine.
    "not the spine": (
        "soft tissue*, soft tissues, angio*, cta, mra, carotid*, thyroid*, larynx*, pharynx*, "
        "parotid*, lymph node*, uterine, uterus, cervix, femoral neck, neck of femur, sinus*, "
        "swallow*, esophag*, oesophag*, cervical cancer, airway, salivary, dental, vessels, "
        "brachial plexus, femur neck, femoral necks, ent neck, neck ent, contrast ent, "
        "ent protocol, sialo*, cervico facial*, cervicofacial*, headneck, parathyr*, "
        "trache*, neck mass, adenopath*, tonsil*, tongue, vocal, brachial plex*, thymus, goit*",
        "weichteil*, halsweichteil*, angio*, karotis*, carotis*, halsgefasse*, plexus, "
        "schilddruse*, kehlkopf*, rachen*, schluck*, speichel*, oesophagus, schenkelhals*, "
        "lymphknoten*, nebenschild*, breischluck*, zahn*, hno, oberschenkelhals*, femurhals*, "
        "strum*, trachea*, "
        "gefass*, armplexus, cup, tumorstaging, staging",
        "parties molles, orl, cervico facial*, cervicofacial*, col du femur, du sein, des seins, "
        "irm sein, irm seins, mammaire*, angio*, "
        "carotide*, thyroide*, larynx, pharynx, tsa, troncs supra*, uterin*, col uterin, col de l "
        "uterus, col femoral, ganglion*, oesophag*, deglutition, parotide*, parathyr*, plexus, "
        "trache*, "
        "adenopath*, vaisseaux",
        "partes blandas, angio*, carotid*, tiroid*, laringe, faringe, uterino, utero, cervix, "
        "cuello de femur, cuello femoral, esofag*, deglucion, ganglio*, parotida*, tsa, orl, "
        "cervicofacial*, cervico facial*, cuello del femur, faringo*, vasos, plexo*, "
        "paratiro*, traque*, "
        "adenopat*, troncos supra*, salival*",
    ),
    "other region": (
        "orthopanto*, opg, panoram*, temporomandib*, ls, nose, jaw, teeth, eye, eyes, ear, ears, "
        "neuro head, cerebell*, lung, ptx, "
        "l spine, lspine, t spine, tspine, lumb*, thorac*, sacr*, pelvi*, hip*, knee*, foot, "
        "feet, hand*, wrist*, elbow*, shoulder*, ankle*, chest, abdom*, brain, head, skull, "
        "lung*, liver, femur, tibia, heart, cardiac, breast, mammo*, whole body, coccyx, orbit*, "
        "si joint*, prostate, kidney*, finger*, rib*, clavicle, humerus, bone age, "
        "maxillofacial*, facial*, mandib*, tmj, nasal*, temporal bone*, skull base, bladder, "
        "spleen, myocard*, parathyr*, brain*, calf, thigh*, shin, forearm*, toe*, heel*, calcan*, "
        "patell*, sternum, scapul*, ac joint*, sc joint*, tib fib, extremit*, leg, legs, arm, "
        "arms, "
        "groin, testic*, scrot*, renal, pancrea*, gallbladder, biliary, mrcp, bowel, colon, colonos*, "
        "entero*, gastr*, ugi, kub, urogra*, ivp, aort*, runoff, coronar*, pulmon*, pe protocol, "
        "v q, vq, dexa, dxa, bone density, pituit*, sella, iac, iacs, auditory, panorex, ls spine, "
        "l s spine, d spine, dl spine, dorsolumb*, wb, total body, lower limb*, upper limb*, "
        "crani*, thymus, thyroid*, skull*, face, heads, ribs, mrcp, cxr, kidneys, ureter*, "
        "thoraco*, limb*, skeletal survey, bone survey, hindfoot, forefoot, midfoot, cholangio*, "
        "hepat*, hepato*, hida, prostat*, fetal, obstetric*, uter*, ovar*",
        "lws, bws, lws*, bws*, lendenwirbel*, brustwirbel*, becken*, hufte*, huft*, knie*, fuss*, "
        "hand*, ellenbogen*, schulter*, sprunggelenk*, thorax*, abdomen*, schadel*, kopf, lunge*, "
        "leber, herz*, mamma*, ganzkorper*, kreuzbein*, isg, ileosakral*, iliosakral*, cranium, "
        "neurocranium, cmrt, gesicht*, oberbauch, finger*, rippe*, lumbal*, thorakal*, cct, ccta, "
        "gesichtsschadel*, mittelgesicht*, nnh, felsenbein*, kiefer*, unterschenkel*, "
        "oberschenkel*, unterarm*, nebenschild*, myokard*, zehe*, ferse*, patell*, brustbein*, "
        "sternum, schlusselbein*, klavikul*, clavicul*, skapul*, schulterblatt*, oberarm*, "
        "ellbogen*, vorfuss*, mittelfuss*, ruckfuss*, osg, usg, niere*, pankrea*, gall*, darm*, "
        "kolon*, dickdarm*, magen*, prostata*, aort*, koronar*, hypophys*, innenohr*, orbita*, "
        "nasen*, sakral*, steiss*, beinachse*, ganzbein*, bein, beine, arm, extremitat*, "
        "knochendicht*, kalkan*, daumen*, mcp, karpal*, karpus, tarsal*, hirn*, gehirn*, "
        "schlafenbein*, nnh*, kiefer*, unterbauch*, bauch*, harn*, blase*, dunndarm*, ubersicht "
        "abd*, schilddrus*, iliosakr*, symphyse*, lendenws*, brustws*, lumbosakr*, thorako*",
        "cerveau, atm, temporo mandib*, dents, dentaire*, machoire*, lombaire*, dorsal, thoracique*, sacrum, bassin, hanche*, genou*, pied*, main*, poignet*, "
        "coude*, epaule*, cheville*, thorax, abdom*, crane, cerebral*, encephal*, tete, poumon*, "
        "foie, corps entier, lombo*, dorso*, sacro*, cote*, doigt*, massif facial, maxillo*, "
        "mandib*, rocher*, sinus*, cuisse, jambe, avant bras, myocard*, parathyr*, pulmonaire*, "
        "orteil*, calcan*, rotule*, clavicul*, omoplate*, humer*, bras, membre*, rein, reins, "
        "renal*, vesicule*, bili*, colo, coeur, hypophys*, oreille*, conduit*, orbite*, nez, os "
        "propres, coccyx, gonometrie, pangono*, sein, seins, osteodensito*, asp, abdo, tap, "
        "cranien*, cranio encephal*, thyroid*, corporel*, corps, pelvien*, jambes, doigts, "
        "lombosacr*, lombo sacr*, avant pied, arriere pied, dorsales, talon*",
        "atm, temporomandib*, tempomandib*, nariz, dental*, diente*, cerebro, lumb*, dorsal, toracic*, sacro*, pelvis, cadera*, rodilla*, pie, pies, "
        "mano*, muneca*, codo*, hombro*, tobillo*, torax, abdom*, craneo, cerebr*, cabeza, "
        "pulmon*, higado, cuerpo entero, cuerpo completo, costilla*, dedo*, macizo facial, senos "
        "paranasales, mandib*, maxilo*, muslo, pierna*, antebrazo, miocard*, paratiro*, encefal*, "
        "ortejo*, calcaneo*, rotula*, esternon, clavicula*, escapula*, humero, brazo, miembro*, "
        "rinon*, vesicula*, vias biliares, colangio*, corazon, hipofis*, silla turca, oido*, "
        "orbita*, coxis, coccix, mama, mamas, mamogra*, densitometr*, parrilla costal, craneal*, "
        "corporal*, tiroid*, tap, cardia*, sacroili*, senos, dorsolumb*, dorso lumb*, c lumbar, "
        "craneo*, codos, tobillos, extremidad*, pelvic*, talon*, cuerpo",
    ),
    # Examined together with the neck it is for staging, unless the spine is named.
    "trunk": (
        "abdom*, pelvi*, chest",
        "becken*, oberbauch*, bauch*",
        "abdom*, pelv*, bassin*, thorax",
        "abdom*, pelv*, torax, toraco*",
    ),
    "spine": (
        "spine*, c spine, cspine, csp, spn, vertebra*",
        "hws*, hwk*, ws, wirbel*, halswirbel*, halsws",
        "rachis*, vertebr*",
        "columna*, col, raquis*, vertebr*, c cervical",
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
        "bone scan*, spect*, scintigra*, nuclear, nm, pet*, bone spect*, mdp, hdp, dpd, "
        "hybrid, fdg, naf, dotatate, psma",
        "szinti*, skelettszinti*, knochenszinti*, spect*, dreiphasen*, 3 phasen*, 3phasen*, pet*, "
        "nuk*, skelettszint*, knochenszint*",
        "scintigra*, scinti*, temp, tomoscinti*, tep*, spect*, fluorure",
        "gammagraf*, spect*, escintigra*, pet*, centellogra*, rastreo oseo, ggo, rastreo*",
    ),
    "ap": (
        "ap, pa, a p, p a, anteroposterior, antero posterior, frontal, apl, aplat, anterior "
        "posterior",
        "ap, pa, a p, sagittal ap, d v, dv",
        "face, f p, fp, de face, face profil, f et p, fpf",
        "ap, pa, frontal, anteroposterior, antero posterior, ap l, f y p, frente, f p, fyp, ap y l",
    ),
    "lateral": (
        "lat, lateral*, ll, l l, ap y l, cross table, crosstable, xtable, x table, apl, aplat, "
        "lats",
        "seitlich*, seitl, lat, lateral*, seitbild, seit, latero lateral*",
        "profil*, lateral*, f p, fp, de profil, f et p",
        "lat, lateral*, perfil, f y p, ap l, f p, fyp",
    ),
    "oblique": (
        "oblique*, obl",
        "schrag*, foramina*, halbschrag*",
        "oblique*, trois quarts, 3 4, de 3 4",
        "oblicua*, oblicuo*, obl",
    ),
    "flexion": (
        "flex*, flexion, dynamic*, anteflexion, f e, hyperflexion, functional views, bending",
        "inklination*, flexion*, funktionsaufn*, funktions*, funktion, anteflex*, inkl rekl, inkl "
        "u rekl, inkl und rekl, in inkl, ante*, dynamisch*, inklin*, vorneig*, fkt*, vorbeug*, re "
        "inklination*, vor ruck*, vor und ruck*, vor u ruck*",
        "flexion*, dynamique*, anteflexion, hyperflexion",
        "flexion*, dinamic*, funcional*, hiperflexion, anteflexion",
    ),
    "extension": (
        "ext, extension*, dynamic*, flex ext, f e, hyperextension*, functional views, "
        "retroflexion, bending",
        "reklination*, extension*, funktionsaufn*, funktions*, funktion, retroflex*, rekl, "
        "dynamisch*, reklin*, ruckneig*, fkt*, ruckbeug*, vor ruck*, vor "
        "und ruck*, vor u ruck*, retrofl*",
        "extension*, dynamique*, hyperextension*, retroflexion",
        "extension*, dinamic*, funcional*, hiperextension*, retroflexion",
    ),
    "surgery": (
        "acdf, pcdf, fusion, fused, postop*, post op*, s p op, status post surgery, laminectom*, "
        "laminoplast*, corpectom*, discectom*, arthroplast*, disc replacement*, adr, tdr, "
        "fixation, hardware, screw*, cage*, instrument*, intraop*, arthrodes*, after surgery, "
        "foraminotom*, post surgical, postsurgical, plate fixation, post surgery, prior surgery, "
        "previous surgery, history of surgery, hx surgery, laminotom*, pedicle screw*, lateral "
        "mass screw*, decompression, prosthe*, implant*, orif, disc repl*, post acdf, plating",
        "spondylodese*, fusion, postop*, post op*, z n op*, n op, nach op*, op kontrolle, "
        "laminektom*, korporektom*, diskektom*, bandscheibenprothes*, bsp, cage*, implantat*, "
        "schraube*, verplattung, plattenosteo*, osteosynthes*, dekompression*, intraop*, acdf, "
        "versteif*, fixateur*, korpektom*, wirbelkorperersatz, op verlaufskontrolle, "
        "metallentfern*, hws op, hwk op, ws op, z n hws op, zustand nach op, foraminotom*, "
        "bandscheibenop*, prothese*, stabilisierung*, verschraubung*, dorsaler versorgung, "
        "ventraler "
        "versorgung, bs op, st n op, status nach op, material*, fusionsop*, platte, platten",
        "arthrodes*, postop*, post op*, osteosynthes*, laminectom*, corpectom*, discectom*, "
        "prothese*, cage*, materiel*, opere*, chirurgie, perop*, plaque vissee, post chir*, apres "
        "chir*, laminoplast*, foraminotom*, decompression, vis pedic*, vissage*, cervicotomie, "
        "arthroplast*, recalibrage, post operatoire*",
        "artrodesis, postop*, post op*, postquirurgic*, osteosintesis, laminectom*, corpectom*, "
        "discectom*, protesis, tornillo*, fijacion*, instrument*, operad*, cirugia, intraop*, "
        "post quirurgic*, caja intersomatica, laminoplast*, foraminotom*, descompresion, placa y "
        "tornillos, post cirugia, intervenid*, artroplast*, placa cervical, postqx, post qx, pop, "
        "osteosint*, material de*",
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
_NUMBER_OF_VIEWS = re.compile(
    r"\b(?:([23]|two|three)(?: (?:or |to )?[23])? ?(?:v|vw|vws|views?)"
    r"|([2-9]|zwei|drei|vier) ?(?:ebenen|eb|ebn|e)"
    r"|([2-4]|deux|trois|dos|tres) ?(?:incid[a-z]*|proy[a-z]*|p))\b"
)
_TWO = frozenset(("2", "two", "zwei", "deux", "dos"))
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
    # A field is a sentence of its own: nothing that is said in one runs on in the next.
    said = " ; ".join(filter(None, (_folded(plain_words(one)) for one in texts)))
    exam = _exam(modalities, said)
    views: frozenset[str] = frozenset()
    if exam == "radiographs":
        views = frozenset(
            view for view in ("ap", "lateral", "flexion", "extension") if _says(said, view)
        )
        views |= _counted_views(said)
    return Described(
        exam=exam,
        is_neck=_is_neck(said, exam),
        views=views,
        surgery=_is_after_surgery(said, exam),
        contrast=_contrast(said) if exam in ("mri", "diagnostic_ct") else None,
    )


def plain_words(text: str) -> str:
    """Write a description in small letters without accents, one space between words."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|_", " ", text.replace("ß", "ss"))
    folded = unicodedata.normalize("NFKD", split).casefold()
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    return re.sub(r"[^a-z0-9]+", " ", letters).strip()


def _folded(plain_text: str) -> str:
    """Write umlauts as one letter, however they were written: "Röntgen", "Roentgen", "Rontgen"."""
    return re.sub("(?<=[aou])e", "", plain_text)


def _counted_views(said: str) -> set[str]:
    """Return what a number of views stands for: two or three are from the front and the side.

    Two that have names of their own (flexion and extension, both obliques) are those. Which four or
    more "views" are is not said; in German four "planes" are those two and both obliques.
    """
    found = _NUMBER_OF_VIEWS.search(said)
    has_names = _says(said, "flexion") or _says(said, "extension") or _says(said, "oblique")
    if found is None or (has_names and _TWO.intersection(found.groups())):
        return set()
    return {"ap", "lateral"}


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


def _is_neck(said: str, exam: Exam | None) -> bool | None:
    if _says(said, "whole spine"):
        return True
    general, elsewhere = _says(said, "neck in general"), _says(said, "other region")
    of_spine = _says(said, "neck") or _LEVELS.search(said) is not None
    of_spine = of_spine or (general and _says(said, "spine"))
    if _says(said, "not the spine"):
        return False
    if of_spine:
        # "cervico-thoraco-abdominal" is what lies before the spine, unless it is named.
        return not _says(said, "trunk") or _says(said, "spine") or _LEVELS.search(said) is not None
    if general:
        # With the head or the chest, or with contrast, it is its soft tissues; in nuclear medicine
        # its bones are seen with them.
        if exam == "spect_ct":
            return True
        return False if elsewhere or _contrast(said) else None
    return False if elsewhere else None


def _is_after_surgery(said: str, exam: Exam | None) -> bool:
    if _says(said, "before surgery"):
        return False
    return any(_tells_of_surgery(field, exam) for field in said.split(" ; "))


def _tells_of_surgery(said: str, exam: Exam | None) -> bool:
    for found in _pattern("surgery").finditer(said):
        before = said[: found.start()].split()
        after = said[found.end() :].split()
        denied = bool(_NO.intersection(before[-2:]) or _NONE.intersection(after[:1]))
        denied = denied or (len(after) == 1 and after[0] in _NO_AT_END)
        of_images = found[0] in ("fusion", "fused") and exam == "spect_ct"
        # "compression/decompression", also "compression C5/6, decompression", asks how narrow it is.
        near = [*_without_levels(before)[-1:], *_without_levels(after)[:1]]
        of_both = "ompres" in found[0] and _COMPRESSION.intersection(near)
        if not (of_images or denied or of_both):
            return True
    return False


def _without_levels(words: list[str]) -> list[str]:
    return [
        word for word in words if not re.fullmatch(r"c?[0-9]{0,2}|at|on|bei|en|a|und|and|or", word)
    ]


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
    words = {_folded(word.strip()) for language in WORDS[meaning] for word in language.split(",")}
    parts = [re.escape(word).replace(r"\*", "[a-z0-9]*") for word in sorted(words, key=len)[::-1]]
    return re.compile(rf"\b(?:{'|'.join(parts)})\b")
