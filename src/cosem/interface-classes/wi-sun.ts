// Interface classes of the Blue Book's chapter 4.18, Wi-SUN.
import { arrayOf, bytes, field, plain, structure, text } from "./hints";
import type { ClassRow } from "./row";

const ed16 = "DLMS UA 1000-1 (Blue Book) part 2, Ed. 16, ";

/** Wi-SUN and its routing. */
export const wisunClasses = [
  {
    id: 95,
    version: 0,
    title: "Wi-SUN setup",
    name: "WISUN_SETUP",
    attributes: [
      ["network_name", "octet-string", text],
      ["routing_method", "enum"],
      ["pan_id", "long-unsigned"],
      ["disc_imin", "unsigned"],
      ["disc_imax", "unsigned"],
      ["data_message_imin", "unsigned"],
      ["data_message_imax", "unsigned"],
      ["default_dio_interval_min", "unsigned"],
      ["default_dio_interval_doublings", "unsigned"],
      ["channel_plan", "structure"],
      ["channel_function", "enum"],
      ["excluded_channels", "any"],
      ["join_state", "enum"],
      ["reg_channel_exclusions", "structure"],
    ],
    methods: ["reset_join_state"],
    methodsAt: 0x78,
    source: `${ed16}4.18.1`,
  },
  {
    id: 96,
    version: 0,
    title: "Wi-SUN diagnostic",
    name: "WISUN_DIAGNOSTIC",
    attributes: [
      ["sys_descr", "octet-string", text],
      ["if_number", "any"],
      [
        "if_table",
        "array",
        arrayOf(
          structure(
            field("ifDescr", text),
            field("ifPhysAddress", bytes),
            plain("ifInOctets"),
            plain("ifInUcastPkts"),
            plain("ifInNUcastPkts"),
            plain("ifInErrors"),
            plain("ifInUnknownProtos"),
            plain("ifOutOctets"),
            plain("ifOutUcastPkts"),
            plain("ifOutNUcastPkts"),
            plain("ifOutErrors"),
            plain("ifOutQLen"),
          ),
        ),
      ],
      [
        "neighbour_table",
        "array",
        arrayOf(
          structure(
            field("neighbourId", bytes),
            plain("neighbourType"),
            plain("deviceRank"),
            plain("rssi"),
            plain("etxToParent"),
          ),
        ),
      ],
      [
        "transmission_table",
        "array",
        arrayOf(
          structure(
            field("neighbourId", bytes),
            plain("receptions"),
            plain("successfulTransmissions"),
            plain("failedTransmissions"),
          ),
        ),
      ],
    ],
    methods: ["reset"],
    source:
      "the public example client of a commercial stack (its interface class 96: order and meaning, not the types)",
  },
  {
    id: 97,
    version: 0,
    title: "RPL diagnostic",
    attributes: [
      ["rpl_instance_id", "unsigned"],
      ["dodag_version_number", "unsigned"],
      ["dodag_rank", "long"],
      ["grounded", "boolean"],
      ["mode_of_operation", "enum"],
      ["dodag_prf", "unsigned"],
      ["dodag_dtsn", "unsigned"],
      ["dodag_id", "octet-string", bytes],
    ],
    methods: ["reset"],
    methodsAt: 0x48,
    source: `${ed16}4.18.3`,
  },
  {
    id: 98,
    version: 0,
    title: "MPL diagnostic",
    attributes: [
      ["proactive_forwarding", "boolean"],
      ["z", "unsigned"],
      ["tunit", "unsigned"],
      ["se_lifetime", "long-unsigned"],
      ["dm_k", "unsigned"],
      ["dm_imin", "long-unsigned"],
      ["dm_imax", "unsigned"],
      ["dm_t_exp", "long-unsigned"],
      ["c_k", "unsigned"],
      ["c_imin", "long-unsigned"],
      ["c_imax", "unsigned"],
      ["c_t_exp", "long-unsigned"],
    ],
    methods: ["reset"],
    methodsAt: 0x70,
    source: `${ed16}4.18.4`,
  },
] as const satisfies readonly ClassRow[];
