// Interface classes of the Blue Book's chapter 4.10, S-FSK PLC (IEC 61334).
import { arrayOf, bytes, field, plain, structure } from "./hints";
import type { ClassRow } from "./row";

const source = "DLMS UA 1000-1 (Blue Book), 4.10 S-FSK PLC; IEC 62056-6-2";

/** S-FSK PLC. */
export const sfskClasses = [
  ...[0, 1].map((version) => ({
    id: 50,
    version,
    title: "S-FSK Phy&MAC setup",
    name: "SFSK_PHY_MAC_SETUP",
    attributes: [
      ["initiator_electrical_phase", "enum"],
      ["delta_electrical_phase", "enum"],
      ["max_receiving_gain", "unsigned"],
      ["max_transmitting_gain", "unsigned"],
      ["search_initiator_threshold", "unsigned"],
      ["frequencies", "structure"],
      ["mac_address", "long-unsigned"],
      ["mac_group_addresses", "array"],
      ["repeater", "enum"],
      ["repeater_status", "boolean"],
      ["min_delta_credit", "unsigned"],
      ["initiator_mac_address", "long-unsigned"],
      ["synchronization_locked", "boolean"],
      ...(version === 1 ? ([["transmission_speed", "enum"]] as const) : []),
    ] as const,
    source,
  })),
  {
    id: 51,
    version: 0,
    title: "S-FSK Active initiator",
    name: "SFSK_ACTIVE_INITIATOR",
    attributes: [
      [
        "active_initiator",
        "structure",
        structure(field("systemTitle", bytes), plain("macAddress"), plain("lSapSelector")),
      ],
    ],
    methods: ["reset_NEW_not_synchronized"],
    methodsAt: 0x10,
    source,
  },
  {
    id: 52,
    version: 0,
    title: "S-FSK MAC synchronization timeouts",
    name: "SFSK_MAC_SYNCHRONIZATION_TIMEOUTS",
    attributes: [
      ["search_initiator_timeout", "long-unsigned"],
      ["synchronization_confirmation_timeout", "long-unsigned"],
      ["time_out_not_addressed", "long-unsigned"],
      ["time_out_frame_not_OK", "long-unsigned"],
    ],
    source,
  },
  {
    id: 53,
    version: 0,
    title: "S-FSK MAC counters",
    name: "SFSK_MAC_COUNTERS",
    attributes: [
      ["synchronization_register", "array"],
      ["desynchronization_listing", "structure"],
      ["broadcast_frames_counter", "array"],
      ["repetitions_counter", "double-long-unsigned"],
      ["transmissions_counter", "double-long-unsigned"],
      ["CRC_OK_frames_counter", "double-long-unsigned"],
      ["CRC_NOK_frames_counter", "double-long-unsigned"],
    ],
    methods: ["reset"],
    methodsAt: 0x50,
    source,
  },
  {
    id: 55,
    version: 0,
    title: "IEC 61334-4-32 LLC setup",
    attributes: [["max_frame_length", "unsigned"]],
    source,
  },
  {
    id: 55,
    version: 1,
    title: "IEC 61334-4-32 LLC setup",
    attributes: [
      ["max_frame_length", "unsigned"],
      ["reply_status_list", "array", arrayOf(structure(plain("lSapSelector"), plain("lengthOfWaitingLsdu")))],
    ],
    source,
  },
  {
    id: 56,
    version: 0,
    title: "S-FSK Reporting system list",
    name: "SFSK_REPORTING_SYSTEM_LIST",
    attributes: [["reporting_system_list", "array", arrayOf(bytes)]],
    source,
  },
] as const satisfies readonly ClassRow[];
