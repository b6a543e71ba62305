"""Descriptions with what is denied, to come or elsewhere, in four languages.

The notation is that of :mod:`tests.archive.descriptions.descriptions`, with k where contrast was
given and o where it was not. ``FIFTH`` was written before the rules for scope were, and the rules
with it in sight; ``SIXTH`` is in the style of other countries and of LOINC and RadLex, and was
frozen after them: docs/archive.md has the numbers.
"""

FIFTH = """
DX | XR CERVICAL SPINE 2V, no flexion/extension obtained | CSPINE | x y al
DX | XR C-SPINE AP LAT - FLEX/EXT NOT DONE PT IN PAIN | CSPINE | x y al
CR | C-Spine AP/Lat/Odontoid (unable to obtain flexion and extension) | CSPINE | x y al
CR | Cervical spine lateral only, no AP | CSPINE | x y l
DX | XR CERVICAL SPINE W/O OBLIQUES 3 VIEWS | SPINE | x y al
DX | XR CERVICAL SPINE FLEX & EXT WITHOUT OBLIQUES | SPINE | x y fe
DX | XR C SPINE 3 VWS DYNAMIC VIEWS DEFERRED | CSPINE | x y al
CR | CERVICAL SPINE LAT NEUTRAL FLEXION EXTENSION | CSPINE | x y lfe
MR | MRI CERVICAL SPINE - CONTRAST DECLINED BY PATIENT | CSPINE | m y o
MR | MRI C SPINE WITHOUT AND WITH CONTRAST | CSPINE | m y k
MR | MR CERVICAL SPINE W/O THEN W GAD | CSPINE | m y k
MR | MRI Cervical Spine, no gad given (eGFR 22) | CSPINE | m y o
MR | MRI CERVICAL SPINE NONCON | CSPINE | m y o
CT | CT C-SPINE NON-CON | CSPINE | c y o
CT | CT SPINE CERV W/O DYE | SPINE | c y o
MR | MRI C-SPINE, ACDF C5-6 PLANNED | CSPINE | m y
CT | CT CERVICAL SPINE PRE-OP ACDF | CSPINE | c y
MR | MRI CERVICAL SPINE, SURGICAL PLANNING, STENOSIS C4-C6 | CSPINE | m y
CT | CT C-SPINE SCHEDULED FOR POSTERIOR FUSION 3/14 | CSPINE | c y
MR | MRI C-SPINE EVAL FOR POSSIBLE DISC REPLACEMENT | CSPINE | m y
MR | MR C SPINE PRIOR TO LAMINOPLASTY | | m y
MR | MR C SPINE, PRIOR LAMINOPLASTY 2016 | | m y +
CT | CT CERVICAL SPINE PREVIOUS ACDF, NOW PRE-OP REVISION | | c y +
NM,CT | BONE SPECT CT W/ IMAGE FUSION C-SPINE | | s y
CT | CT C-SPINE FOR IMAGE FUSION WITH MRI | | c y
CT | CT CERVICAL SPINE, CONGENITAL FUSION C2-3 (KLIPPEL FEIL) | | c y
MR | MRI C-SPINE, COCHLEAR IMPLANT LEFT | | m y
MR | MRI CERVICAL SPINE, H/O L4-5 FUSION | | m y
CT | CT CERVICAL SPINE, HX LUMBAR FUSION AND HIP REPLACEMENT | | c y
MR | MR Cervical spine, s/p fusion C4-C7 with plate | | m y +
CT | CT ABDOMEN LIVER MASS C1 | ABDOMEN | c n
CR | KNEE AP C1 LT | KNEE | x n a
CT | CT CHEST HI RES C 4 | CHEST | c n
MR | MR LUMBAR SPINE C1 | LSPINE | m n
MR | MRI C SPINE AND LEFT BRACHIAL PLEXUS | | m y
MR | MRI CERVICAL SPINE; THYROID CANCER, NEW NECK PAIN | CSPINE | m y
NM,CT | NM BONE WHOLE BODY WITH SPECT/CT INCL C-SPINE | | s y
MR | MRI TOTAL SPINE STAGING MYELOMA | | m y
CT | CT NECK THYROID CANCER STAGING | NECK | c n
MR | MRI BRACHIAL PLEXUS RT C5-T1 | | m n
CT | CT HEAD W/O & CT C-SPINE W/O | HEAD | c y o
XA | ACDF C5/6 C-ARM <1 HR | | - y +
US | US SOFT TISSUE HEAD & NECK | NECK | - n
CR | HWS 2E, keine Funktionsaufnahmen | HWS | x y al
DX | HWS ap + seitl., Funktionsaufnahmen nicht möglich | HWS | x y al
CR | HWS 2 Ebenen ohne Dens-Zielaufnahme | HWS | x y al
CR | HWS seitlich, auf Funktion wurde verzichtet | | x y l
CR | HWS in 2 Ebenen und Funktionsaufn. | HWS | x y alfe
DX | HWS Funktionsaufnahmen In-/Reklination, keine Schrägaufnahmen | | x y fe
CR | CR HWS 2 E | | x y al
MR | MRT HWS KM-frei | | m y o
MR | MRT HWS o.KM | | m y o
MR | MR HWS nativ + KM | | m y k
MR | MRT HWS, KM abgelehnt | | m y o
MR | MRT der HWS ohne i.v. KM-Gabe | | m y o
MR | MRT HWS vor und nach KM | | m y k
MR | MRT HWS m. KM | HWS | m y k
CT | CT HWS nat. | | c y o
CT | CT HWS nativ vor Spondylodese C5/C6 | | c y o
MR | MRT HWS, geplante Fusion HWS C4/5 | | m y
CT | CT HWS, ACDF C5/6 für 12.3. vorgesehen | | c y
CT | CT HWS präop. (dorsale Stabilisierung C3-C6) | | c y
MR | MRT HWS OP-Indikation? | | m y
MR | MRT HWS Zn ventraler Fusion C5/6 | | m y +
MR | MRT HWS St.p. Nukleotomie C6/7 | | m y +
CT | CT HWS Materialkontrolle bei ACDF C4-6 | | c y +
CT | CT HWS Blockwirbel C2/3 | | c y
MR | MRT HWS, angeb. Fusion C5/6 | | m y
MR | MRT HWS bei Cochlea-Implantat re. | | m y
MR | MRT HWS, Z.n. Spondylodese LWK 4/5 | | m y
CT | CT HWS, Zustand nach Spondylodese BWK 12 - LWK 2 | | c y
MR | MRT HWS, Z.n. Hüft-TEP bds. | | m y
NM,CT | SPECT/CT HWS mit Bildfusion | | s y
CT | CT HWS und Bildfusion mit MRT | | c y
MR | MRT LWS C1 | | m n
CT | CT Abdomen nativ C 4 | ABDOMEN | c n o
CR | Thorax p.a. C1 | CHEST | x n a
MR | MRT HWS + Plexus brachialis li. mit KM | | m y k
MR | MRT HWS bei Schilddrüsen-Ca, Metastasen? | | m y
CT | CT HWS Tumorstaging | | c y
NM,CT | Ganzkörper-Skelettszintigraphie inkl. SPECT/CT HWS | | s y
MR | Ganzkörper-MRT inkl. HWS | | m y
MR | MRT Plexus brachialis rechts nativ | | m n o
CT | CT Hals KM Staging Hypopharynx-Ca | NECK | c n k
CR | Roe. HWS a.p./seitl./Foramina bds. | | x y al
DX | HWS-Schraegaufnahmen bds + Odontoid | | x y
CR | RÖNTGEN LENDENWIRBELSÄULE 2 EB. | | x n al
MR | MRT HWS/BWS/LWS nativ | | m y o
CR | Halswirbels. in 4 Eb. | | x y al
CT | CT Hals-/Brustwirbelsäule nach Sturz | | c y
US | Duplex hirnversorgende Gefäße extrakraniell | | - n
CR | RX RACHIS CERVICAL F+P SANS CLICHES DYNAMIQUES | | x y al
DX | Rachis cervical face/profil, pas de clichés dynamiques réalisés | | x y al
CR | Rachis cervical F/P ; clichés en flexion-extension impossibles | | x y al
CR | Rx c. cerv. F/P + dyn | | x y alfe
CR | Rachis cerv. face profil 3/4 dyn. | | x y alfe
DX | RACHIS CERVICAL PROFIL DYNAMIQUE | | x y lfe
CR | Radiographie rachis cervical (F, P, BO) | | x y al
MR | IRM rachis cervical, refus d'injection | | m y o
MR | IRM RACHIS CERVICAL SANS PUIS AVEC GADO | | m y k
MR | IRM cervicale sans IV | | m y o
MR | IRM cervicale non injectée | | m y o
MR | IRM médullaire cervicale IV+ | | m y k
CT | TDM rachis cervical C- | | c y o
CT | TDM RACHIS CERVICAL SANS INJ. | | c y o
CT | TDM rachis cervical avant arthrodèse C5-C6 | | c y
MR | IRM rachis cervical bilan pré-opératoire (hernie C6C7) | | m y
MR | IRM rachis cervical, arthrodèse C4-C6 prévue le 12/04 | | m y
CT | Scanner cervical: indication d'arthrodèse ? | | c y
MR | IRM rachis cervical post arthrodèse C5-C6 | | m y +
MR | IRM rachis cervical, ATCD de chirurgie cervicale 2014 | | m y +
CT | TDM rachis cervical contrôle matériel C4-C6 | | c y +
CT | TDM RACHIS CERVICAL, BLOC CONGENITAL C2-C3 | | c y
MR | IRM rachis cervical, implant cochléaire droit | | m y
MR | IRM rachis cervical. ATCD arthrodèse L4-L5 | | m y
MR | IRM rachis cervical, patient porteur d'une prothèse de hanche | | m y
NM,CT | TEMP/TDM rachis cervical avec fusion d'images | | s y
CR | Rachis lombaire F/P C1 | | x n al
CT | TDM TAP C1 J1 | | c n
MR | IRM rachis cervical et plexus brachial gauche | | m y
MR | IRM rachis cervical - cancer thyroïde, bilan d'extension | | m y
NM,CT | Scintigraphie osseuse corps entier + SPECT-CT rachis cervical | | s y
CT | TDM cervicale injectée, bilan d'extension cancer du larynx | | c n k
MR | IRM plexus brachial D sans et avec inj. | | m n k
CT | TDM rachis cervico-dorsal | | c y
CR | Charnière cervico-occipitale bouche ouverte | | x y
CR | Gonométrie + rachis cervical F/P | | x y al
MR | IRM rachis dorso-lombaire sans injection | | m n o
CT | ARTHROSCANNER EPAULE G | | c n
CR | Télécrâne de profil | | x n l
US | Écho thyroïde | | - n
CR | RX COLUMNA CERVICAL AP Y LAT SIN PROYECCIONES DINÁMICAS | | x y al
DX | Rx columna cervical AP y perfil, no se realizan funcionales | | x y al
CR | RX C. CERVICAL F Y L, PACIENTE NO TOLERA FLEXOEXTENSION | | x y al
DX | Columna cervical AP/L + dinámicas en flexión y extensión | | x y alfe
CR | RX CERVICAL AP-LAT-OBLICUAS-FUNCIONALES | | x y alfe
CR | Rx columna cervical lateral funcional | | x y lfe
MR | RM columna cervical s/c | | m y o
MR | RM COLUMNA CERVICAL S/CIV | | m y o
MR | RM cervical, rechaza contraste | | m y o
MR | RM cervical sin y con gadolinio | | m y k
MR | RMN DE COLUMNA CERVICAL SIMPLE Y CONTRASTADA | | m y k
CT | TAC columna cervical s/c | | c y o
CT | TC COLUMNA CERVICAL C/C | | c y k
MR | RM columna cervical previo a artrodesis C5-C6 | | m y
CT | TC cervical prequirúrgico ACDF | | c y
CT | TC columna cervical, pendiente de artrodesis C4-C5 | | c y
MR | RM cervical, candidato a prótesis discal | | m y
MR | RM cervical: artrodesis C5-C7 en 2018 | | m y +
MR | RM columna cervical postop. discectomía C5-C6 | | m y +
CT | TC columna cervical: fusión congénita C2-C3 | | c y
MR | RM cervical, portador de implante coclear | | m y
MR | RM columna cervical, antecedente de artrodesis lumbar L4-S1 | | m y
NM,CT | Gammagrafía ósea SPECT-TC cervical con fusión de imágenes | | s y
CT | TC ABDOMEN C1 | | c n
CR | RX LUMBAR AP Y L (C 4) | | x n al
MR | RM columna cervical y plexo braquial derecho | | m y
MR | RM cervical. Ca. tiroides, descartar metástasis | | m y
NM,CT | Rastreo óseo cuerpo entero + SPECT/CT de columna cervical | | s y
CT | TC cuello c/c estadificación ca. laringe | CUELLO | c n k
MR | RM PLEXO BRAQUIAL IZQ C/S CONTRASTE | | m n k
CT | TAC COLUMNA DORSAL | | c n
CR | RX COLUMNA CERVICO-DORSO-LUMBAR AP Y LAT | | x y al
CR | Rx cavum faríngeo lateral | | x n l
NM | Gammagrafía de paratiroides MIBI | | - n
CR | Odontoides transoral + lateral C1-C2 | | x y l
"""
SIXTH = """
DX | XR C-Spine 4-5V | | x y
DX | XR C-Spine 2-3V+Flex/Ext | | x y alfe
DX | XR Cervical Spine 1 View | | x y
DX | XR Entire Spine 2+ Views | | x y
DX | XR Thoracolumbar Spine 2 Views | | x n al
DX | XR Optic Foramina | | x n
DX | XR Neck Soft Tissue | | x n
DX | XR TMJ Open+Closed Bilat | | x n
CT | CT C-Spine w/wo | | c y k
CT | CT C-Spine wo | | c y o
CT | CT Cervical Spine w IV Contrast | | c y k
CT | CT Neck Angio w/wo | | c n k
CT | CT Chest wo | | c n o
MR | MR Head Neck Angio | | m n
MR | MR Upper Arm w/wo | | m n k
MR | MR C-Spine w | | m y k
MR | MR Brachial Plexus wo | | m n o
NM | NM Bone Ltd | | - ?
NM,CT | NM Bone SPECT CT Spine Cervical | | s y
NM | NM Parathyroid | | - n
DX | XR Cervical Spine AP and Lateral and oblique and odontoid | | x y al
MR | MR Cervical spine WO contrast | | m y o
MR | MR Cervical spine WO and W contrast IV | | m y k
CT | CT Cervical spine WO contrast and reformatted | | c y o
RF | RF Cervical spine Views during surgery | | x y +
DX | XR Spine Cervical and Thoracic and Lumbar Views | | x y
MR | MR Spine cervical and thoracic WO and W contrast IV | | m y k
DX | SPINE CERVICAL MIN 2 VIEWS | | x y al
MR | MRI C-SPINE - PT DECLINED GADOLINIUM | | m y o
MR | MRI cervical spine, no contrast due to renal failure | | m y o
CR | C-SPINE TRAUMA SERIES, UNABLE TO PERFORM SWIMMERS | | x y
DX | C-Spine AP/LAT, patient could not tolerate flexion/extension | | x y al
CT | CT C-SPINE S/P MVC, HX OF LEFT HIP FRACTURE ORIF | | c y
CT | CT C-SPINE FOR SURGICAL NAVIGATION, C3-7 FUSION TOMORROW | | c y
MR | MRI Cervical, follow-up of ACDF C5-7 (2020) | | m y +
CT | CT Cervical Spine: assess bony fusion after ACDF C6-7 | | c y +
MR | MRI cervical spine for radiotherapy planning, CT/MR fusion | | m y
CT | CT lung cancer stage T1 C1D1 | CHEST | c n
MR | MRI Cervical Spine: hx breast cancer with implants, neck pain | | m y
NM,CT | Whole body bone scan + SPECT CT of neck, prostate cancer staging | | s y
CR | HWS ap/seitl + Fktn | | x y alfe
CR | Rx HWS 2E Funktion folgt später | | x y al
DX | RX HWS 2 EBENEN (SCHWEIZ. STANDARD) | | x y al
CR | Halswirbelsäule ap/lat/Dens, Funktionsaufn. schmerzbedingt nicht durchgeführt | | x y al
CR | HWS seitlich in Flexion u. Extension | | x y lfe
CR | HWS-Röntgen, keine Schrägprojektion | | x y
CR | HWS 4E+Dens | | x y al
CR | Röntgen Wirbelsäulenregion HWS | | x y
MR | MRI HWS nativ & i.v. KM | | m y k
MR | MRI HWS - Pat. wünscht kein Kontrastmittel | | m y o
MR | MR-HWS (nativ, KM-Unverträglichkeit) | | m y o
MR | MRT Halswirbelsäule o. KM, Z.n. ventr. Spondylodese C5-7 | | m y o+
MR | MRT HWS zur OP-Planung ACDF C5/6 | | m y
MR | MRI HWS vor Dekompressionsoperation | | m y
CT | CT HWS vor Wirbelsäulenoperation C4-C6 | | c y
CT | CT HWS: Frage nach Durchbau der Fusion C5/6 | | c y +
CT | CT HWS, Klippel-Feil mit Blockwirbelbildung C2/3 | | c y
MR | MRI HWS bei St. n. Spondylodese L3-S1 | | m y
MR | MRI HWS, Pat. mit Knie-TP und Schrittmacher | | m y
MR | MRT HWS, Neurostimulator implantiert | | m y
CT | CT-HWS zur Fusion mit PET | | c y
NM,CT | SPECT/CT HWS nativ, Fusion mit ext. MRT | | s y
CT | CT Thorax/Abdomen C2 | | c n
MR | MRI Plexus brachialis und HWS mit Kontrast | | m y k
MR | MRI HWS, bek. Mamma-Ca, Staging | | m y
CT | CT Hals/Thorax, Staging bei Larynx-Ca | | c n
PT,CT | PET/CT Ganzkörper inkl. Hals | | s y
CR | Ganze Wirbelsäule stehend (EOS) | | x y
US | Schilddrüsensonographie | | - n
CT | CT Gesichtsschädel und HWS n. Trauma | | c y
CR | RX colonne cervicale F+P+obliques | | x y al
CR | RX COLONNE CERVICALE 2 INC. | | x y al
DX | Rx colonne cervicale dynamique (flexion/extension) | | x y fe
CR | Rx colonne cerv. face/profil, flex/ext non faite (douleur) | | x y al
CR | Colonne cervicale 5 incidences + odontoïde | | x y al
DX | Rx rachis cervical debout F/P sans obliques | | x y al
CT | CT-scan colonne cervicale sans contraste | | c y o
CT | CT colonne cervicale C- | | c y o
CT | Tomodensitométrie de la colonne cervicale | | c y
MR | RMN colonne cervicale | | m y
MR | IRM colonne cervicale avec gadolinium | | m y k
MR | IRM colonne C : contraste refusé par le patient | | m y o
MR | IRM cervicale en vue d'une discectomie C5-C6 | | m y
MR | IRM colonne cervicale pré-arthrodèse | | m y
CT | CT colonne cervicale post-op fusion C4-C6 | | c y +
CT | Scanner colonne cervicale: consolidation de l'arthrodèse C5-C6? | | c y +
MR | IRM col. cervicale, porteur PTH gauche et PTG droite | | m y
MR | IRM colonne cervicale, status post arthrodèse lombaire L4-S1 | | m y
CT | CT colonne cervicale, fusion congénitale C3-C4 | | c y
CT | CT colonne lombaire C1 | | c n
MR | IRM colonne dorso-lombaire | | m n
MR | IRM plexus brachial et colonne cervicale | | m y
NM,CT | Scintigraphie osseuse pancorporelle avec SPECT-CT cervical | | s y
CT | CT cou et thorax avec contraste, néo thyroïde | | c n k
CR | RADIOGRAFIA DE COLUMNA CERVICAL O ATLAS-AXIS (FRONTAL Y LATERAL) | | x y al
CR | RADIOGRAFIA DE COLUMNA CERVICAL (FRONTAL, LATERAL Y OBLICUAS) | | x y al
CR | RADIOGRAFIA DE COLUMNA CERVICAL FLEXION Y EXTENSION (DINAMICAS) | | x y fe
CR | RADIOGRAFIA DE COLUMNA DORSAL LOCALIZADA, PARRILLA COSTAL (FRONTAL Y LATERAL) | | x n al
CR | RADIOGRAFIA DE COLUMNA TOTAL FRONTAL Y LATERAL | | x y al
CR | RADIOGRAFIA DE PELVIS, CADERA O COXOFEMORAL | | x n
CR | Rx cervical AP y Lat, dinámicas no realizadas por dolor | | x y al
CR | Espinografía cervical frente y perfil | | x y al
CR | RX COLUMNA CERVICAL TRANSORAL Y LATERAL | | x y l
CT | TOMOGRAFIA COLUMNA CERVICAL S/CTE | | c y o
CT | TEM DE COLUMNA CERVICAL SIN CONTRASTE | | c y o
MR | RESONANCIA COLUMNA CERVICAL CON GADOLINIO | | m y k
MR | RMN COL CERVICAL, PACIENTE NO ACEPTA CONTRASTE | | m y o
MR | RM de columna cervical: programado para discectomía y artrodesis C5-C6 | | m y
CT | TAC columna cervical control post artrodesis C4-C6 | | c y +
MR | RM cervical, artrodesis lumbar previa | | m y
CT | TC cervical, bloque vertebral congénito C2-C3 | | c y
CT | TAC TORAX C4 | | c n
MR | RM columna cervical + plexo braquial izq. con contraste | | m y k
CT | TC cuello, cáncer de tiroides | | c n
"""
