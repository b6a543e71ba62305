"""How far a "no", a "planned" and a region reach: each kind with each exam and each punctuation."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from fusion.archive.descriptions import Described, described

EXAMS = ("MRI C-spine", "MRT HWS", "IRM rachis cervical", "RM columna cervical")
VIEWS = (
    "XR C-spine AP lat",
    "HWS 2 Ebenen",
    "Rachis cervical F/P",
    "Columna cervical AP y lateral",
)
JOINED = (", ", " - ", " (", ": ", " ")


def listed(words: str) -> list[str]:
    return [word.strip() for word in words.strip().split(";")]


def read(
    modality: str, exams: tuple[str, ...], said: list[str], joined: tuple[str, ...] = JOINED
) -> Iterator[tuple[str, Described]]:
    for exam, between, words in itertools.product(exams, joined, said):
        text = f"{exam}{between}{words}"
        found = described((modality,), text)
        assert found.is_neck is True, text
        yield text, found


DONE = listed("""
s/p ACDF C5-6; ACDF C5/6 2019; prior fusion C4-6; status post laminoplasty; disc replacement
C5/6 2017; Z.n. Spondylodese C5/6; Zustand nach ventraler Fusion HWK 5/6; nach Cage-Implantation
C5/6; postop. Kontrolle; vor 2 Jahren Spondylodese C5/6; Fusion C5/6 nicht durchgebaut; post-op
arthrodèse; ATCD d'arthrodèse C4-C6; contrôle arthrodèse; arthrodèse C5-C6 non consolidée;
prothèse discale C5-C6; control de artrodesis C5-C6; antecedente de artrodesis cervical; operado
de hernia C6; prótesis discal C5-C6; Z.n. ACDF, geplante Revision; post surg; s/p surg;
h/o surgery; prev surg 2019; postchir; ATCD chir C5-C6; post-IQ; postquirúrgica
""")
TO_COME = listed("""
planned ACDF; ACDF planned; ACDF (planned); planned: ACDF; ACDF C5-6 scheduled next week; before
fusion; pre-op ACDF C5/6; candidate for disc replacement; ?ACDF; awaiting decompression; will
undergo ACDF; prior to laminoplasty; vor Spondylodese; vor ventraler Fusion C5/6; geplante
Fusion HWS; Spondylodese C5/6 vorgesehen; zur OP-Planung Spondylodese; präop. Spondylodese;
avant arthrodèse; arthrodèse C5-C6 programmée; bilan préop arthrodèse; en vue d'une arthrodèse;
previo a artrodesis; artrodesis prevista C5-C6; pendiente de artrodesis; lista de espera
artrodesis; presurg ACDF; ACDF, for surgery; präop ACDF; prä Spondylodese; OP-Vorbereitung ACDF;
OP-Ind. ACDF; préchir arthrodèse; pre chir. arthrodèse; preqx discectomía C5-C6; pre-IQ artrodesis
""")
FOR_AN_OPERATION = listed("""
failed conservative, for ACDF; needs ACDF; listed for ACDF; to plan ACDF; requiring decompression;
conservative treatment instead of fusion; ACDF needed; ACDF required; zur Spondylodese; für ACDF;
ACDF erforderlich; pour arthrodèse; requiere artrodesis; para artrodesis
""")
GROWN = listed("""
Klippel-Feil, C2-3 fusion; Klippel-Feil; fused vertebrae, congenital; degenerative fusion C4/5;
facet fusion in AS; spondylitis with fusion; ankylosing spondylitis (fused C4-7); Bechterew,
Fusion C4-6
""")
LOOKED_AT = listed("""
for ACDF follow-up; for follow-up of ACDF; zur Spondylodese-Kontrolle; for pain after fusion; for
hardware check; for evaluation of fusion; zur Kontrolle Spondylodese C5/6; for pain, ACDF 2015;
Klippel-Feil, s/p fusion C5-7; degenerative, s/p ACDF C5/6; ankylosing spondylitis, fusion C5/6
2015
""")
#: Which say neither that an operation was done nor that it was of the neck, or ask whether it was.
UNTOLD = listed("""
Operationsplanung; Operation?; Operation nötig?; operationsbedürftig; Pat. lehnt Operation ab; zur
Operation; bariatric operation; status post hernia operation; prostatectomy, operated 2010; s/p
operation of the hip; avis chirurgie; servicio de cirugía; ACDF?; s/p ACDF?; fusion?; urgent
decompression?; ACDF C5/6?; ACDF nötig?; Spondylodese (?); arthrodèse ?; antecedente de cirugía
bariátrica; surgery; fusion or disc replacement?; ACDF next week; ACDF tomorrow; ACDF vs
conservative; Zweitmeinung Spondylodese; ACDF recommended
""")
TOLD = listed("""
s/p operation; s/p operation 2015; Z.n. Operation; HWS-OP 2019; Z.n. HWS-Operation; operated 2010;
previous operation; operiert; opérée en 2019; chirurgie cervicale 2014; suites de chirurgie;
cirugía previa; operada C5-C6; paciente operado de hernia C6-C7; ACDF C4-7 2015, myelopathy?;
ACDF, screw loosening?; s/p ACDF C5/6, stenosis?; consolidation de l'arthrodèse C5-C6 ?; Durchbau
der Fusion C5/6?
""")
DENIED = listed("""
no prior surgery; no hardware; no prior surgery or hardware; denies surgery; surgery: none;
keine Voroperation; ohne Implantate; pas de chirurgie; sans matériel; jamais opéré; sin cirugía;
cirugía previa: no; no operado
""")
ELSEWHERE = listed("""
h/o L4-5 fusion; s/p lumbar laminectomy; s/p knee arthroplasty; hip prosthesis; T10-L2 fixation;
lumbar hardware; cochlear implants bilateral; dental implants; fusion L4-S1 2015; Z.n.
Spondylodese LWK 4/5; Z.n. Nukleotomie L5/S1; Hüftprothese rechts; Cochlea-Implantat; Z. n.
lumbaler Spondylodese; ATCD arthrodèse lombaire; prothèse totale de hanche droite; implant
cochléaire; arthrodèse L4-S1; antecedente de artrodesis lumbar; prótesis de cadera; implante
coclear; osteosíntesis de tobillo
""")
NO_OPERATION = listed("""
image fusion; fusion SPECT/CT; CT/MR fusion; congenital fusion C2-3; block vertebra C2/3;
spontaneous fusion C4-5; Bildfusion mit MRT; Blockwirbel C2/3; angeborene Fusion C5/6; fusion
d'images; fusion congénitale C2-C3; bloc congénital C2-C3; fusión de imágenes; fusión congénita
C2-C3; compression/decompression
""")


@pytest.mark.parametrize("said", [DONE, TOLD, LOOKED_AT])
def test_an_operation_that_was_done_is_one(said: list[str]) -> None:
    assert [text for text, found in read("MR", EXAMS, said) if not found.surgery] == []


@pytest.mark.parametrize(
    "said", [TO_COME, FOR_AN_OPERATION, GROWN, UNTOLD, DENIED, ELSEWHERE, NO_OPERATION]
)
def test_no_other_words_speak_of_an_operation(said: list[str]) -> None:
    assert [text for text, found in read("MR", EXAMS, said) if found.surgery] == []
    assert [text for text, found in read("CT", EXAMS, said) if found.exam is None] == []


def test_in_a_fusion_of_images_only_an_operation_with_its_place_is_one() -> None:
    for text, surgery in (
        ("SPECT/CT fusion HWS", False),
        ("SPECT/CT HWS, Z.n. Fusion C5/6", True),
        ("SPECT/CT HWS, Fusion C5/6", True),
    ):
        assert described(("NM", "CT"), text).surgery is surgery, text


NO_MOVEMENT = listed("""
no flexion/extension obtained; flex/ext not obtained; flexion and extension views not possible;
unable to do flexion/extension; patient refused flexion and extension; without dynamic views;
dynamic views cancelled; flex/ext to follow; flexion/extension if needed; +/- flexion extension;
keine Funktionsaufnahmen; Funktionsaufnahmen nicht möglich; ohne Funktionsaufnahmen;
Funktionsaufnahmen entfallen; ggf. Funktionsaufnahmen; Inklination/Reklination nicht durchführbar;
sans clichés dynamiques; pas de clichés dynamiques; clichés dynamiques non réalisés; clichés en
flexion et extension impossibles; dynamiques si besoin; sin proyecciones dinámicas; no se realizan
dinámicas; dinámicas no realizadas; no tolera flexión ni extensión; dinámicas pendientes;
Funktionsaufnahmen?; flexion/extension?; clichés dynamiques ?; ¿dinámicas?; Funktionsaufnahmen
wegen Schmerz nicht durchführbar; flexion extension too painful; instead of flexion/extension;
statt Funktionsaufnahmen; au lieu de dynamiques; HWS-Funktionsstörung; flexion injury;
hyperextension injury; flexion/extension injury; Flexionstrauma; Extensionsverletzung; pain on
extension; pain with flexion and extension; limited flexion; Schmerz bei Reklination; douleur à
l'extension; bilan d'extension; dolor a la flexión
""")


def test_views_that_were_not_made_are_not_proposed() -> None:
    apart = tuple(between for between in JOINED if between.strip())
    wrong = [
        text
        for text, found in read("CR", VIEWS, NO_MOVEMENT, apart)
        if found.views != {"ap", "lateral"}
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "views"),
    [
        ("C-spine lateral only, no AP", "lateral"),
        ("XR C-spine flex & ext without obliques", "flexion extension"),
        ("XR c-spine no obliques, flexion extension", "flexion extension"),
        ("C-spine AP, lateral and flexion (extension refused)", "ap lateral flexion"),
        ("C-spine flex/ext (pt unable to extend)", "flexion"),
        ("C-spine no trauma, flexion and extension", "flexion extension"),
        ("HWS in 2 Ebenen und Funktionsaufn.", "ap lateral flexion extension"),
        ("HWS Funktionsaufnahmen 2 Ebenen", "flexion extension"),
        ("C-spine lateral, flexion to follow", "lateral"),
        ("Rx columna cervical AP y perfil, no se realizan funcionales", "ap lateral"),
        ("RADIOGRAFIA DE ANTEBRAZO AP", "ap"),
        # The word beside it says that it is no view; after two movements it is why they were taken.
        ("C-spine AP, lateral mass fracture", "ap"),
        ("C-spine AP lateral fracture?", "ap lateral"),
        ("C-SPINE LAT FLEX/EXT TRAUMA", "lateral flexion extension"),
        ("C-spine flexion trauma, AP lat", "ap lateral"),
        ("XR C-spine flexion/extension views for instability", "flexion extension"),
        ("C-spine painful, flexion views", "flexion"),
        ("XR C-SPINE PAIN FLEX EXT", "flexion extension"),
        ("HWS Schmerzen Funktionsaufnahmen", "flexion extension"),
        ("HWS seitlich Flexion/Extension bei Schmerzen", "lateral flexion extension"),
        ("HWS Flexions-/Extensionsaufnahmen", "flexion extension"),
        # Which four or more "views" are is not said.
        ("Rachis cervical 4 incidences", ""),
        ("Rachis cervical 3 incidences", "ap lateral"),
    ],
)
def test_a_no_reaches_the_view_it_is_said_of(text: str, views: str) -> None:
    assert described(("CR",), text).views == set(views.split())


CONTRAST: dict[bool | None, list[str]] = {
    False: listed("""
