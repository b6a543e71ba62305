"""Three hundred descriptions more, each frozen after the rules were changed for those before.

The notation is that of :mod:`tests.archive.descriptions.scope`. Half of ``SEVENTH`` and ``EIGHTH``
are of what is denied, to come or elsewhere, in words of their own; of ``EIGHTH`` and ``NINTH`` some
fifty and seventy stand in public repositories (catalogues of Ecuador, Peru and Mexico, RadLex,
a Scottish archive). docs/archive.md has the numbers.
"""

SEVENTH = """
DX | CERVICAL SPINE 2-3 VWS | CSPINE | x y al
DX | C SPINE W/ FLEXION & EXTENSION 5 VIEWS | CSPINE | x y fe
CR | cspine lat w swimmers | | x y l
DX | XR SPINE CERV LATERAL FLEX AND EXT ONLY | SPINE | x y lfe
DX | Cervical Spine AP Lateral Odontoid - Flexion/Extension contraindicated (fx) | CSPINE | x y al
CR | C-spine 3 views; no bending films today | | x y al
CR | PORTABLE XTABLE LAT C-SPINE IN COLLAR | | x y l
DX | XR THORACIC SPINE SWIMMERS | TSPINE | x n
DX | XR WRIST 3V RT | WRIST | x n al
MR | MRI SPINE CERVICAL WITHOUT IV CONTRAST | | m y o
MR | MRI CERVICAL SPINE WITH AND WITHOUT IV CONTRAST | | m y k
MR | MRI C-SPINE W/WO CON (GAD HELD) | | m y o
MR | MR cspine stir only no gad | | m y o
MR | MRI C/T SPINE WWO MS | | m y k
MR | MRI cervical cord compression ? decompression C4-5 | | m y
MR | MRI C-spine, will undergo ACDF next month | | m y
MR | MRI C-spine 6 wks after laminectomy C3-6 | | m y +
MR | MRI C Spine, remote lumbar surgery | | m y
CT | CT cerv spine; hardware intact? ACDF C4-7 2015 | | c y +
CT | CT C-SPINE, LONGSTANDING AUTOFUSION C5-6 | | c y
CT | CT HEAD/C-SPINE TRAUMA WO | | c y o
CT | CT PELVIS BONY C1 | | c n
CT | CTA NECK FOR DISSECTION | | c n
CT | CT SOFT TISSUE NECK WITH IV, THYROID CA | | c n k
CT | CT cspine, thyroid nodule incidental on US | | c y
MR | MR brachial plexus w/ c-spine limited | | m y
NM,CT | NM SPECT/CT BONE NECK | | s y
NM,CT | NM WB BONE SCAN W SPECT CT C AND L SPINE | | s y
PT,CT | PET/CT F18 NAF BONE VERTEX TO TOES | | s n
XA | XA C-SPINE OR ACDF | | - y +
RF | FLUORO GUIDED CERVICAL FACET INJ | | - y
CT | CT GUIDED BIOPSY C-SPINE | | - y
MR | MRI CSPINE RULE OUT EPIDURAL ABSCESS | | m y
CR | Hws ap. u. seitl. | HWS | x y al
CR | HWS in 2 Ebenen plus Funktionsaufnahmen in Flexion/Extension | | x y alfe
CR | HWS Inkl./Rekl. entfallen, nur 2 Eb. | | x y al
DX | Halswirbelsaeule 2 Ebenen (ohne Funktion) | | x y al
DX | HWS Funktionsstudie | | x y fe
CR | HWS lat. stehend neutral, Inklination nicht toleriert | | x y l
CR | Zielaufnahme Dens transbukkal | | x y
CR | OSG rechts 2 Ebenen | | x n al
CR | Rö-Thorax 1 Ebene im Bett | | x n
MR | MRT-HWS ohne und mit Kontrastmittel | | m y k
MR | MRT HWS nativ, auf Kontrastmittel wurde verzichtet | | m y o
MR | MR Halswirbelsaeule ohne Gadolinium | | m y o
MR | MRT HWS (Kontrastmittelgabe vom Pat. abgelehnt) | | m y o
MR | MRT HWS/BWS mit Gadovist | | m y k
MR | MRT HWS vor anstehender OP C5/6 | | m y
MR | MRT HWS, OP für nächste Woche geplant (ACDF) | | m y
MR | MRT HWS nach Bandscheiben-OP C6/7 | | m y +
MR | MRT HWS 3 Mon. nach ACDF C5/6 | | m y +
MR | MRT HWS, Voroperation LWS 2011 | | m y
CT | CT HWS Schraubenlage nach dorsaler Instrumentierung C4-Th2 | | c y +
CT | CT HWS: kongenitale Blockwirbel HWK 5/6 | | c y
CT | CT HWS mit Fusion MRT-Datensatz (Navigation) | | c y
CT | CT HWS, liegende Spondylodese LWK 3-5 bekannt | | c y
CT | CT Hals nativ, Schilddrüsenkarzinom | | c n o
CT | CT Felsenbein C1 | | c n
CT | CT-Infiltration C5/6 re | | - y
NM,CT | Skelett-SPECT/CT Wirbelsäule inkl. HWS, Ganzkörper | | s y
MR | MRT HWS u. Armplexus re. | | m y
MR | MRT Ganzkörper (Myelom-Staging) | | m n
CR | Rx rachis cervical face + profil + obliques D/G | | x y al
CR | RX RACHIS CERVICAL PROFIL SEUL (PAS DE FACE) | | x y l
CR | Rachis cervical F+P, dynamiques à prévoir | | x y al
DX | Rachis cervical : clichés dynamiques en flexion/extension | | x y fe
CR | Rx rachis cervical sans cliché bouche ouverte, F P | | x y al
CR | Rx genou D F/P/schuss | | x n al
CR | Rx charnière cervico-thoracique F/P | | x y al
MR | IRM RACHIS CERVICAL S/C | | m y o
MR | IRM rachis cervical avec injection de gadolinium | | m y k
MR | IRM cervicale sans produit de contraste (allergie) | | m y o
MR | IRM RACHIS CERVICAL ET DORSAL SANS ET AVEC IV | | m y k
MR | IRM cervicale. Chirurgie C5-C6 prévue en mai | | m y
MR | IRM rachis cervical : suites opératoires d'une laminectomie C3-C6 | | m y +
MR | IRM rachis cervical, hernie discale lombaire opérée en 2010 | | m y
MR | IRM cervicale, antécédent d'ACDF C5-C6 | | m y +
CT | TDM rachis cervical, bilan avant chirurgie | | c y
CT | TDM rachis cervical ; synostose (fusion congénitale) C5-C6 | | c y
CT | Scanner cérébral et rachis cervical, trauma | | c y
CT | TDM ABDOMINO-PELVIENNE C2 | | c n
CT | Scanner cou injecté, cancer ORL | | c n k
NM,CT | TEMP-TDM cervicale, fusion TEMP/TDM | | s y
NM | Scintigraphie osseuse 3 temps mains | | - n
CR | Rx col. cervical AP, L y funcionales (flex-ext) | | x y alfe
CR | RX COLUMNA CERVICAL 4 POSICIONES | | x y
CR | Rx columna cervical AP-L, dinamicas pendientes | | x y al
CR | Columna cervical lateral, no se obtuvo AP | | x y l
CR | RX CERVICAL SIN OBLICUAS, AP Y LATERAL | | x y al
CR | RX HOMBRO AP Y AXIAL DERECHO | | x n a
MR | RM CERVICAL SIN Y CON CONTRASTE EV | | m y k
MR | RM columna cervical simple (no contrastada) | | m y o
MR | RM columna cervical, se suspende contraste | | m y o
MR | RMN cervical, en lista para cirugía de columna | | m y
MR | RM cervical tras discectomía C5-C6 | | m y +
MR | RM cervical, IQ previa: artrodesis C4-C6 | | m y +
MR | RM columna cervical, prótesis de rodilla bilateral | | m y
CT | TC cervical control de tornillos C1-C2 | | c y +
CT | TC columna cervical, fusion con RM para neuronavegacion | | c y
CT | TC ABDOMINOPELVICO L4 C1 | | c n
NM,CT | Gammagrafia osea corporal total con SPECT/CT de raquis cervical | | s y
US | Ecografía de cuello | | - ?
"""
EIGHTH = """
CR | COLUMNA CERVICAL AP/LAT/DINAMICAS 4EXP | | x y alfe
CR | COLUMNA CERVICAL AP/L 2EXP | | x y al
CR | COLUMNA CERVICAL 1EXP | | x y
CR | ATLAS-AXIS PA 1EXP | | x y a
CR | AGUJERO OPTICO AP/L 2EXP | | x n al
CR | CAVUM RINOFARINGEO 1EXP | | x n
CR | ARCO CIGOMATICO AP/L 2EXP | | x n al
CR | MASTOIDES BILATERAL 4EXP | | x n
CR | COLUMNA CERVICAL AP· LAT Y ODONTOIDES | | x y al
CR | COLUMNA CERVICAL 3P | | x y al
CR | CODO IZQUIERDO 2P | | x n al
CR | SACRO COXIS AP | | x n a
CR | CADERA PANORAMICA | | x n
CR | HUESOS PROPIOS DE LA NARIZ | | x n
CR | COLUMNA CERVICAL LATERAL | | x y l
CR | COLUMNA DORSO LUMBAR LATERAL | | x n l
CR | RADIOGRAFIA DE COLUMNA LUMBARSACRA AP/LAT | | x n al
CR | RADIOGRAFIA DE ANTEBRAZO DERECHO AP/LAT | | x n al
CR | Rayos X (Rx) de Columna Cervical AP y Lateral | | x y al
CR | Rayos X (Rx) de Abdomen Simple | | x n
CR | RX Histerosalpingografía | | x n
CR | Columna cervical oblicuas | | x y
CR | Articulación temporomandibular | | x n
DX | XR Cervical spine | | x y
DX | XR Abdomen Upright | | x n
DX | XR Skeletal survey myeloma | | x n
DX | Orthopaedic pinning upper limb Rt | | x n
DX | TIB/FIB RIGHT | | x n
DX | XR Scaphoid Rt | | x n
DX | CR Cervical Spine 2 or 3 Views | | x y al
DX | XR LEG LENGTH | | x n
DX | XR LS-SPINE | | x n
DX | xr cervical spine 4 views | | x y
MR | MRI Cervical Spine w/ & w/o Contrast | | m y k
MR | MRI MRCP (Abdomen) | | m n
MR | MRA Head and Neck without Contrast | | m n o
MR | MRI Pelvis Female with and without Contrast | | m n k
CT | CT Cervical Spine w/o Contrast | | c y o
CT | Scanner rachis cervical | | c y
CT | Uro scanner | | c n
CT | Scanner thoracique | | c n
CR | Radiographie du rachis cervical | | x y
CR | Rö-BWS | | x n
MR | MRT Hüfte | | m n
CT | CT-Angio Aorta | | c n
NM | Skelettszintigrafie | | - ?
CR | HWS in 2 Ebenen. Harmonischer Achsenverlauf | | x y al
CR | C-SPINE 2V; FLEX/EXT VIEWS ATTEMPTED BUT NOT OBTAINABLE | | x y al
DX | CERVICAL SPINE AP, LATERAL. PATIENT UNABLE TO FLEX OR EXTEND | | x y al
DX | XR CERV SPINE 3V INCLUDING ODONTOID, NO OBLIQUES | | x y al
DX | XR CERVICAL SPINE LATERAL IN FLEXION, NO EXTENSION VIEW | | x y lf
MR | MRI CERVICAL: PATIENT REFUSED IV CONTRAST | | m y o
MR | MRI C-SPINE WITHOUT, CONTRAST NOT INDICATED | | m y o
MR | MRI CSPINE W/O FOLLOWED BY W GAD | | m y k
MR | MRI C-SPINE WO, SURGERY PLANNED FOR JUNE | | m y o
MR | MRI CERVICAL SPINE PREOPERATIVE EVALUATION FOR ARTHROPLASTY C5-6 | | m y
MR | MRI C-SPINE S/P C5-6 ACDF WITH NEW ARM PAIN | | m y +
MR | MRI C SPINE - FAILED BACK SURGERY L4-S1 | | m y
CT | CT C-SPINE, ANKYLOSING SPONDYLITIS WITH FUSION OF FACETS | | c y
CT | CT C SPINE FOR FUSION WITH SPECT | | c y
CT | CT C SPINE MRI-CONDITIONAL PACEMAKER, SPINAL CORD STIMULATOR | | c y
CT | CT CERVICAL: PSEUDARTHROSIS? C5-C7 FUSION 2012 | | c y +
MR | MRI BRACHIAL PLEXUS AND CERVICAL SPINE W WO | | m y k
NM,CT | SPECT CT C-SPINE, HX THYROID CANCER | | s y
CT | CT CHEST W C1 | CHEST | c n k
CT | CT SHOULDER LT C4 | SHOULDER | c n
PT,CT | PET CT WHOLE BODY W CERVICAL SPINE DETAIL | | s y
CR | HWS a.p., seitl.; von Funktionsaufnahmen abgesehen | | x y al
CR | HWS 2 Ebenen, Funktion verweigert | | x y al
CR | HWS seitlich in In- und Reklination (ohne a.p.) | | x y lfe
CR | Rö HWS 2 Eb, Dens, Schrägen bds. | | x y al
MR | MRT HWS nativ (keine KM-Gabe bei Niereninsuffizienz) | | m y o
MR | MRT HWS T1 T2 STIR, T1 fs nach KM | | m y k
MR | MRT HWS mit u. ohne KM | | m y k
MR | MRT HWS zur Planung Bandscheibenprothese C5/6 | | m y
MR | MRT HWS, ACDF C6/7 in Diskussion | | m y
MR | MRT HWS, Zust. nach ACDF C6/7 alio loco | | m y +
MR | MRT HWS, Spondylodese lumbal, Metallartefakte | | m y
MR | MRT HWS nach dorsaler Dekompression C3-C6 (2021) | | m y +
CT | CT HWS Bildfusion Navigationsdatensatz | | c y
CT | CT HWS mit angeborener Wirbelfusion C2/C3 | | c y
CT | CT HWS, Tumorsuche bei CUP | | c y
CT | CT Becken C3 | | c n
NM,CT | Knochen-SPECT/CT Hals | | s y
NM,CT | SPECT/CT Ganzkörper einschl. HWS | | s y
CT | Computertomographie Halsweichteile mit KM, Schilddrüsen-Ca | | c n k
CR | Rachis cervical F/P (dynamiques refusés par la patiente) | | x y al
CR | Rachis cervical de profil, flexion seule | | x y lf
CR | Rx rachis cervical F/P/obliques sans dynamiques | | x y al
MR | IRM rachis cervical, gadolinium non injecté | | m y o
MR | IRM RACHIS CERVICAL T1 T2 STIR PUIS T1 GADO | | m y k
MR | IRM rachis cervical avant prothèse discale C5-C6 | | m y
MR | IRM cervicale, chirurgie cervicale envisagée | | m y
MR | IRM rachis cervical à distance d'une arthrodèse C5-C7 | | m y +
MR | IRM rachis cervical - matériel d'ostéosynthèse lombaire | | m y
CT | TDM rachis cervical, fusion avec IRM (neuronavigation) | | c y
CT | TDM rachis cervical: bloc C5-C6 congénital | | c y
CT | TDM thorax C3 | | c n
MR | IRM plexus brachial G + rachis cervical sans inj | | m y o
NM,CT | TEMP/TDM osseuse rachis cervical, cancer du sein | | s y
CR | Rx cervical AP y lateral; no colabora para dinámicas | | x y al
CR | Columna cervical AP, lateral, oblicuas y dinámicas | | x y alfe
MR | RM columna cervical sin contraste por insuficiencia renal | | m y o
MR | RM columna cervical T1, T2, STIR y T1 con gadolinio | | m y k
MR | RM cervical previa a artroplastia C5-C6 | | m y
MR | RM cervical, recambio de prótesis discal C5-C6 previsto | | m y
MR | RM cervical: cambios tras laminoplastia | | m y +
MR | RM columna cervical en paciente con fijación lumbar | | m y
CT | TC cervical: anquilosis y fusión espontánea C4-C5 | | c y
CT | TC columna cervical: control fusión C5-C6 tras ACDF | | c y +
CT | TC pelvis C2 | | c n
MR | RM de columna cervical y plexos braquiales sin contraste | | m y o
NM,CT | SPECT-CT óseo cervical y lumbar | | s y
PT,CT | PET-TC cuerpo entero con extensión a columna cervical | | s y
"""
NINTH = """
CR | XR Toe great Rt | | x n
CR | XR Sternum | | x n
CR | XR Forefoot Lt | | x n
CR | Orthopaedic pinning hip Lt | | x n
CR | Ureteric stent retrograde Rt | | x n
CR | HUMERUS AP | | x n a
CT | CT Abdomen & pelvis wi | | c n
CT | CT Urogram | | c n
CT | CT Renal Both | | c n
CT | CT Angio aortic arch & | | c n
CT | CT Guided ablation | | - ?
CT | CT Cardiac angiogram coronary | | c n
CT | CT Spine thoracic | | c n
DX | XR Clavicle Lt | | x n
DX | XR Pathological specimen | | x ?
MR | STRACATHRO^L SPINE | | m n
MR | MRI Pelvis gynaecological | | m n
MR | MRI Cardiac myocardial viability | | m n
MR | hip^Routine | | m n
MR | MRI Thorax | | m n
NM | NM Brain Ioflupane DaTSCAN images | | - n
NM | NM Lung perfusion scan Q | | - n
RF | Barium swallow & meal | | x n
RF | Nasogastric feeding tube | | x n
XA | Mobile image intensifier cervical spine | | - y
XA | DDDR Pacemaker Implant | | - n
CT | CT C-Spine w/o by Recon Neuro | | c y o
CT | CT Cervical Spine w IV Contrast by Reconstruction Neuro | | c y k
CT | CT Sella w/wo | | c n k
CT | CT Teeth | | c n
CT | CT Chest Airway wo | | c n o
MR | MR Spine Angio w/wo | | m n k
MR | MR Bone Marrow wo | | m ? o
MR | MR Mediastinum w/wo | | m n k
MR | MR Cervical Spine w and wo IV Contrast | | m y k
MR | MR Calf wo | | m n o
MR | MR Brachial Plexus w/wo | | m n k
MR | MR Neck wo | | m ? o
CT | CT Neck w | | c n k
CT | CT Ltd F/U | | c ?
MR | RM COLUMNA CERVICO-DORSAL | | m y
MR | RM COLUMNA VERTEBRAL TOTAL | | m y
MR | RM COLUMNA LUMBO SACRA | | m n
MR | RM COLANGIO | | m n
MR | RM COLUMNA CERVICAL SIMPLE | | m y o
MR | RM COLUMNA CERVICAL CONTRASTADA | | m y k
MR | RM CUELLO CONTRASTADA | | m n k
MR | RM RODILLA - PIERNA SIMPLE | | m n o
MR | RM Difusión / Perfusión (DWI/PWI) | | m ?
MR | AngioRM Cerebral (TOF/CE) | | m n
CT | TC Cerebro Simple (Urgencia) | | c n o
CT | TAC Senos Paranasales | | c n
CT | TAC Columna | | c ?
MR | RM de pubis | | m n
MR | IRM encephale | | m n
MR | IRM doigt | | m n
MR | IRM des vaisseaux cervicocéphaliques [Angio-IRM cervicocérébrale] | | m n
MR | IRM cervicale | | m y
CR | Radiographies du rachis cervical | | x y
CR | Radio pulmonaire | | x n
CR | Radiographie cervicale | | x y
MR | MR der Halswirbelsäule: | | m y
MR | MR des Gehirnschädels | | m n
MR | MRT Handgelenk | | m n
MR | MRT HWS/BWS | | m y
CT | craniales CT | | c n
CR | Halswirbelsäule in 2 Ebenen | | x y al
CR | Kniegelenk in 2 Ebenen | | x n al
CR | Thorax in 2 Ebenen | | x n al
US | Sonografie Unterschenkel | | - n
DX | XR CERV SPINE FLEX/EXT (PT UNABLE TO EXTEND) | | x y f
DX | C-SPINE 5V NO FLEX/EXT PER ORDERING MD | | x y
CR | HWS 2 Ebenen; Funktionsaufnahmen bei Instabilitaet nicht angefertigt | | x y al
CR | Rachis cervical F/P, sans flexion ni extension | | x y al
CR | Cervical AP y lateral sin dinámicas | | x y al
CR | HWS Inklination und Reklination, 2 Aufnahmen | | x y fe
CR | rachis cervical : 3 incidences + clichés dynamiques | | x y alfe
MR | MRI C-SPINE W/O - CONTRAST CANCELLED | | m y o
MR | MRT HWS nativ, Kontrastmittel nicht erforderlich | | m y o
MR | IRM rachis cervical sans puis après injection | | m y k
MR | RM cervical sin contraste (paciente alérgico) | | m y o
MR | MRI CERVICAL PRE AND POST GADAVIST | | m y k
CT | CT C-SPINE PRE OP PLAN C5-7 ACDF STEALTH | | c y
MR | MRT HWS vor ACDF, Z.n. Nukleotomie LWK 5/S1 | | m y
MR | IRM rachis cervical pré-op (arthrodèse C5-C6 le 3 juin) | | m y
MR | RM cervical preoperatoria, hernia C5-C6 | | m y
CT | CT HWS Kontrolle nach ACDF C5/6 | | c y +
MR | MRI C-SPINE POST OP ACDF C4-5 | | m y +
CR | Rx rachis cervical F/P contrôle post-op arthrodèse C5-C7 | | x y al+
CT | TAC cervical postoperatorio, fijación occipitocervical | | c y +
MR | IRM rachis cervical ; arthrodèse L5-S1 ancienne | | m y
MR | MRI C-SPINE, SHOULDER REPLACEMENT RIGHT | | m y
MR | MRT HWS, Cochlea Implantat bds., HWS-Schmerz | | m y
CT | CT C-SPINE CONGENITAL BLOCK VERTEBRA C3-4 | | c y
NM,CT | SPECT/CT HWS Bildfusion mit CT | | s y
MR | MRI C SPINE BREAST CA METS? | | m y
MR | MRT HWS + Armplexus links | | m y
CT | CT NECK CHEST ABD PELVIS STAGING LYMPHOMA W | | c n k
NM,CT | Ganzkörperszintigraphie mit SPECT/CT der Halswirbelsäule | | s y
CT | TDM TAP C3 J1 évaluation | | c n
CT | CT ABDOMEN C1 VENOUS | | c n
CR | LWS 2 Ebenen C 4 | | x n al
MR | MR KNEE L5 | | m n
CT | CT cervical spine, tumour staging | | c y
PT,CT | PET/CT Ganzkörper, HWS eingeschlossen | | s y
"""
