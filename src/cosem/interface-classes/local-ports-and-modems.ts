// Interface classes of the Blue Book's chapter 4.7, data exchange over local ports and modems.
import { arrayOf, bytes, dateTime, enumeration, field, plain, speed, structure, text, timeWindows } from "./hints";
import type { ClassRow } from "./row";

const source = "DLMS UA 1000-1 (Blue Book), 4.7 local ports and modems; IEC 62056-6-2";

/** when a device connects; 200 to 255 are the maker's own */
const connectMode = enumeration({
  0: "no-auto-connect",
  1: "any-time",
  2: "in-calling-window",
  3: "in-calling-window-alarms-any-time",
  4: "sms-plmn",
  5: "sms-pstn",
  6: "email",
  101: "permanent",
  102: "permanent-in-calling-window",
  103: "permanent-after-connect",
  104: "disconnected-until-connect",
});
const quality = structure(
  plain("precedence"),
  plain("delay"),
  plain("reliability"),
  plain("peakThroughput"),
  plain("meanThroughput"),
);

const lteTimers = [
  plain("t3402"),
  plain("t3412"),
  plain("t3412ext2"),
  plain("t3324"),
  plain("teDRX"),
  plain("tPTW"),
] as const;
const lteReceiveLevels = [plain("qRxlevMin"), plain("qRxlevMinCE"), plain("qRxlevMinCE1")] as const;
/** ESMR 5 meters send parameters and quality in one structure. */
const esmr5Lte = [...lteTimers, plain("rsrq"), plain("rsrp"), ...lteReceiveLevels] as const;

