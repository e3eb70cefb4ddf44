/** List tables of meters in Norway and Sweden. */
import { type PushList, textEntry, timeEntry, wide } from "./list";

const kaifaScalers = { "31.7.0": -3, "51.7.0": -3, "71.7.0": -3, "32.7.0": -1, "52.7.0": -1, "72.7.0": -1 } as const;
const kaifaHead = [textEntry("1.1.0.2.129.255"), textEntry("0.0.96.1.0.255"), textEntry("0.0.96.1.7.255")];
const powers = ["1.7.0", "2.7.0", "3.7.0", "4.7.0"].map(wide);
const onePhase = ["31.7.0", "32.7.0"].map(wide);
const threePhases = ["31.7.0", "51.7.0", "71.7.0", "32.7.0", "52.7.0", "72.7.0"].map(wide);
const hourly = [timeEntry("0.0.1.0.0.255"), ...["1.8.0", "2.8.0", "3.8.0", "4.8.0"].map(wide)];
const kfm = "KFM_001, OBIS codes of the HAN port, Kaifa and NVE, 2016 to 2018";
const listId = /^KFM_001$/;

const kaifaBodies = {
  "kaifa-9": [...powers, ...onePhase],
  "kaifa-13": [...powers, ...threePhases],
  "kaifa-14": [...powers, ...onePhase, ...hourly],
  "kaifa-18": [...powers, ...threePhases, ...hourly],
} as const;

const kaifa = Object.entries(kaifaBodies).map(([id, body]): PushList => ({
  id,
  listId,
  entries: [...kaifaHead, ...body],
  scalers: kaifaScalers,
  source: kfm,
}));

const amperes = { "31.7.0": -2, "51.7.0": -2, "71.7.0": -2 } as const;
const tens = { "1.8.0": 1, "2.8.0": 1, "3.8.0": 1, "4.8.0": 1 } as const;

export const nordicLists: readonly PushList[] = [
  ...kaifa,
  {
    id: "kaifa-1",
    // Kaifa MA304 and MA105 send list 1 without a list id; the addresses are theirs
    link: ["01/0201", "01/0001"],
    after: listId,
    entries: [wide("1.7.0")],
    scalers: {},
    source: kfm,
  },
  {
    id: "kamstrup",
    listId: /^Kamstrup_V\d+$/,
    scalers: { ...amperes, ...tens },
    caution:
      "Kamstrup sends energy in Wh or in 10 Wh, by configuration; the table takes 10 Wh: compare with the display",
    source: "Kamstrup HAN-NVE interface description, rev. 3.1; Kamstrup 5512-2584 (Denmark)",
  },
  {
    id: "kamstrup-wh",
    chosenOnly: true,
    scalers: amperes,
    source: "as kamstrup, for meters that are configured to 1 Wh (Sweden)",
  },
];
