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
RF | C-arm ACDF C5-C6 intraop | | x y +
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
