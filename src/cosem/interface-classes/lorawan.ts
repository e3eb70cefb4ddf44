// Interface classes of the Blue Book's chapter 4.17, LoRaWAN.
import type { ClassRow } from "./row";

const ed16 = "DLMS UA 1000-1 (Blue Book) part 2, Ed. 16, ";

/** LoRaWAN. */
export const lorawanClasses = [
  {
    id: 128,
    version: 0,
    title: "LoRaWAN setup",
    attributes: [
      ["class", "enum"],
      ["state", "enum"],
      ["max_transmit_EIRP_setting", "integer"],
      ["ADR_mode", "boolean"],
      ["regional_parameters", "enum"],
      ["device_operation", "structure"],
      ["modem_versions", "structure"],
      ["devAddr", "double-long-unsigned"],
      ["join_strategy", "enum"],
      ["multicasts_parameters", "array"],
    ],
    methods: ["disconnect_from_network", "change_class", "change_region"],
    methodsAt: 0x60,
    source: `${ed16}4.17.2.2`,
  },
  {
    id: 129,
    version: 0,
    title: "LoRaWAN diagnostic",
    attributes: [
      ["internal_error_code", "enum"],
      ["out_frames_u_counter", "double-long-unsigned"],
      ["out_frames_c_counter", "double-long-unsigned"],
      ["in_frames_u_counter", "double-long-unsigned"],
      ["in_frames_c_counter", "double-long-unsigned"],
      ["in_mac_command_counter", "double-long-unsigned"],
      ["in_mac_ans_error_counter", "double-long-unsigned"],
      ["in_mac_ignored_counter", "double-long-unsigned"],
      ["in_per", "integer"],
      ["in_mean_rssi_rx1", "integer"],
      ["in_mean_snr_rx1", "integer"],
      ["in_mean_rssi_rx2", "integer"],
      ["in_mean_snr_rx2", "integer"],
    ],
    methods: ["reset"],
    methodsAt: 0x70,
    source: `${ed16}4.17.2.3`,
  },
] as const satisfies readonly ClassRow[];
