// Interface classes of the Blue Book's chapter 4.16, LPWAN with SCHC.
import { obis } from "./hints";
import type { ClassRow } from "./row";

const ed16 = "DLMS UA 1000-1 (Blue Book) part 2, Ed. 16, ";

/** SCHC over LPWAN. */
export const lpwanClasses = [
  {
    id: 126,
    version: 0,
    title: "SCHC-LPWAN setup",
    attributes: [
      ["lpwan_reference", "octet-string", obis],
      ["schc_cd_rules", "array"],
      ["schc_fr_param", "structure"],
    ],
    source: `${ed16}4.16.2.1`,
  },
  {
    id: 127,
    version: 0,
    title: "SCHC-LPWAN diagnostic",
    attributes: [
      ["schc_packets_tx_counter", "double-long-unsigned"],
      ["schc_packets_rx_counter", "double-long-unsigned"],
      ["schc_fragments_tx_counter", "double-long-unsigned"],
      ["schc_fragments_rx_counter", "double-long-unsigned"],
      ["schc_ack_tx_counter", "double-long-unsigned"],
      ["schc_ack_rx_counter", "double-long-unsigned"],
    ],
    methods: ["reset"],
    methodsAt: 0x40,
    source: `${ed16}4.16.2.2`,
  },
] as const satisfies readonly ClassRow[];
