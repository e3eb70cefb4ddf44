/** Published settings of meter families, with the source of each. */
import type { Preset } from "./answers";

const open = { authentication: "NONE", securityPolicy: "NONE" } as const;
const password = { authentication: "LOW", securityPolicy: "NONE" } as const;
const gmac = {
  authentication: "HIGH_GMAC",
  securityPolicy: "AUTHENTICATED_ENCRYPTED",
  securitySuite: "0",
  invocationCounterSource: "METER",
} as const;

const dsmr =
  "Netbeheer Nederland, Dutch Smart Meter Requirements v4.2.3 (2019-02-13), P3 companion standard, 2.1: associations of the public client 16 and the management client 1";
const idis =
  "Elvaco CMe3100 DLMS plugin, user's manual v1.8, 7.2 (after the IDIS companion specification): client SAP 1 or 16, management logical device 1, HLS 5, suite 0";
const indian =
  "Bureau of Indian Standards, IS 15959 (Part 1): 2011, associations of the clients PC 16, MR 32 and US 48; smart meters after Part 2: 2016 are ciphered as well";
const spodes =
  "not the maker, but github.com/latonita/esphome-dlms-cosem, README, levels of SPODES: 16 public, 32 reader with a password, 48 configurator; the physical address often comes from the serial number";
const book =
  "DLMS UA 1000-2 (Green Book) and IEC 62056-46: the public client has SAP 16, the management logical device has address 1";
const elster =
  "not the maker, but github.com/Gurux/gurux.dlms.java, ManufacturerSettings/ele.obx (Elster Electricity): client 16 without and 17 with a password, server 1; no type of meter is named";
const iskra =
  "not the maker, but jDLMS (Fraunhofer ISE, openmuc.org), samples in org.openmuc.jdlms.sample.iskra: HDLC, client 16, logical device 16 without, 1 with a password, physical 17, two bytes. For the MT880 IPESOFT's manual of D2000 (doc.ipesoft.com, DLMS/COSEM) has physical = 16 + the last two digits of the serial number. Some answer to client 100 only (ManufacturerSettings/isk.obx in github.com/Gurux/gurux.dlms.java)";
const itron =
  "Itron SL7000 user guide, 7.5: client SAP 1 laboratory, 2 field, 3 reader, 7 end customer, each with a password. The addresses not from the maker, but from github.com/Gurux/gurux.dlms.java, ManufacturerSettings/ace.obx: HDLC at once, logical 1, physical 17";
const kaifa =
  "not the maker, but IPESOFT, manual of D2000, DLMS/COSEM (doc.ipesoft.com): Kaifa MA309M by TCP port 4059, wrapper, client 1, server 1, with a password";
const kamstrup =
  "not the maker, but jDLMS (Fraunhofer ISE, openmuc.org), samples in org.openmuc.jdlms.sample.kamstrup: 9600 bit/s, HDLC at once, client 18 at logical device 16, client 17 at logical device 1, with a password. The maker's paper is 55121424, DLMS, generation M and N (github.com/UtilitechAS/amsreader-firmware/issues/389)";
const landisNetwork =
  "not the maker, but jDLMS (Fraunhofer ISE, openmuc.org), samples in org.openmuc.jdlms.sample.landis: TCP port 4059, wrapper, client 16, logical device 1, LN, without a password";
const landisOptical =
  "not the maker, but github.com/Gurux/gurux.dlms.java, ManufacturerSettings/lgz.obx: client 16 without and 17 with a password, server 1, SN; on a bus logical 1, physical = the last four digits of the serial number + 1000. Start in mode E: www.gurux.fi/node/15856 (ZMD410). SN also in IPESOFT's manual of D2000 (doc.ipesoft.com, ZMD400)";

/** Only publicly documented settings; the meter's own documents contain the others. */
export const presets: readonly Preset[] = [
  { id: "public", source: book, values: { clientAddress: "16", serverAddress: "1", ...open } },
  { id: "dsmrPublic", source: dsmr, values: { clientAddress: "16", serverAddress: "1", ...open, companion: "DSMR" } },
  {
    id: "dsmrManagement",
    source: dsmr,
    values: { clientAddress: "1", serverAddress: "1", ...gmac, companion: "DSMR" },
  },
  { id: "idisPublic", source: idis, values: { clientAddress: "16", serverAddress: "1", ...open, companion: "IDIS" } },
  {
    id: "idisManagement",
    source: idis,
    values: { clientAddress: "1", serverAddress: "1", ...gmac, companion: "IDIS" },
  },
  {
    id: "indianPublic",
    source: indian,
    values: { clientAddress: "16", serverAddress: "1", ...open, companion: "IS15959" },
  },
  {
    id: "indianReader",
    source: indian,
    values: { clientAddress: "32", serverAddress: "1", ...password, companion: "IS15959" },
  },
  {
    id: "indianUtility",
    source: indian,
    values: {
      clientAddress: "48",
      serverAddress: "1",
      authentication: "HIGH",
      securityPolicy: "NONE",
      companion: "IS15959",
    },
  },
  {
    id: "spodesReader",
    source: spodes,
    values: { clientAddress: "32", serverAddress: "1", ...password, companion: "SPODES" },
  },
  { id: "elsterPublic", source: elster, values: { clientAddress: "16", serverAddress: "1", ...open } },
  { id: "elsterReader", source: elster, values: { clientAddress: "17", serverAddress: "1", ...password } },
  {
    id: "iskraPublic",
    source: iskra,
    values: {
      framing: "HDLC",
      clientAddress: "16",
      serverAddress: "16",
      physicalAddress: "17",
      addressSize: "2",
      ...open,
    },
  },
  {
    id: "iskraReader",
    source: iskra,
    values: {
      framing: "HDLC",
      clientAddress: "16",
      serverAddress: "1",
      physicalAddress: "17",
      addressSize: "2",
      ...password,
    },
  },
  {
    id: "itronReader",
    source: itron,
    values: { framing: "HDLC", clientAddress: "3", serverAddress: "1", physicalAddress: "17", ...password },
  },
  {
    id: "itronCustomer",
    source: itron,
    values: { framing: "HDLC", clientAddress: "7", serverAddress: "1", physicalAddress: "17", ...password },
  },
  {
    id: "kaifa",
    source: kaifa,
    values: {
      transportType: "TCP",
      port: "4059",
      framing: "WRAPPER",
      clientAddress: "1",
      serverAddress: "1",
      ...password,
    },
  },
  {
    id: "kamstrupReader",
    source: kamstrup,
    values: { framing: "HDLC", baudRate: "9600", clientAddress: "18", serverAddress: "16", ...password },
  },
  {
    id: "kamstrupManagement",
    source: kamstrup,
    values: { framing: "HDLC", baudRate: "9600", clientAddress: "17", serverAddress: "1", ...password },
  },
  {
    id: "landisNetwork",
    source: landisNetwork,
    values: {
      transportType: "TCP",
      port: "4059",
      framing: "WRAPPER",
      clientAddress: "16",
      serverAddress: "1",
      ...open,
    },
  },
  {
    id: "landisOptical",
    source: landisOptical,
    values: {
      transportType: "SERIAL",
      framing: "HDLC_MODE_E",
      clientAddress: "16",
      serverAddress: "1",
      referencing: "SN",
      ...open,
    },
  },
  {
    id: "landisOpticalReader",
    source: landisOptical,
    values: {
      transportType: "SERIAL",
      framing: "HDLC_MODE_E",
      clientAddress: "17",
      serverAddress: "1",
      referencing: "SN",
      ...password,
    },
  },
];