/** Local ports, modems and mobile networks. */
export const localPortClasses = [
  {
    id: 19,
    version: 0,
    title: "IEC local port setup",
    attributes: [
      ["default_mode", "enum"],
      ["default_baud", "enum", speed],
      ["prop_baud", "enum", speed],
      ["response_time", "enum", enumeration({ 0: "20-ms", 1: "200-ms" })],
      ["device_addr", "octet-string", text],
      ["pass_p1", "octet-string", bytes],
      ["pass_p2", "octet-string", bytes],
      ["pass_w5", "octet-string", bytes],
    ],
    source,
  },
  {
    id: 19,
    version: 1,
    title: "IEC local port setup",
    attributes: [
      ["default_mode", "enum", enumeration({ 0: "iec-62056-21", 1: "hdlc", 2: "not-specified" })],
      ["default_baud", "enum", speed],
      ["prop_baud", "enum", speed],
      ["response_time", "enum", enumeration({ 0: "20-ms", 1: "200-ms" })],
      ["device_addr", "octet-string", text],
      ["pass_p1", "octet-string", bytes],
      ["pass_p2", "octet-string", bytes],
      ["pass_w5", "octet-string", bytes],
    ],
    source,
  },
  {
    id: 23,
    version: 0,
    title: "IEC HDLC setup",
    attributes: [
      ["comm_speed", "enum", speed],
      ["window_size_transmit", "unsigned"],
      ["window_size_receive", "unsigned"],
      ["max_info_field_length_transmit", "unsigned"],
      ["max_info_field_length_receive", "unsigned"],
      ["inter_octet_time_out", "long-unsigned"],
      ["inactivity_time_out", "long-unsigned"],
      ["device_address", "long-unsigned"],
    ],
    source,
  },
  {
    id: 23,
    version: 1,
    title: "IEC HDLC setup",
    attributes: [
      ["comm_speed", "enum", speed],
      ["window_size_transmit", "unsigned"],
      ["window_size_receive", "unsigned"],
      ["max_info_field_length_transmit", "long-unsigned"],
      ["max_info_field_length_receive", "long-unsigned"],
      ["inter_octet_time_out", "long-unsigned"],
      ["inactivity_time_out", "long-unsigned"],
      ["device_address", "long-unsigned"],
    ],
    source,
  },
  {
    id: 24,
    version: 0,
    title: "IEC twisted pair (1) setup",
    name: "IEC_TWISTED_PAIR_SETUP",
    attributes: [
      ["secondary_address", "octet-string", bytes],
      ["primary_address_list", "array"],
      ["tabi_list", "array"],
      ["fatal_error", "enum"],
    ],
    source,
  },
  {
    id: 24,
    version: 1,
    title: "IEC twisted pair (1) setup",
    name: "IEC_TWISTED_PAIR_SETUP",
    attributes: [
      ["mode", "enum", enumeration({ 0: "inactive", 1: "active" })],
      ["speed", "enum", speed],
      ["primary_address_list", "array"],
      ["tabi_list", "array"],
    ],
    source,
  },
  {
    id: 27,
    version: 0,
    title: "Modem configuration",
    attributes: [
      ["comm_speed", "enum", speed],
      ["initialization_string", "array", arrayOf(structure(field("request", text), field("response", text)))],
      ["modem_profile", "array", arrayOf(text)],
    ],
    source,
  },
  {
    id: 27,
    version: 1,
    title: "Modem configuration",
    attributes: [
      ["comm_speed", "enum", speed],
      [
        "initialization_string",
        "array",
        arrayOf(structure(field("request", text), field("response", text), plain("delayAfterResponse"))),
      ],
      ["modem_profile", "array", arrayOf(text)],
    ],
    source,
  },
  {
    id: 28,
    version: 0,
    title: "Auto answer",
    attributes: [
      ["mode", "enum"],
      ["listening_window", "array", timeWindows],
      ["status", "enum", enumeration({ 0: "inactive", 1: "active", 2: "locked" })],
      ["number_of_calls", "unsigned"],
      ["number_of_rings", "structure", structure(plain("nrRingsInWindow"), plain("nrRingsOutOfWindow"))],
    ],
    source,
  },
  {
    id: 28,
    version: 2,
    title: "Auto answer",
    attributes: [
      ["mode", "enum"],
      ["listening_window", "array", timeWindows],
      ["status", "enum", enumeration({ 0: "inactive", 1: "active", 2: "locked" })],
      ["number_of_calls", "unsigned"],
      ["number_of_rings", "structure", structure(plain("nrRingsInWindow"), plain("nrRingsOutOfWindow"))],
      [
        "list_of_allowed_callers",
        "array",
        arrayOf(structure(field("callerId", text), field("callType", enumeration({ 0: "normal", 1: "wake-up" })))),
      ],
    ],
    source,
  },
  {
    id: 29,
    version: 0,
    title: "Auto connect",
    attributes: [
      ["mode", "enum", connectMode],
      ["repetitions", "unsigned"],
      ["repetition_delay", "long-unsigned"],
      ["calling_window", "array", timeWindows],
      ["phone_list", "array", arrayOf(text)],
    ],
    source,
  },
  {
    id: 29,
    version: 1,
    title: "Auto connect",
    attributes: [
      ["mode", "enum", connectMode],
      ["repetitions", "unsigned"],
      ["repetition_delay", "long-unsigned"],
      ["calling_window", "array", timeWindows],
      ["destination_list", "array", arrayOf(text)],
    ],
    methods: ["connect"],
    source,
  },
  {
    id: 29,
    version: 2,
    title: "Auto connect",
    attributes: [
      ["mode", "enum", connectMode],
      ["repetitions", "unsigned"],
      ["repetition_delay", "long-unsigned"],
      ["calling_window", "array", timeWindows],
      ["destination_list", "array", arrayOf(text)],
    ],
    methods: ["connect"],
    source,
  },
  {
    id: 45,
    version: 0,
    title: "GPRS modem setup",
    attributes: [
      ["APN", "octet-string", text],
      ["PIN_code", "long-unsigned"],
      ["quality_of_service", "structure", structure(field("default", quality), field("requested", quality))],
    ],
    source,
  },
  ...[0, 1, 2].map((version) => ({
    id: 47,
    version,
    title: "GSM diagnostic",
    attributes: [
      ["operator", "visible-string"],
      [
        "status",
        "enum",
        enumeration({
          0: "not-registered",
          1: "registered-home-network",
          2: "not-registered-searching",
          3: "registration-denied",
          4: "unknown",
          5: "registered-roaming",
        }),
      ],
      ["cs_attachment", "enum", enumeration({ 0: "inactive", 1: "incoming-call", 2: "active" })],
      [
        "ps_status",
        "enum",
        enumeration({
          0: "inactive",
          1: "gprs",
          2: "edge",
          3: "umts",
          4: "hsdpa",
          5: "lte",
          6: "cdma",
          7: "lte-cat-m1",
          8: "lte-cat-nb1",
          9: "lte-cat-nb2",
        }),
      ],
      [
        "cell_info",
        "structure",
        version === 0
          ? structure(plain("cellId"), plain("locationId"), plain("signalQuality"), plain("ber"))
          : structure(
              plain("cellId"),
              plain("locationId"),
              plain("signalQuality"),
              plain("ber"),
              plain("mobileCountryCode"),
              plain("mobileNetworkCode"),
              plain("channelNumber"),
            ),
      ],
      ["adjacent_cells", "array", arrayOf(structure(plain("cellId"), plain("signalQuality")))],
      ["capture_time", "date-time", dateTime],
    ] as const,
    source,
  })),
  {
    id: 151,
    version: 0,
    title: "LTE monitoring",
    attributes: [
      [
        "LTE_quality_of_service",
        "structure",
        structure(plain("t3402"), plain("t3412"), plain("rsrq"), plain("rsrp"), plain("qRxlevMin")),
      ],
    ],
    source:
      "companion specifications that capture {151, 0-0:25.11.0*255, 2, 3} as RSRQ and {.., 2, 4} as RSRP; " +
      "gurux_dlms (types); the LTE monitoring attributes of EnergyICT Connexo (names, short-name offset 0x08)",
  },
  {
    id: 151,
    version: 1,
    title: "LTE monitoring",
    attributes: [
      [
        "LTE_network_parameters",
        "structure",
        { ...structure(...lteTimers, ...lteReceiveLevels), otherFields: [esmr5Lte] },
      ],
      [
        "LTE_quality_of_service",
        "structure",
        structure(
          plain("signalQuality"),
          plain("signalLevel"),
          plain("signalToNoiseRatio"),
          field("coverageEnhancement", enumeration({ 0: "level-0", 1: "level-1", 2: "level-2" })),
        ),
      ],
    ],
    source:
      "DLMS UA 1000-1 (Blue Book) part 2, Ed. 16, 4.7 LTE monitoring; gurux_dlms (fields); " +
      "EnergyICT Connexo (the form of ESMR 5 meters)",
  },
] as const satisfies readonly ClassRow[];
