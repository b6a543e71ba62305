"""A hundred descriptions as they stand in archives, and what a reader makes of them.

Modalities, description, body part; then what was made (x radiographs, m MRI, c CT, s SPECT/CT, -
none that the pathway asks for), whether it is the spine of the neck (y, n, ? not said), the views
(a, l, f, e), and + where an operation was done.
"""

DESCRIPTIONS = """
CR | XR Cervical Spine 2 or 3 views AP LAT | CSPINE | x y al
DX | C-SPINE AP/LAT/FLEX/EXT | | x y alfe
CR | Cervical spine flexion and extension | CSPINE | x y fe
DX | XR SPINE CERVICAL COMPLETE W FLEX EXT | SPINE | x y fe
CR | X-ray neck soft tissue lateral | NECK | x n l
DX | Lumbar spine AP and lateral | LSPINE | x n al
CR | CHEST PA & LAT | CHEST | x n al
DX | Odontoid view | CSPINE | x y
RF | Barium swallow | | x n
RF | C-arm ACDF C5-C6 intraop | | - y +
MR | MRI C-spine w/o contrast | CSPINE | m y
MR | MRI CERVICAL SPINE W WO CONTRAST | SPINE | m y
MR | MR Brain | HEAD | m n
MR | MRI whole spine | SPINE | m y
MR | MRA neck | NECK | m n
MR | MRI L-Spine | LSPINE | m n
MR | MRI Neck soft tissue with contrast | NECK | m n
MR | C3-C7 post op fusion | | m y +
MR | Cervicothoracic junction | | m y
MR | MRI right shoulder | SHOULDER | m n
CT | CT Cervical Spine without contrast | CSPINE | c y
CT | CT C-SPINE TRAUMA | | c y
CT | CT Angio Carotid / Neck | NECK | c n
CT | CT head without contrast | HEAD | c n
CT | CT chest abdomen pelvis | | c n
CT | CT C-spine post-op hardware check | CSPINE | c y +
CT | CT Head and C-spine | HEAD | c y
CT | Routine | | c ?
NM,CT | Bone SPECT/CT neck | | s y
NM | Three phase bone scan whole body | | - n
NM,CT | SPECT/CT fusion cervical spine | | s y
PT,CT | NaF PET/CT whole body | | s n
US | US neck thyroid | NECK | - n
XA | Cerebral angiography | | - n
CR | Cervical spine post ACDF C4-C6 AP LAT | | x y al+
CR | HWS in 2 Ebenen | HWS | x y al
CR | HWS a.p. und seitlich | | x y al
DX | HWS Funktionsaufnahmen | | x y fe
DX | HWS seitl. Inklination / Reklination | | x y lfe
CR | LWS 2 Ebenen | LSPINE | x n al
CR | BWS a.p./seitl. | | x n al
CR | Thorax p.a. | CHEST | x n a
CR | Dens-Zielaufnahme | | x y
CR | HWS nach Spondylodese C5/6 2 Eb. | | x y al+
CR | Röntgen Halswirbelsäule 4 Ebenen | | x y al
CR | Schädel 2 Ebenen | SKULL | x n al
CR | Wirbelsäulenganzaufnahme | | x y
MR | MRT HWS nativ | | m y
MR | MRT der Halswirbelsäule mit KM | CSPINE | m y
MR | MRT Neurocranium | HEAD | m n
MR | MR LWS | | m n
MR | MRT Hals (Weichteile) mit KM | NECK | m n
MR | MRT ganze Wirbelsäule | | m y
MR | HWS Z.n. OP C6/7 | | m y +
MR | MRT Kniegelenk links | KNEE | m n
CT | CT HWS nativ | | c y
CT | CT Halswirbelsäule Trauma | | c y
CT | CT Abdomen/Becken mit KM | | c n
CT | CTA Karotiden | NECK | c n
CT | Spiral-CT HWS, Z. n. ventraler Spondylodese | | c y +
CT | HWS präoperative Planung | | c y
NM,CT | SPECT/CT HWS | | s y
NM | 3-Phasen-Skelettszintigraphie | | - ?
NM | Schilddrüsenszintigraphie | | - n
US | Sono Hals | | - y
CR | Rachis cervical face et profil | | x y al
DX | Radio du rachis cervical F+P | | x y al
DX | Rachis cervical clichés dynamiques flexion extension | | x y fe
CR | Rachis lombaire face profil | | x n al
CR | Radiographie pulmonaire de face, thorax | | x n a
CR | Contrôle arthrodèse cervicale C5C6 profil | | x y l+
CR | Bassin de face | PELVIS | x n a
MR | IRM du rachis cervical sans injection | | m y
MR | IRM cervicale avec et sans gadolinium | | m y
MR | IRM encéphalique | HEAD | m n
MR | IRM rachis entier | | m y
MR | IRM lombaire | | m n
MR | IRM rachis cervical post-opératoire | | m y +
CT | Scanner du rachis cervical | | c y
CT | TDM cervicale osseuse | | c y
CT | TDM TSA | NECK | c n
CT | Scanner cérébral | | c n
CT | TDM rachis cervical contrôle ostéosynthèse | | c y +
NM,CT | TEMP/TDM rachis cervical | | s y
NM | Scintigraphie osseuse corps entier | | - n
CR | Columna cervical AP y lateral | | x y al
DX | RX columna cervical funcional flexión extensión | | x y fe
CR | Rx columna lumbar AP y L | | x n al
CR | Tórax PA y lateral | CHEST | x n al
CR | Columna cervical dinámicas | | x y fe
CR | Control artrodesis cervical C5-C6 | | x y +
MR | RM columna cervical sin contraste | | m y
MR | RMN cervical con y sin contraste | | m y
MR | RM cerebral | | m n
MR | RM de hombro derecho | | m n
CT | TAC columna cervical | | c y
CT | TC cuello con contraste, partes blandas | NECK | c n
CT | TC columna cervical postquirúrgico | | c y +
NM,CT | SPECT-TC columna cervical | | s y
OT | Resonancia magnética de columna cervical (externa) | | m y
"""

