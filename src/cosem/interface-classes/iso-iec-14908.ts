// Interface classes of the Blue Book's chapter 4.19, ISO/IEC 14908 PLC.
import { bytes } from "./hints";
import type { ClassRow } from "./row";

const ed16 = "DLMS UA 1000-1 (Blue Book) part 2, Ed. 16, ";

/** ISO/IEC 14908 PLC. */
export const iso14908Classes = [
  {
    id: 130,
    version: 0,
    title: "ISO/IEC 14908 identification",
    attributes: [
      ["node_ID", "unsigned"],
      ["subnet_ID", "unsigned"],
      ["domain_ID", "octet-string", bytes],
      ["program_ID", "octet-string", bytes],
      ["unique_node_ID", "octet-string", bytes],
    ],
    source: `${ed16}4.19.2; IEC 62056-8-8`,
  },
  {
    id: 131,
    version: 0,
    title: "ISO/IEC 14908 protocol setup",
    attributes: [["inactivity_timeout", "long-unsigned"]],
    source: `${ed16}4.19.3; IEC 62056-8-8`,
  },
  {
    id: 132,
    version: 0,
    title: "ISO/IEC 14908 protocol status",
    attributes: [
      ["transmission_errors", "long-unsigned"],
      ["transmit_tx_failure", "long-unsigned"],
      ["transmit_tx_retries", "long-unsigned"],
      ["receive_tx_full", "long-unsigned"],
      ["lost_messages", "long-unsigned"],
      ["missed_messages", "long-unsigned"],
      ["layer2_received", "long-unsigned"],
      ["layer3_received", "long-unsigned"],
      ["messages_received", "double-long-unsigned"],
      ["messages_validated", "double-long-unsigned"],
    ],
    methods: ["reset"],
    methodsAt: 0x70,
    source: `${ed16}4.19.4; IEC 62056-8-8`,
  },
  {
    id: 133,
    version: 0,
    title: "ISO/IEC 14908 diagnostic",
    attributes: [
      ["plc_signal_quality_status", "enum"],
      ["com_module_state", "enum"],
      ["received_message_status", "unsigned"],
      ["no_receive_buffer", "long-unsigned"],
      ["transmit_no_data", "long-unsigned"],
      ["backlog_overflows", "long-unsigned"],
      ["late_ack", "long-unsigned"],
      ["frequency_invalid", "long-unsigned"],
    ],
    methods: ["reset"],
    methodsAt: 0x60,
    source: `${ed16}4.19.5; IEC 62056-8-8`,
  },
] as const satisfies readonly ClassRow[];
