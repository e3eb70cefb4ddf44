/** List tables of meters in Central Europe. */
import { narrow, type PushList, type PushListEntry, register, textEntry, timeEntry, wide } from "./list";

const energies = ["1.8.0", "2.8.0", "3.8.0", "4.8.0"].map(wide);
const powers = ["1.7.0", "2.7.0", "3.7.0", "4.7.0"].map(wide);
const iskraHead = [textEntry("0.0.42.0.0.255"), textEntry("0.0.96.1.3.255")];
const voltages = ["32.7.0", "52.7.0", "72.7.0"].map(narrow);
const currents = ["31.7.0", "51.7.0", "71.7.0"].map(narrow);
const tariffs = ["1.8.0", "1.8.1", "1.8.2", "2.8.0", "2.8.1", "2.8.2"].map(wide);
const iskra = /^ISK/;
/** operators' papers: 0.1 V and 0.01 A */
const iskraScalers = {
  ...{ "32.7.0": -1, "52.7.0": -1, "72.7.0": -1 },
  ...{ "31.7.0": -2, "51.7.0": -2, "71.7.0": -2 },
} as const;
const slovenia = "captures of AM550 with the operators' papers (SI)";
const state = { logicalName: "0.0.96.3.10.255", types: ["unsigned", "enum", "boolean"] } as const;
const tariff = { logicalName: "0.0.96.14.0.255", types: ["unsigned", "octet-string", "visible-string"] } as const;
const unknown = { logicalName: null } as const;
/** Swiss meters register energy in channel 1: 1-1:1.8.0. */
const ofChannel1 = (groups: string): PushListEntry => ({ ...register(groups), logicalName: `1.1.${groups}.255` });
/** attribute 1 of the push setup, which such a push begins with */
const pushSetupName = timeEntry(null, 6);
const swissLists = "lists of the customer interface of EBL and ewb for L+G E450, without their object list (CH)";
const lgAddresses = ["ceff/03"] as const;

export const centralEuropeanLists: readonly PushList[] = [
  {
    id: "wiener-netze",
    link: ["cf/00020023", "cf/0223", "ceff/03"],
    entries: [textEntry("0.0.96.1.0.255"), timeEntry("0.0.1.0.0.255"), ...energies, ...powers],
    scalers: {},
    source: "Wiener Netze, customer interface (Siemens IM350, Iskra AM550, L+G E450)",
  },
  {
    id: "kelag",
    link: ["cf/0223", "cf/00020023"],
    entries: [
      timeEntry(null, 6),
      textEntry("0.0.96.1.0.255"),
      timeEntry("1.0.0.9.1.255", 4),
      timeEntry("1.0.0.9.2.255", 5),
      ...energies,
      ...["1.7.0", "2.7.0"].map(wide),
      textEntry("0.0.96.13.0.255"),
      textEntry("0.0.96.13.1.255"),
    ],
    scalers: {},
    source: "KELAG Netz, customer interface",
  },
  {
    id: "si-18",
    maker: iskra,
    entries: [
      ...iskraHead,
      ...powers,
      ...voltages,
      ...currents,
      ...["21.7.0", "41.7.0", "61.7.0", "22.7.0", "42.7.0", "62.7.0"].map(wide),
    ],
    scalers: iskraScalers,
    source: slovenia,
  },
  {
    id: "si-12-energy",
    maker: iskra,
    entries: [...iskraHead, state, tariff, ...tariffs, ...["3.8.0", "4.8.0"].map(wide)],
    scalers: {},
    source: slovenia,
  },
  {
    id: "si-12-power",
    maker: iskra,
    entries: [...iskraHead, ...voltages, ...currents, ...powers],
    scalers: iskraScalers,
    source: slovenia,
  },
  {
    id: "si-9-power",
    maker: iskra,
    entries: [...iskraHead, ...powers, narrow("32.7.0"), unknown, unknown],
    scalers: iskraScalers,
    chosenOnly: true,
    source: slovenia,
  },
  {
    id: "si-9-energy",
    maker: iskra,
    entries: [textEntry("0.0.42.0.0.255"), ...["1.7.0", "2.7.0"].map(wide), ...tariffs],
    scalers: {},
    source: slovenia,
  },
  {
    id: "si-4",
    chosenOnly: true,
    entries: [textEntry("0.0.96.1.0.255"), unknown, register("1.8.0"), register("2.8.0")],
    scalers: {},
    source: slovenia,
  },
  {
    id: "lg-e450",
    maker: /^LGZ/,
    link: lgAddresses,
    scalers: {},
    source: "VSE customer interface; RWB push setups 0-8, 0-9, 0-11 of L+G E450 (CH)",
  },
  {
    // operators differ (serial number, voltages), so the user chooses it
    id: "ch-0-8",
    chosenOnly: true,
    entries: [
      pushSetupName,
      ...["1.7.0", "2.7.0"].map((groups) => register(groups)),
      ...["1.8.0", "2.8.0", "5.8.0", "6.8.0", "7.8.0", "8.8.0"].map(ofChannel1),
      ...["31.7.0", "51.7.0", "71.7.0"].map((groups) => register(groups)),
    ],
    scalers: {},
    source: swissLists,
  },
  {
    id: "ch-0-9",
    chosenOnly: true,
    entries: [pushSetupName, ...["1.8.1", "1.8.2", "2.8.1", "2.8.2"].map(ofChannel1)],
    scalers: {},
    source: swissLists,
  },
];
