// Interface classes of the Blue Book's chapter 4.14, HS-PLC of ISO/IEC 12139-1.
import { bytes } from "./hints";
import type { ClassRow } from "./row";

const ed16 = "DLMS UA 1000-1 (Blue Book) part 2, Ed. 16, ";

/** HS-PLC. */
export const hsPlcClasses = [
  {
    id: 140,
    version: 0,
    title: "HS-PLC ISO/IEC 12139-1 MAC setup",
    attributes: [
      ["group_id", "long64-unsigned"],
      ["secondary_group_id", "long64-unsigned"],
      ["station_id", "long64-unsigned"],
      ["parent_station_id", "long64-unsigned"],
      ["repeater_status", "boolean"],
      ["encryption_mode", "enum"],
      ["initial_encryption_key", "octet-string", bytes],
      ["rts/cts", "boolean"],
    ],
    source: `${ed16}4.14.2`,
  },
  {
    id: 141,
    version: 0,
    title: "HS-PLC ISO/IEC 12139-1 CPAS setup",
    attributes: [
      ["cpas_address", "long64-unsigned"],
      ["cpas_ether_type", "long-unsigned"],
      ["master_station_cpas_address", "long64-unsigned"],
    ],
    source: `${ed16}4.14.3`,
  },
  {
    id: 142,
    version: 0,
    title: "HS-PLC ISO/IEC 12139-1 IP SSAS setup",
    attributes: [
      ["ip_header_comp_type", "enum"],
      ["ip_alive_time", "long-unsigned"],
    ],
    source: `${ed16}4.14.4`,
  },
  {
    id: 143,
    version: 0,
    title: "HS-PLC ISO/IEC 12139-1 HDLC SSAS setup",
    attributes: [["master_station_id", "long64-unsigned"]],
    source: `${ed16}4.14.5`,
  },
] as const satisfies readonly ClassRow[];