contrast declined; contrast: refused; no contrast given; w/o gad; W/WO (gad refused); KM-frei;
KM verweigert; nativ; ohne KM; o.KM; kein KM; nativ (KM-Allergie); Kontrastmittelgabe vom Pat.
abgelehnt; sans injection; pas d'injection; injection refusée; sin contraste; contraste
rechazado; s/c; S/CIV; rechaza contraste; SS IV; ss injection; SS PDC; S/CTE; sciv; sin contr.; oKM;
ohne Gd; no con
"""),
    True: listed("""
without and with contrast; w/o then w gad; pre/post gad; nativ und nach KM; nativ + KM; ohne und
mit KM; mit u. ohne KM; sans puis avec injection; avec gado; sin y con contraste; simple y
contrastada; w and w/o; w and w/o gad; w con; +C; T1 +Gd; mKM; av gado; SS ET AV GADO; av/ss IV;
C/CTE; S/C - C/C; s/c y c/c; c y s/c
"""),
    None: listed("""
contrast allergy; Gadolinium-Allergie; allergie au gadolinium; alergia al contraste; +/- contrast;
with or without contrast; contrast if needed; ggf. KM; mit oder ohne KM; avec ou sans injection;
contraste si precisa; s/p epidural injection; contrast if tumor; contrast reaction previously;
phase contrast flow; contraste de fase; contraste si tumor; KM?; with gad?; injection ?; IV
sedation; with IV sedation; NYHA IV; iv Antibiotika; s/p botox injection; après injection de
corticoïdes; w/o sedation; Dens-Fraktur Typ IV
"""),
}


@pytest.mark.parametrize("contrast", CONTRAST)
def test_contrast_is_given_or_not_or_not_said(contrast: bool | None) -> None:
    said = CONTRAST[contrast]
    assert [text for text, one in read("MR", EXAMS, said) if one.contrast is not contrast] == []


@pytest.mark.parametrize(
    ("text", "contrast"),
    [
        # A "c" after "with" is contrast only where no region follows that it is the letter of.
        ("MRI brain with C-spine", None),
        ("MRI BRAIN WITH C-SPINE WITHOUT CONTRAST", False),
        ("MRI brain with C-spine noncontrast", False),
        ("MRI thoracic spine with C-spine", None),
        ("MRI L-spine, compared with C-spine of 2020", None),
        ("MRI brain with C + T spine", None),
        ("MRI c-spine with C", True),
        ("MRI c-spine w/c", True),
        # Nor is "iv", but where it ends what "with" or "without" begins.
        ("IRM cervicale IV+", True),
        ("IRM cervicale avec IV", True),
        ("IRM cervicale sans puis avec IV", True),
        ("CT C-spine with IV, trauma", True),
        ("IRM cervicale avec injection", True),
        ("IRM cervicale avec injection de gadolinium", True),
        ("IRM cervicale sans injection IV de gadolinium", False),
        ("IRM cervicale avec injection de toxine", None),
    ],
)
def test_a_letter_is_contrast_where_it_can_be_nothing_else(
    text: str, contrast: bool | None
) -> None:
    assert described(("MR",), text).contrast is contrast


LEFT_OUT = listed("""
C-spine not done; C-spine cancelled; cervical spine refused; C-spine: pending; C-spine to follow
tomorrow; C-spine not possible due to pain; HWS folgt; HWS abgelehnt; HWS nicht möglich;
Halswirbelsäule nicht durchgeführt; rachis cervical non réalisé; columna cervical no realizada; no
C-spine; C-spine?; instead of C-spine; statt HWS; compared with C-spine of 2020; unable to do
C-spine; C-spine next week; HWS verschoben; cervical reporté
""")


@pytest.mark.parametrize("exam", ["MRI L-SPINE", "MRT LWS", "IRM lombaire", "RM columna lumbar"])
def test_a_neck_that_was_not_examined_is_not_proposed(exam: str) -> None:
    said = [f"{exam}{between}{words}" for between in JOINED for words in LEFT_OUT]
    assert [text for text in said if described(("MR",), text).is_neck is not False] == []


@pytest.mark.parametrize(
    "words",
    [
        "pending ACDF",
        "pending surgery",
        "geplante OP",
        "refused contrast",
        "declined gadolinium",
        "non injecté",
        "geplante Spondylodese",
    ],
)
def test_what_follows_a_refusal_was_refused_not_the_neck(words: str) -> None:
    assert [text for text, _ in read("MR", EXAMS, [words])]


@pytest.mark.parametrize(
    ("texts", "is_neck"),
    [
        # A level alone may be a series number, a cycle of treatment or a class.
        (("CT Thorax C1",), False),
        (("CT C1/C 4 Thorax",), False),
        (("KNEE AP C1 LT", "KNEE"), False),
        (("MRT LWS C1",), False),
        (("MRT BWS Th1 C1",), False),
        (("CT C5/6",), True),
        # Parts of a spine by their letters; but a "c" before contrast is "with".
        (("MRI SPINE C/T/L W/WO",), True),
        (("MRI HEAD, SPINE C+T",), True),
        (("MRI SPINE (C, T, L)",), True),
        (("MRT WS (C/Th/L)",), True),
        (("MRI SPINE-C W/O",), True),
        (("RM COLUMNA C/D/L",), True),
        (("MRI CT/L SPINE",), True),
        (("CT L-SPINE",), False),
        (("CT L SPINE W/O", "LSPINE"), False),
        (("MRI SPINE T/L",), None),
        (("MRI SPINE C/O PAIN",), None),
        (("MRI SPINE C/W METS",), None),
        (("MRI LUMBAR SPINE C 1",), False),
        (("RM COLUMNA C/C",), None),
        (("RM COLUMNA C/CONTRASTE",), None),
        (("TC COLUMNA C/CIV",), None),
        (("RM S/C C. CERVICAL",), True),
        # Several of a region are of that region.
        (("TEP vertex mi-cuisses",), False),
        # What is named beside the neck does not take it away; alone it is not the neck.
        (("MRI brachial plexus and c-spine",), True),
        (("MRI brachial plexus", "CSPINE"), False),
        (("MRI cervical spine; thyroid cancer",), True),
        (("CT neck thyroid cancer staging",), False),
        (("CT HWS Tumorstaging",), True),
        (("MRI whole body incl. c-spine",), True),
        (("MRT HWS", "HWS", "TOF Angio carotis"), True),
        # Nor is it there where it was left out, or is the reason.
        (("CT head, no c-spine",), False),
        (("CT Wirbelsäule ohne HWS",), None),
        (("MRT Schulter bei HWS-Syndrom",), False),
        (("MRI thoracic spine, h/o ACDF C5-6",), False),
        (("LWS 2 Ebenen bei Skoliose",), False),
        # Nor by a series that others were placed by.
        (("MRT LWS", "HWS localizer"), False),
    ],
)
def test_the_neck_is_what_was_examined(texts: tuple[str, ...], is_neck: bool | None) -> None:
    assert described(("MR",), *texts).is_neck is is_neck


def test_what_is_said_of_another_region_is_not_said_of_the_neck() -> None:
    found = described(("CR",), "HWS und LWS", "HWS ap", "LWS Funktionsaufnahmen")
    assert found.views == {"ap"}
    assert described(("MR",), "MRT Kopf und HWS", "Kopf t1 KM", "HWS t2 sag").contrast is None


@pytest.mark.parametrize(
    ("text", "exam"),
    [
        ("Facet injection C5/6", None),
        ("MRI C-spine before facet injection", "mri"),
        ("MRT HWS, Z.n. PRT C6", "mri"),
        ("MRI cervical spine epidural abscess", "mri"),
        # Nor are pictures of an operation an examination.
        ("C-spine intraop", None),
        ("C-ARM OR CERVICAL SPINE", None),
        ("C-spine, operation theatre 3", None),
        ("HWS Bildwandler", None),
        ("Rachis cervical bloc opératoire", None),
        ("Escopia quirófano columna cervical", None),
        ("MRI C-spine for intraoperative navigation", "mri"),
        ("MRT HWS, Z.n. intraop. Blutung", "mri"),
    ],
)
def test_an_intervention_is_one_when_it_is_the_examination(text: str, exam: str | None) -> None:
    assert described(("MR",), text).exam == exam
