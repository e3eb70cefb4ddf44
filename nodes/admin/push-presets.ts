/** Published settings of meters that push, by country and operator, with the source of each. */
import type { NodeAPI } from "node-red";
import { pushListIds } from "../push/list-ids";
import type { PushPreset, PushPresetsAnswer } from "./answers";

const serial = (baudRate: string, serialMode: string, framing: string): Readonly<Record<string, string>> => ({
  ...{ from: "SERIAL", baudRate, serialMode, framing },
});
const mbusPort = serial("2400", "8E1", "HDLC");
const p1 = (framing: string): Readonly<Record<string, string>> => serial("115200", "8N1", framing);

const kaifa = "KFM_001, OBIS codes of the HAN port (Kaifa, NVE, 2016 to 2018)";
const aidon = "Aidon, HAN interface description v1.0A and v1.1A; RJ12 (Sweden) v1.6P";
const kamstrup = "Kamstrup, HAN-NVE interface description, rev. 3.1";
const denmark = "Kamstrup 5512-2584, DLMS push (Denmark): encryption key GPK60, authentication key GPK61";
const noPaper = "not the operator, but captures that users have published";
const text = "DSMR 5.0 P1 companion standard (Netbeheer Nederland) and its national forms";

/** `keys`: which keys the pushes need. `operator`: the organization that issues them, if it is not the grid operator. */
export const pushPresets: readonly PushPreset[] = [
  { id: "noKaifa", country: "NO", keys: "none", source: kaifa, values: mbusPort },
  { id: "noAidon", country: "NO", keys: "none", source: aidon, values: mbusPort },
  { id: "noKamstrup", country: "NO", keys: "none", source: kamstrup, values: serial("2400", "8N1", "HDLC") },
  { id: "noLandis", country: "NO", keys: "none", source: noPaper, values: mbusPort },
  { id: "seAidon", country: "SE", keys: "none", source: aidon, values: p1("HDLC") },
  { id: "seKaifa", country: "SE", keys: "none", source: noPaper, values: mbusPort },
  { id: "seKamstrup", country: "SE", keys: "none", source: noPaper, values: serial("2400", "8N1", "HDLC") },
  { id: "dkKamstrup", country: "DK", keys: "both", source: denmark, values: serial("2400", "8N1", "HDLC") },
  {
    ...{ id: "atNetzNoe", country: "AT", keys: "encryption", operator: "Netz NÖ" },
    ...{ source: "Netz NÖ, customer interface of Kaifa and Sagemcom T210-D", values: serial("2400", "8E1", "MBUS") },
  },
  {
    ...{ id: "atKaifaMbus", country: "AT", keys: "encryption", operator: "TINETZ, Salzburg Netz, Vorarlberg Netz" },
    ...{ source: "operators' papers on the customer interface of Kaifa MA309M", values: serial("2400", "8E1", "MBUS") },
  },
  {
    ...{ id: "atWien", country: "AT", keys: "encryption", operator: "Wiener Netze" },
    ...{ source: `${noPaper} (Siemens IM350, Iskra AM550, L+G E450)`, values: serial("9600", "8N1", "HDLC") },
  },
  {
    ...{ id: "atKelag", country: "AT", keys: "encryption", operator: "KNG-Kärnten Netz" },
    ...{ source: `${noPaper} (Iskra AM550, Siemens IM350)`, values: p1("HDLC") },
  },
  {
    ...{ id: "atLandis", country: "AT", keys: "both", operator: "Netz Burgenland, Stromnetz Graz" },
    ...{ source: `${noPaper} (L+G E450, E360)`, values: p1("HDLC") },
  },
  {
    ...{ id: "atSteiermark", country: "AT", keys: "both", operator: "Energienetze Steiermark" },
    ...{ source: "operator's paper on the customer interface of Sagemcom T210-D-r", values: p1("APDU") },
  },
  {
    ...{ id: "luSmarty", country: "LU", keys: "encryption" },
    ...{ source: "Luxmetering, specification of the P1 port: the authentication key is the same for all meters" },
    values: p1("APDU"),
    meter: { authenticationKey: "00112233445566778899AABBCCDDEEFF" },
  },
  { id: "p1Text", country: "NL", keys: "none", source: text, values: p1("P1") },
  {
    ...{ id: "plStoen", country: "PL", keys: "both", operator: "Stoen Operator" },
    ...{ source: "Stoen Operator, customer interface (Kaifa, Elgama GAMA 350)", values: p1("AUTO") },
  },
  {
    ...{
      id: "chLandis",
      country: "CH",
      keys: "some",
      source: "VSE and RWB, customer interface of L+G E450, E360 and E570",
    },
    values: p1("HDLC"),
  },
  { id: "chIskra", country: "CH", keys: "none", source: noPaper, values: p1("HDLC") },
  {
    ...{ id: "chKamstrup", country: "CH", keys: "both", operator: "CKW", source: `${noPaper} (Kamstrup 8660)` },
    values: serial("2400", "8N1", "HDLC"),
  },
  { id: "siIskra", country: "SI", keys: "some", source: noPaper, values: p1("HDLC") },
  { id: "hrIskra", country: "HR", keys: "none", source: noPaper, values: p1("HDLC") },
  { id: "czRs485", country: "CZ", keys: "none", source: noPaper, values: serial("9600", "8N1", "HDLC") },
  {
    ...{
      id: "amiTcp",
      country: "",
      keys: "some",
      source: "DLMS UA 1000-2 (Green Book): wrapper on port 4059, push client 102",
    },
    values: { from: "TCP_LISTEN", host: "0.0.0.0", port: "4059", framing: "WRAPPER" },
  },
  {
    ...{
      id: "amiUdp",
      country: "",
      keys: "some",
      source: "DLMS UA 1000-2 (Green Book): wrapper on port 4059, push client 102",
    },
    values: { from: "UDP", host: "0.0.0.0", port: "4059", framing: "WRAPPER" },
  },
  {
    ...{
      id: "mqtt",
      country: "",
      keys: "some",
      source: "forms in which readers forward frames: binary, hex, Tibber Pulse",
    },
    values: { from: "MESSAGE", framing: "AUTO" },
  },
];

export function registerPushPresets(RED: NodeAPI): void {
  RED.httpAdmin.get("/dlms/push-presets", RED.auth.needsPermission("dlms.read"), (_request, response) => {
    const answer: PushPresetsAnswer = { presets: pushPresets, lists: pushListIds() };
    response.json(answer);
  });
}