#: Each of these has been read wrongly before; none may be again.
SURE = """
MR | IRM rachis contrôle vissage | | m ? +
CT | Scanner rachis, contrôle vissage L4-S1 | | c ?
CR | Rx pelvis | | x n
CR | Cadera derecha AP | | x n a
CT | CT HWS, Fraktur kann alt sein | | c y
MR | IRM du sein | | m n
MR | IRM mammaire | | m n
CT | CT C-spine Dr. Ent | | c y
CT | CT NECK ENT PROTOCOL | | c n
MR | MRI cervical spine guideline | | m y
CT | Infiltration cervicale guidée par TDM | | - y
CT | CT guided biopsy C5 | | - y
MR | MRI cervical spine, prior surgery: none | | m y
MR | MRI cervical spine, prior surgery: no | | m y
MR | MRI cervical spine, prior surgery no contrast | | m y +
MR | MRI cervical spine, prior surgery C5 | | m y +
MR | MRI cervical spine compression/decompression | | m y
MR | MRI cervical spine after C4 decompression | | m y +
CT | CT C-spine s/p ACDF | UNKNOWN | c y +
"""

#: Written by another person, who had not seen the table of words.
MORE = """
CR | CERVICAL SPINE 4 VIEWS | C_SPINE | x y
DX | XR C SPINE AP LAT ODONTOID | CSPINE | x y al
DX | XR CERVICAL SPINE MIN 6 VIEWS W FLEX/EXT | | x y fe
CR | C-Spine swimmer's view | | x y
CR | Spine cervical lateral cross table | | x y l
CR | XR Cervical Spine Obliques | | x y
DX | XR FEMUR NECK RIGHT | | x n
MR | MR C-SPINE W/O | | m y
MR | MRI CSP WITHOUT GAD | | m y
MR | MRI BRAIN AND CERVICAL SPINE W/WO | | m y
MR | MR THORACIC SPINE | | m n
MR | MRI Cervical, s/p laminoplasty | | m y +
CT | CT SPINE CERVICAL WO IVCON | | c y
CT | CT NECK W CONTRAST ENT | NECK | c n
CT | CT CERVICAL SPINE POST MYELOGRAM | | c y
CT | CT C/T/L SPINE TRAUMA | | c y
CT | CT Maxillofacial | FACE | c n
CT | CT C1-C2 rotatory subluxation protocol | | c y
NM,CT | NM BONE SPECT CT C-SPINE | | s y
NM,CT | Tc-99m MDP SPECT-CT cervical facets | | s y
PT,CT | PET CT FDG skull base to mid thigh | | s n
NM | NM Bone Scan Whole Body | | - n
CT | CT guided facet injection C4/5 | | - y
RF | Fluoro guided medial branch block cervical | | - y
DX | Status post C5/6 disc arthroplasty, flexion/extension | | x y fe+
CR | HWS ap/seitl. + Dens | | x y al
CR | HWS 2E | | x y al
DX | Rö HWS Schrägaufnahmen beidseits | | x y
CR | HWS Inklination/Reklination | | x y fe
CR | HWS Fkt. | | x y fe
CR | Röntgen Schulter rechts | | x n
CR | Halswirbelsäule seitlich | | x y l
CR | BWS/LWS 2 Ebenen | | x n al
MR | MRT HWS + BWS nativ | | m y
MR | Kernspintomographie der HWS | | m y
MR | MR-Angio Halsgefäße | | m n
MR | MRT Kopf/Hals | | m ?
CT | CT HWS (knöchern) | | c y
CT | CCT nativ | | c n
CT | Polytrauma-CT | | c ?
CT | CT-gesteuerte PRT C6 links | | - y
CT | CT HWS postoperativ nach Cage-Implantation C5/6 | | c y +
NM,CT | Skelettszintigraphie mit SPECT/CT der HWS | | s y
NM | Knochenszintigramm Ganzkörper | | - n
CR | Verlaufskontrolle ACDF C6/7 HWS 2 Ebenen | | x y al+
CR | RX RACHIS CERVICAL F/P/3-4 | | x y al
DX | Rachis cervical de profil en flexion et en extension | | x y lfe
CR | Rachis dorsal face | | x n a
CR | Radiographie du genou gauche | | x n
MR | IRM MEDULLAIRE CERVICALE | | m y
MR | IRM de l'épaule droite | | m n
MR | IRM cervico-dorsale avec injection | | m y
CT | Scanner rachis cervical sans IV | | c y
CT | Scanner cervico-facial injecté | | c n
CT | Infiltration articulaire postérieure C3-C4 sous scanner | | - y
CT | TDM rachis cervical post arthrodèse C4-C6 | | c y +
NM,CT | Scintigraphie osseuse SPECT/CT rachis cervical | | s y
PT,CT | TEP-TDM au FNa corps entier | | s n
CR | RX CERVICAL 2P | | x y al
DX | Radiografía de columna cervical perfil | | x y l
CR | RX CERVICAL FUNCIONALES | | x y fe
CR | RX TORAX FRENTE | | x n a
MR | RNM COLUMNA CERVICAL | | m y
MR | RM DE COLUMNA LUMBOSACRA | | m n
MR | RM cervicodorsal con gadolinio | | m y
CT | TC DE COLUMNA CERVICAL SIN CTE | | c y
CT | TC cráneo y columna cervical | | c y
CT | Artrodesis cervical C5-C7, control TC | | c y +
NM,CT | Gammagrafía ósea con SPECT-TC cervical | | s y
NM | Rastreo óseo | | - ?
DX | XR Spine Cervical 2-3 Views | SPINE | x y al
CR | Cerv Spine Trauma Series | CSPINE | x y
DX | X-RAY EXAM NECK SPINE 4/5VWS | | x y
CR | CERVICAL SPINE LATERAL FLEXION AND EXTENSION VIEWS ONLY | | x y lfe
DX | XR HIP 2 VIEWS LEFT | HIP | x n al
DX | XR SOFT TISSUE NECK | NECK | x n
CR | Post-operative cervical spine lateral | | x y l+
MR | MRI SPINE CERVICAL WITHOUT CONTRAST | CSPINE | m y
MR | MRI Cervical Spine Limited STIR | | m y
MR | MRI FACE ORBITS NECK W WO | | m n
MR | MRI LUMBAR SPINE WITHOUT | | m n
MR | Outside MRI C spine 5/2023 | | m y
CT | CT ANGIOGRAPHY HEAD AND NECK | | c n
CT | CT CERVICAL SPINE W/O CONT REFORMATS | | c y
CT | CT THORAX W CONTRAST | | c n
CT | CT C-Spine prior fusion C3-6 hardware failure? | | c y +
CT | CT SINUS | | c n
NM,CT | NM SPECT CT BONE CERVICAL | | s y
NM,CT | Bone scan with SPECT/CT head and neck | | s y
NM | Myocardial perfusion SPECT | | - n
NM | Parathyroid SPECT | | - n
PT,CT | 18F-NaF PET/CT cervical spine | | s y
OT | Cervical epidural steroid injection | | - y
CR | Halswirbelsäule in 2 Ebenen und Denszielaufnahme | | x y al
DX | HWS 4 Ebenen (inkl. Schrägaufn.) | | x y al
CR | HWS Funktion | | x y fe
DX | LWS Funktionsaufnahmen | | x n fe
CR | Hand bds. dv | | x n
DX | HWS p.a./seitl. postop. nach dorsaler Stabilisierung C3-C6 | | x y al+
MR | MR Halswirbelsäule ohne/mit KM | | m y
MR | MRT HWS/BWS Trauma | | m y
MR | MRT Schädel mit KM | | m n
MR | MRT LWS nativ | | m n
MR | MR Plexus brachialis | | m n
CT | CT Halsweichteile mit KM | | c n
CT | CT Kopf nativ und HWS | | c y
CT | Low-Dose-CT HWS C4-C7 | | c y
CT | CT Thorax/Abdomen | | c n
CT | CT Kontrolle nach Wirbelkörperersatz C5 | | c y +
NM,CT | Knochen-SPECT/CT Halswirbelsäule | | s y
NM | Ganzkörperskelettszintigraphie | | - n
CR | Radiographie rachis cervical face profil 3/4 | | x y al
CR | Rachis cervical 2 incidences | | x y al
DX | Rachis cervical dynamique | | x y fe
CR | Thorax face | | x n a
DX | Radiographies lombaires debout | | x n
MR | IRM rachis cervico-thoracique | | m y
MR | IRM cérébrale et médullaire | | m n
MR | IRM charnière occipito-vertébrale | | m y
CT | Scanner du rachis cervico-dorsal sans injection | | c y
CT | Angioscanner des TSA | | c n
CT | Scanner thoraco-abdomino-pelvien | | c n
CT | Scanner cervical post opératoire plaque vissée C5-C6 | | c y +
NM,CT | Scintigraphie osseuse avec TEMP-TDM cervicale | | s y
NM | Scintigraphie thyroïdienne | | - n
CR | Columna cervical 2 proyecciones | | x y al
DX | Rx de columna cervical AP, lateral y oblicuas | | x y al
CR | Columna cervical flexo-extensión | | x y fe
CR | Rx pelvis AP | | x n a
MR | Resonancia magnética cervical sin gadolinio | | m y
MR | RM columna completa | | m y
MR | RM de rodilla izquierda | | m n
CT | TAC de columna cervical con reconstrucción | | c y
CT | AngioTC de troncos supraaórticos | | c n
CT | TC de senos paranasales | | c n
CT | TC cervical, paciente operado de hernia C6-C7 | | c y +
NM,CT | SPECT/TC óseo cervical | | s y
NM | Gammagrafía ósea de cuerpo completo | | - n
CT | Infiltración facetaria cervical guiada por TC | | - y
CT | CT FUSED C-SPINE NAVIGATION PREOP | | c y
"""
