/** A set of visible options for a family of meters. Nothing is hidden in it: it fills fields in, and that is all. */
export interface Preset {
  /** key `preset.<id>` of the catalogue */
  readonly id: string;
  /** public document from which the values are */
  readonly source: string;
  readonly values: Readonly<Record<string, string>>;
}

const open = { authentication: "NONE", securityPolicy: "NONE" } as const;
const gmac = {
  authentication: "HIGH_GMAC",
  securityPolicy: "AUTHENTICATED_ENCRYPTED",
  securitySuite: "0",
  invocationCounterSource: "METER",
} as const;

const dsmr =
  "Netbeheer Nederland, Dutch Smart Meter Requirements v4.2.3, P3 companion standard, 2.1: associations of the public client 16 and the management client 1";
const idis =
  "Elvaco CMe3100 DLMS plugin, user's manual v1.8, 7.2 (after the IDIS companion specification): client SAP 1 or 16, management logical device 1, HLS 5, suite 0";
const indian =
  "Bureau of Indian Standards, IS 15959 (Part 1): 2011, associations of the clients PC 16, MR 32 and US 48";
const itron =
  "Itron SL7000 user guide, 7.5: client SAP 1 laboratory, 2 field, 3 reader, 7 end customer, each with a password";
const book =
  "DLMS UA 1000-2 (Green Book) and IEC 62056-46: the public client has SAP 16, the management logical device has address 1";

/** Only what a public document says; a maker's other settings are in the papers of the meter. */
export const presets: readonly Preset[] = [
  { id: "public", source: book, values: { clientAddress: "16", serverAddress: "1", ...open } },
  { id: "dsmrPublic", source: dsmr, values: { clientAddress: "16", serverAddress: "1", ...open } },
  { id: "dsmrManagement", source: dsmr, values: { clientAddress: "1", serverAddress: "1", ...gmac } },
  { id: "idisPublic", source: idis, values: { clientAddress: "16", serverAddress: "1", ...open } },
  { id: "idisManagement", source: idis, values: { clientAddress: "1", serverAddress: "1", ...gmac } },
  { id: "indianPublic", source: indian, values: { clientAddress: "16", serverAddress: "1", ...open } },
  {
    id: "indianReader",
    source: indian,
    values: { clientAddress: "32", serverAddress: "1", authentication: "LOW", securityPolicy: "NONE" },
  },
  {
    id: "indianUtility",
    source: indian,
    values: { clientAddress: "48", serverAddress: "1", authentication: "HIGH", securityPolicy: "NONE" },
  },
  {
    id: "itronReader",
    source: itron,
    values: { clientAddress: "3", authentication: "LOW", securityPolicy: "NONE" },
  },
  {
    id: "itronCustomer",
    source: itron,
    values: { clientAddress: "7", authentication: "LOW", securityPolicy: "NONE" },
  },
];
