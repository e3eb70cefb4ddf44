// Interface classes of the Blue Book's chapter 4.15, ZigBee.
import { bytes } from "./hints";
import type { ClassRow } from "./row";

const ed16 = "DLMS UA 1000-1 (Blue Book) part 2, Ed. 16, ";

/** ZigBee. */
export const zigbeeClasses = [
  {
    id: 101,
    version: 0,
    title: "ZigBee SAS startup",
    attributes: [
      ["short_address", "long-unsigned"],
      ["extended_pan_id", "octet-string", bytes],
      ["pan_id", "long-unsigned"],
      ["channel_mask", "double-long-unsigned"],
      ["protocol_version", "unsigned"],
      ["stack_profile", "enum"],
      ["start_up_control", "unsigned"],
      ["trust_center_address", "octet-string", bytes],
      ["link_key", "octet-string", bytes],
      ["network_key", "octet-string", bytes],
      ["use_insecure_join", "boolean"],
    ],
    source: `${ed16}4.15.2`,
  },
  {
    id: 102,
    version: 0,
    title: "ZigBee SAS join",
    attributes: [
      ["scan_attempts", "unsigned"],
      ["time_between_scans", "long-unsigned"],
      ["rejoin_interval", "long-unsigned"],
      ["rejoin_retry_interval", "long-unsigned"],
    ],
    source: `${ed16}4.15.3`,
  },
  {
    id: 103,
    version: 0,
    title: "ZigBee SAS APS fragmentation",
    attributes: [
      ["aps_interframe_delay", "long-unsigned"],
      ["aps_max_window_size", "long-unsigned"],
    ],
    source: `${ed16}4.15.4`,
  },
  {
    id: 104,
    version: 0,
    title: "ZigBee network control",
    attributes: [
      ["enable_disable_joining", "boolean"],
      ["join_timeout", "long-unsigned"],
      ["active_devices", "array"],
    ],
    methods: [
      "register_device",
      "unregister_device",
      "unregister_all_devices",
      "backup_PAN",
      "restore_PAN",
      "identify_device",
      "remove_mirror",
      "update_network_key",
      "update_link_key",
      "create_PAN",
      "remove_PAN",
    ],
    methodsAt: 0x20,
    source: `${ed16}4.15.5`,
  },
  {
    id: 105,
    version: 0,
    title: "ZigBee tunnel setup",
    attributes: [
      ["maximum_incoming_transfer_size", "long-unsigned"],
      ["maximum_outgoing_transfer_size", "long-unsigned"],
      ["protocol_address", "octet-string", bytes],
      ["close_tunnel_timeout", "long-unsigned"],
    ],
    source: `${ed16}4.15.6`,
  },
] as const satisfies readonly ClassRow[];
