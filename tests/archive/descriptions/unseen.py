"""Four hundred descriptions that were written down before the rules for them were.

The notation is that of :mod:`tests.archive.descriptions.descriptions`. The first hundred was
imagined as archives of hospitals hold them; two thirds of the others stand in public repositories
(study descriptions of a Scottish archive, order forms and price lists of hospitals in France,
Canada, Mexico, Peru and the United States). Each was frozen and measured before anything was
changed for it: docs/archive.md has the numbers.
"""

FIRST = """
CR | IMG2045 XR C SPINE 4-5 VW | CSPINE | x y al
DX | SPINE CERVICAL AP&LAT | CSPINE | x y al
DX | XR CERV SPINE FLEX/EXT ONLY | SPINE | x y fe
CR | C SPINE OBLIQUES | CSPINE | x y
DX | XR CERVICAL SPINE COMP INCL OBL & FLEX/EXT 6+ VW | CSPINE | x y alfe
CR | SWIMMERS VIEW C7-T1 | SPINE | x y
DX | KNEE 3V LT | KNEE | x n al
CR | CXR PORTABLE AP | CHEST | x n a
DX | XR SCOLIOSIS 2 VIEWS STANDING | SPINE | x ? al
CR | XR THORACIC SPINE 2VW | TSPINE | x n al
DX | LUMBOSACRAL SPINE COMPLETE 5 VIEW | LSPINE | x n
CR | XR NECK SOFT TISSUE 2V | NECK | x n al
RF | FL MODIFIED BARIUM SWALLOW W SPEECH | | x n
MR | MR CERVICAL SPINE WO CONT | CSPINE | m y
MR | MRI CSP W+WO GAD | SPINE | m y
MR | MRI SPINE CERVICAL & THORACIC WO | SPINE | m y
MR | MR BRAIN AND CERVICAL SPINE MS PROTOCOL | HEAD | m y
MR | CSpine^Routine | | m y
MR | t2_tse_sag_p2_C-spine | CSPINE | m y
MR | MRI BRACHIAL PLEXUS LT W WO | | m n
MR | MR LUMBAR SPN W/O | LSPINE | m n
MR | MRI HIP RT ARTHROGRAM | HIP | m n
MR | MR ORBITS FACE NECK W WO CONTRAST | HEADNECK | m n
MR | MR C-SPINE S/P ACDF C5-C7 | CSPINE | m y +
MR | MRI CERVICAL SPINE, HX OF LAMINOPLASTY | CSPINE | m y +
CT | CT CERV SPINE W/O CM MPR | CSPINE | c y
CT | CT SPINE CERVICAL W/O IV CONT TRAUMA 1.25MM BONE | SPINE | c y
CT | CTA HEAD/NECK W PERFUSION | HEAD | c n
CT | PANSCAN TRAUMA HEAD C-SPINE CAP | | c y
CT | CT MYELOGRAM CERVICAL | CSPINE | c y
CT | CT NECK SOFT TISSUE W/ CONT | NECK | c n
CT | CT LUMBAR SPINE POST MYELO | LSPINE | c n
CT | CT GUIDED C5 NERVE ROOT BLOCK RT | | - y
CT | CT C-Spine postop ACDF eval fusion | CSPINE | c y +
CT | CT SINUS WO | HEAD | c n
CT | CT ABD/PELVIS W | ABDOMEN | c n
NM,CT | NM BONE SPECT CT CERVICAL SPINE | CSPINE | s y
NM,CT | NM PARATHYROID SESTAMIBI SPECT/CT | NECK | s n
NM | NM BONE SCAN WHOLE BODY 3 PHASE | | - n
PT,CT | PET/CT SKULL BASE TO MID THIGH FDG | | s n
US | US CAROTID DUPLEX BILAT | | - n
CR | HWS AP/LAT | HWS | x y al
DX | Roentgen HWS 2 Ebenen stehend | HWS | x y al
DX | HWS seitl. in Ante- und Retroflexion | | x y lfe
CR | HWS Funktion (Inkl./Rekl.) | CSPINE | x y fe
CR | HWS 4 Eb. inkl. Schraegaufnahmen | | x y al
CR | Atlas/Axis transoral | | x y
DX | Wirbelsaeule gesamt ap + seitl | | x y al
CR | BWS 2 E | TSPINE | x n al
CR | Kniegelenk li. 2 Ebenen | KNEE | x n al
CR | Becken-Uebersicht | PELVIS | x n
CR | Schulter re. true ap | SHOULDER | x n a
MR | HWS_nativ | | m y
MR | MRT HWS/BWS ohne KM | SPINE | m y
MR | MR Halswirbelsaeule nativ u. KM | | m y
MR | MRT Schaedel nativ | HEAD | m n
MR | MRT Plexus brachialis re | | m n
MR | MRT HWS Z.n. ACDF C6/7 | | m y +
MR | Kernspintomographie HWK 3-7 | | m y
MR | MRT Knie re. | KNEE | m n
CT | CT HWS nativ | CSPINE | c y
CT | CT-HWS Polytrauma | | c y
CT | CT Hals/Thorax/Abdomen mit KM | NECK | c n
CT | CT-gest. PRT C6 li | | - y
CT | CT HWS, Materiallagekontrolle nach dorsaler Spondylodese | | c y +
CT | cCT nativ | HEAD | c n
CT | CT NNH | | c n
CT | CT LWS L3-S1 | LSPINE | c n
NM,CT | Skelettszintigraphie SPECT/CT HWS | | s y
NM | Ganzkoerperskelettszintigraphie Spaetphase | | - n
NM | Schilddruesenszintigraphie Tc99m | | - n
PT,CT | FDG-PET/CT Ganzkoerper | | s n
CR | RX RACHIS CERVICAL F+P | | x y al
DX | Rachis cervical face/profil/bouche ouverte | | x y al
DX | RACHIS CERVICAL CLICHES DYNAMIQUES | | x y fe
CR | Rachis cervical profil en flexion et extension | | x y lfe
CR | RADIO EPAULE GAUCHE 3 INCIDENCES | | x n al
CR | Rachis lombaire F/P + bassin face | | x n al
MR | IRM RACHIS CERVICAL SANS GADO | | m y
MR | IRM du rachis cervical sans et avec injection | | m y
MR | IRM MEDULLAIRE TOTALE | | m y
MR | IRM cerebrale | | m n
MR | IRM genou droit | | m n
MR | IRM cervicale: canal operé, laminectomie C4-C6 | | m y +
CT | TDM RACHIS CERVICAL | | c y
CT | TDM cervico-thoraco-abdomino-pelvienne | | c n
CT | SCANNER CEREBRAL SANS IV | | c n
CT | Infiltration C2-C3 sous scanner | | - y
NM,CT | SCINTI OSSEUSE + SPECT-CT RACHIS CERVICAL | | s y
NM | Scintigraphie osseuse corps entier | | - n
CR | RX COL. CERVICAL AP Y LAT | | x y al
DX | RX Columna cervical dinámicas | | x y fe
CR | RX CERVICAL F-P | | x y al
CR | RX rodilla dcha AP/L | | x n al
MR | RM CERVICAL S/C | | m y
MR | RMN columna cervicodorsal | | m y
MR | RM COLUMNA LUMBOSACRA | | m n
MR | RM cervical control postquirúrgico | | m y +
CT | TC COLUMNA CERVICAL SIN CIV | | c y
CT | TC cuello con contraste | | c n
CT | TAC craneal | | c n
NM,CT | GGO con SPECT-TC cervical | | s y
NM | Rastreo óseo corporal total | | - n
"""
SECOND = """
CR | XR Cervical spine | | x y
CR | XR Thoracolumbar spine | | x n
CR | XR Neck soft tissue | | x n
CR | XR Orbit foreign body demonstration Both | | x n
CR | Mobile image intensifier lower limb Rt | | x n
XA | Mobile image intensifier cervical spine | | - y
PX | XR Orthopantomogram full | | - n
RF | Water soluble contrast swallow & meal | | x n
MR | MRI Spine whole | | m y
MR | MRI Spine cervical | | m y
MR | NINEWELLS^Lumbar Spine | | m n
MR | l-spine^General | | m n
MR | MRI Internal auditory meatus Both | | m n
MR | MRI scan | | m ?
MR | MRI Neck with contrast | | m n
CT | CT Neck with contrast | | c n
CT | CT Spine cervical | | c y
CT | CT Thorax & abdo & pel | | c n
CT | CT Temporal bones | | c n
CT | CT Cone beam mandible | | c n
CT | CT Angiogram pulmonary | | c n
CT | CCHAPC | | c ?
CT,PT | PET FDG Head and Neck | | s y
CT,PT | PET FDG Whole body | | s n
NM | NM Parathyroid MIBI injection + Scan | | - n
NM | NM Bone dynamic | | - ?
CR | xr cervical spine 4 views | | x y
DX | XR cervical spine limited | | x y
MR | MRI cervical spine wo con | | m y
CT,PT | PET/CT skull to thigh sbq/F18 | | s n
CT | CT CHEST WITHOUT CNTRST | | c n
DX | XR LS-SPINE | | x n
CR | CERV. AP / LAT. / OBL. D / OBL. S | | x y al
CR | CERVICAL AP LATERAL | | x y al
CR | XR Cervical Spine 2-3 Views | | x y al
MR | MRI Joint Upper Extremity w/o Contrast | | m n
DX | RX ARTIC TEMPOMANDIBULAR COMPARATIVO | | x n
CR | RX COLUMNA CERVICAL F-P-O | | x y al
CR | RX COLUMNA CERVICAL FRONTAL LATERAL | | x y al
CR | RX COLUMNA CERVICAL FUNCIONAL 2 INCIDENCIAS | | x y fe
CR | RX COLUMNA CERVICO DORSAL | | x y
CR | RX COLUMNA DORSAL F-P-O | | x n al
CR | RX PARRILLA COSTAL F-O | | x n
DX | RX Columna Cervical (frente y perfil) | | x y al
MR | Resonancia de Columna Cervical | | m y
MR | Resonancia de Columna Dorsal | | m n
CR | Rx Columna LS | | x n
CR | RX Huesos propios de la nariz | | x n
CR | RX Sacrococcígea | | x n
CR | RX Omóplato y clavícula | | x n
CR | RX Columna vertebral | | x ?
DX | RX. COLUMNA CERVICAL AP | | x y a
CT | Scanner rachis cervical | | c y
MR | IRM SacroIliaques | | m n
CT | SCANNER GENOU | | c n
CT | Angio-TDM cérébral | | c n
CR | Radiographie Colonne | | x ?
CR | Radio colonne cervicale | | x y
CR | radiographie du rachis cervical, face et profil | | x y al
MR | IRM pelvienne | | m n
CT | TDM Cerveau | | c n
CT | tdm tête avec | | c n
CT | Scanner des oreilles | | c n
CT | Scanner TAP (thoraco-abdomino-pelvien) | | c n
CR | Radiographie des membres (1 segment) | | x n
CR | Röntgen HWS seitlich, Cage-Position | | x y l+
CR | Röntgen HWS + Thoraxübersicht | | x y
MR | MRT Hals (neurale Kompression) | | m n
CR | Rö-HWS | | x y
CR | Rö-Extremität | | x n
CT | CT-Angio Thorax (LAE) | | c n
CT | Polytrauma-CT | | c ?
MR | cMRT | | m n
CT | CCT mit KM | | c n
MR | MR der Halswirbelsäule | | m y
CR | Röntgen Thorax/Lunge 2 Ebenen | | x n al
CR | HWS 2 Eb. postop. Kontrolle | | x y al+
MR | MRT HWS, V.a. Myelopathie C5/6, praeop. | | m y
CT | CT HWS n. Verschraubung C1/2 (Magerl) | | c y +
MR | HWS tse sag T1 T2 | | m y
DX | HWS Vor- und Rückneigung | | x y fe
CT | CT Wirbelsäule lumbal postop | | c n
NM,CT | Knochenszintigraphie m. SPECT/CT HWS u. Schädelbasis | | s y
NM,CT | Myokard-SPECT/CT Belastung | | s n
MR | IRM cervicale post-op J3 laminoplastie | | m y +
CT | TDM rachis cervical, contrôle arthrodèse antérieure C4-C6 | | c y +
CR | Rachis cervical F/P/3/4 D et G | | x y al
MR | IRM rachis cervico-dorso-lombaire | | m y
CT | Arthroscanner épaule D | | c n
NM,CT | Scintigraphie osseuse 3 temps + SPECT/CT cou-crâne | | s y
CR | Columna cervical AP-LAT-OBL | CUELLO | x y al
MR | RM cervical con artefacto por material de osteosíntesis C5-C6 | | m y +
CT | TAC C. CERVICAL TRAUMA | | c y
NM,CT | SPECT-TC óseo de columna lumbar | | s n
MR | RM plexo braquial izdo | | m n
CT | Bloqueo facetario C4-C5 dcho guiado por TC | | - y
MR | MRI C-SPINE, prior surgery: none | | m y
CT | CT C-spine: rule out hardware failure C5-6 | | c y +
CR | CSPINE POST OP DAY 1 AP LAT IN COLLAR | | x y al+
MR | MR CERVICAL MYELOPATHY, CORD COMPRESSION/DECOMPRESSION? C5/6 | | m y
"""
THIRD = """
CT | ct abd pelv w/wo dye | | c n
CR | cr chest 2v | | x n al
MR | mri l-spine wo | | m n
MR | mr brain wwo | | m n
CT | ct a/p wo | | c n
CT | cta head neck w contrast | | c n
CT | ct cervical spine wo | | c y
CT | ct c-spine without contrast | | c y
CT | ct thoracic spine wo | | c n
CT | ct sinus wo contrast | | c n
CT | ct maxillofacial wo | | c n
CT | ct facial bones without | | c n
CT | ct soft tissue neck w contrast | | c n
CT | ct renal stone protocol | | c n
MR | mri pituitary wwo | | m n
MR | mri orbits w and wo | | m n
MR | mri c-spine wwo | | m y
MR | mri t-spine w and wo | | m n
MR | mr l spine no dye | | m n
MR | mri prostate wwo | | m n
MR | mri elbow right wo | | m n
MR | mra neck w contrast | | m n
CR | xray rt ankle 3 views | | x n al
CT | CT Dorsal Spine | | c n
CT | CT L-S Spine | | c n
CT | CT Angio Brain/Neck | | c n
CT | CT Trauma Pan-Scan | | c ?
CT | CT SPINE: CERVICAL | | c y
CR | X-Ray C-Spine | | x y
CR | X-Ray Thoraco-Lumbar | | x n
CR | X-Ray Leg/Ankle | | x n
CR | Cervical Spine Xray ; AP and lateral views of the cervical spine | | x y al
CT | SPINE^CERVICAL (ADULT) | | c y
CT | COL. CERVICAL(ADULTO) | | c y
CT | TAC COLUMNA CERVICAL SIMPLE | | c y
CT | TAC Cavidades Perinasales (CPN) | | c n
CT | TAC Órbitas / Maxilofacial | | c n
CT | TAC Columna Dorsal (mínimo 6 espacios) | | c n
CT | TAC Cuello (Partes Blandas) | | c n
CT | TAC cráneo contrastado | | c n
CT | Angiotomografía coronaria | | c n
CT | Angiotomografía pulmonar | | c n
MR | RMN cerebro simple | | m n
MR | RMN columna cervical | | m y
MR | RMN hombro | | m n
MR | Angioresonancia cerebral | | m n
NM | Gammagrafía tiroidea | | - n
NM | SPECT cerebral | | - n
CT | TAC Silla Turca | | c n
CT | TAC Toracoabdominopélvica | | c n
CT | TAC UROTAC | | c n
CR | RX COLUMNA DORSOLUMBAR | | x n
CR | RX CARA | | x n
CR | RX PORTÁTIL | | x ?
CR | RX ARTICULACIÓN SACROILÍACA | | x n
CT | TAC CEREBRO CONTRASTADO | | c n
CT | TAC Extremidad Superior | EXTREMIDAD | c n
CT | TDM des rochers (Os temporaux) sans injection | | c n
CT | TDM du cavum / rhino-pharynx | | c n
CT | TDM du cou et du larynx avec injection | | c n
CT | TDM des glandes salivaires (parotides / sous-maxillaires) | | c n
CT | Dentascan maxillaire et mandibulaire 3D | | c n
MR | IRM du cou et des parties molles cervicales | | m n
MR | IRM des conduits auditifs internes (CAI / APC) avec Gadolinium | | m n
MR | IRM du plancher buccal et de la langue | | m n
MR | IRM médullaire / rachis cervical | | m y
CR | Incidence de Blondeau (Sinus fronto-maxillaires) | | x n
CR | Rx cavum profil (Végétations adénoïdes) | | x n l
CR | Rx des os propres du nez (OPN face et profil) | | x n al
CR | Rx du rachis cervical face et profil | | x y al
CT | Cone Beam 3D (CBCT) maxillaire | | c n
CT | ANGIOSCANNER DES TRONCS SUPRA-AORTIQUES | | c n
CT | COROSCANNER | | c n
CT | SCANNER DU COUDE | | c n
MR | IRM ORBITO-CÉRÉBRALE | | m n
MR | IRM HÉPATIQUE | | m n
MR | IRM DU RACHIS | | m ?
MR | IRM DU CORPS ENTIER | | m n
CR | Radiographie du rachis entier | Rachis | x y
MR | IRM cervicale | Cou | m y
MR | IRM dorsale | Dos | m n
MR | IRM du rachis entier | Rachis | m y
CR | Röntgen BWS in 2 Ebenen | | x n al
CR | Rö-LWS | | x n
CT | CT Abdomen/Becken | | c n
CT,PT | PSMA-PET/CT | | s ?
NM | Skelettszintigraphie | | - ?
MR | MRI Knie | | m n
MR | MRI HWS nativ, klin. Fragestellung: Diskushernie C6/7 | | m y
MR | MRT Halswirbelsäule vor geplanter ventraler Fusion C5/C6 | | m y
CT | CT HWS Verlaufskontrolle nach dorsaler Stabilisierung C3-C6 | | c y +
CR | HWS ap/lat postop Tag 2 | | x y al+
CR | HWS-Funktionsaufnahmen in In- und Reklination | | x y fe
CT | CT Felsenbeine beidseits HR | | c n
CR | OPG | | x n
NM,CT | SPECT/CT Wirbelsäule zervikal bei Facettenarthrose | | s y
MR | IRM rachis cervical: contrôle après cage C5-C6 | | m y +
CR | Rachis cervical dynamique, flexion/extension | | x y fe
CT | TC cervical: valoración de tornillos transpediculares | | c y +
CR | Rx cervical: lateral en flexión y en extensión máximas | | x y lfe
"""
FOURTH = """
MR | MR SPINE CERVICAL WO CONTRAST | | m y
CT | CT ABDOMEN PELVIS W CONTRAST | | c n
DX | CHEST X-RAY 2 VIEW | | x n al
CT | CT SPINE CERVICAL WO | SPINE | c y
CT | CT SPINE LUMBAR WO | SPINE | c n
CT | CT CARDIAC CTA | HEART | c n
CT | CT CALCIUM SCORING | HEART | c n
MR | MR MRCP | ABDOMEN | m n
MR | MR SPINE THORACIC | SPINE | m n
MR | MR SPINE CERVICAL | SPINE | m y
MR | MR BREAST DYNAMIC | BREAST | m n
DX | ABDOMEN AP SUPINE | ABDOMEN | x n a
DX | SKULL 2 VIEW | HEAD | x n al
DX | SPINE CERVICAL 3 VIEW | SPINE | x y al
DX | SPINE LUMBAR 3 VIEW | SPINE | x n al
DX | SHOULDER 2 VIEW | SHOULDER | x n al
CT | CT Head w/ Contrast | | c n
CT | CT Coronary calcium score | | c n
CT | TC de Cuello | | c ?
CT | TC de Peñascos | | c n
CT | TC Macizo Facial y Senos Paranasales | | c n
CT | Angio TC de Aorta Torácica | | c n
MR | RM de Caderas | | m n
MR | RM de Tendón de Aquiles | | m n
MR | RM de Muñeca | | m n
MR | RM de Columna Dorsal | | m n
MR | RM de Columna Cervical | | m y
CT | TAC de abdomen y pelvis con contraste | | c n
CT | TAC de cuello con contraste | | c n
CT | TAC de extremidad inferior izquierda | | c n
CT | AngioTAC de tórax (protocolo TEP) | | c n
CT | AngioTAC cerebral | | c n
MR | RM de hombro izquierdo | | m n
MR | RM cardíaca | | m n
CT | TC de columna | | c ?
CT | TAC de columna cervical simple | | c y
CT | TAC de abdomen superior simple | | c n
MR | resonancia mamaria simple | | m n
MR | resonancia de columna lumbar o lumbosacra | | m n
CT | TAC de órbitas simple | | c n
CR | Radiografía de Tórax | | x n
CR | Rx columna cervical AP, lateral y transoral | | x y al
CR | Rx columna cervical oblicuas derecha e izquierda | | x y
MR | RM cervical: cambios postquirúrgicos C5-C6 | | m y +
NM,CT | Gammagrafía ósea con SPECT-TC de raquis cervical | | s y
CT | BODYSCANNER | | c n
CT | SCANNER ABDOMINO-PELVIEN | | c n
CT | SCANNER DU RACHIS CERVICAL | | c y
CT | SCANNER DU RACHIS CERVICO-DORSAL | | c y
CT | SCANNER DU RACHIS DORSO-LOMBAIRE | | c n
CT | SCANNER DU COU ET ORL | | c n
CT | SCANNER DES ROCHERS | | c n
CT | ANGIOSCANNER DES MEMBRES | | c n
CT | SCANNER DES POIGNETS ET MAINS | | c n
CT | SCANNOPELVIMÉTRIE | | c n
CT | TÉLÉMÉTRIE DES MEMBRES INFÉRIEURS (TAGT) | | c n
MR | IRM DES PARTIES MOLLES | | m n
MR | IRM PROSTATIQUE | | m n
MR | IRM de la hanche ; Nécrose tête fémorale | Hanche | m n
MR | IRM cervicale ; Névralgie cervico-brachiale | Cou | m y
MR | IRM hypophysaire ; Adénome hypophyse | Cerveau | m n
MR | IRM lombaire ; Hernie discale | Dos | m n
MR | IRM du rachis entier ; Bilan neurologique | Rachis | m y
MR | irm de la colonne vertebrale | | m ?
MR | irm du plexus brachial | | m n
MR | irm du foie | | m n
MR | irm de la tete | | m n
CT | TDM du rachis cervical — cervicarthrose | | c y
CR | Radio du rachis cervical F + P + 3/4 D/G | | x y al
CT | TDM rachis cervical post-opératoire, vis pédiculaires C6 | | c y +
CT | Bloc facettaire C3-C4 droit sous contrôle scanner | | - y
NM,CT | TEMP/TDM osseuse du rachis cervical | | s y
CR | HWS in zwei Ebenen und Dens | | x y al
CR | HWS seitlich stehend, Neutralstellung | | x y l
DX | Funktionsaufnahmen HWS | | x y fe
CR | Halswirbelsäule schräg bds. | | x y
CR | WS-Ganzaufnahme ap und seitlich | | x y al
CR | Rö. Sprunggelenk li. 2 Ebenen | | x n al
CR | Rö Hüfte Lauenstein | | x n
CR | Röntgen Thorax im Liegen | | x n
MR | MRT der HWS ohne Kontrastmittel | | m y
MR | MRT Kopf mit Angio | | m n
MR | MRT BWS und LWS nativ | | m n
MR | MR-Mammographie | | m n
MR | MRT ISG | | m n
MR | MRT HWS Z. n. Diskektomie und Cage C5/6 2019 | | m y +
CT | CT HWS (Dens) V.a. Fraktur | | c y
CT | CT Schädel + HWS nativ, Sturz | | c y
CT | CT Hals mit KM | | c n
CT | CT Thorax/Abdomen Tumorstaging | | c n
CT | CT Koronarkalk | | c n
CT | CT-gesteuerte Facettengelenksinfiltration C5/6 re. | | - y
CT | CT HWS postoperativ, Lage der Massa-lateralis-Schrauben | | c y +
NM,CT | SPECT/CT der HWS mit Tc-99m-DPD | | s y
NM | Mehrphasenszintigraphie Hände | | - n
NM | Lungenperfusionsszintigraphie | | - n
NM | Nierenszintigraphie MAG3 | | - n
PT,CT | Cholin-PET/CT | | s ?
US | Sono Schilddrüse | | - n
CT | DVT Oberkiefer | | c n
"""
