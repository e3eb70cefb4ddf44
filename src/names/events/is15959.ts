/**
 * Event codes of IS 15959 parts 1 to 3 (India). A code without a mark has two or more independent sources.
 * Sources: IN-CS: enumeration of the event codes of an Indian head-end system, C#; IN-JAVA: enumeration with the log
 * of each code, Java; IN-TABLES: event manager that names tables 32 to 38 of IS 15959 (Part 1), Java; IN-JS: event
 * list of an Indian head-end system, JavaScript; IN-JSX: client with an object list, JavaScript; IN-ESWF: lists of
 * the bits of the event status word.
 */
import type { EventTable } from "./event-table";

/** Event codes of IS 15959. */
export const is15959Events: EventTable = {
  logs: [
    {
      log: "voltage",
      profile: "0.0.99.98.0.255",
      code: "0.0.96.11.0.255",
      events: {
        1: "Voltage missing R, start",
        2: "Voltage missing R, end",
        3: "Voltage missing Y, start",
        4: "Voltage missing Y, end",
        // IN-TABLES has slips at 5 and 6
        5: "Voltage missing B, start",
        6: "Voltage missing B, end",
        7: "Overvoltage, start",
        8: "Overvoltage, end",
        9: "Low voltage, start",
        10: "Low voltage, end",
        11: "Voltage unbalance, start",
        12: "Voltage unbalance, end",
        // single source: IN-JAVA
        21: "Phase sequence reversed, start",
        // single source: IN-JAVA
        22: "Phase sequence reversed, end",
      },
    },
    {
      log: "current",
      profile: "0.0.99.98.1.255",
      code: "0.0.96.11.1.255",
      events: {
        // single-phase meters: current reversed
        51: "Current reversed R, start",
        52: "Current reversed R, end",
        53: "Current reversed Y, start",
        54: "Current reversed Y, end",
        55: "Current reversed B, start",
        56: "Current reversed B, end",
        57: "Current transformer open R, start",
        58: "Current transformer open R, end",
        59: "Current transformer open Y, start",
        60: "Current transformer open Y, end",
        61: "Current transformer open B, start",
        62: "Current transformer open B, end",
        63: "Current unbalance, start",
        64: "Current unbalance, end",
        65: "Current bypass, start",
        66: "Current bypass, end",
        67: "Overcurrent, start",
        68: "Overcurrent, end",
        69: "Earth load, start",
        70: "Earth load, end",
        // single source: IN-CS
        81: "Current mismatch, start",
        // single source: IN-CS
        82: "Current mismatch, end",
        83: "High neutral current, start",
        84: "High neutral current, end",
      },
    },
    {
      log: "power",
      profile: "0.0.99.98.2.255",
      code: "0.0.96.11.2.255",
      events: {
        // single source: IN-JS; bit numbers of the event status word, taken over as event codes by one head-end
        85: "Last gasp",
        // single source: IN-JS; as 85
        86: "First breath",
        101: "Power failure, start",
        102: "Power failure, end",
      },
    },
    {
      log: "transaction",
      profile: "0.0.99.98.3.255",
      code: "0.0.96.11.3.255",
      events: {
        // single source: IN-JS; as 85
        87: "Billing counter incremented",
        // single source: IN-CS
        124: "Relay switched",
        // single source: IN-JAVA
        125: "Voltage transformer ratio changed",
        // conflict: IN-CS: passive low voltage limit
        126: "Current transformer ratio changed",
        // single source: IN-CS
        127: "Instant push schedule changed",
        // single source: IN-CS
        128: "Passive billing date schedule changed",
        // single source: IN-CS
        129: "Passive capture period schedule changed",
        // single source: IN-CS
        130: "Passive integration period schedule changed",
        // single source: IN-CS
        131: "Passive high voltage limit schedule changed",
        // single source: IN-CS
        132: "Passive low voltage limit schedule changed",
        151: "Clock set",
        152: "Demand integration period changed",
        153: "Profile capture period changed",
        154: "Billing dates changed",
        155: "Tariff calendar changed",
        // single source: IN-ESWF
        156: "RS-485 address changed",
        157: "Firmware activated",
        158: "Load limit set",
        159: "Load limit enabled",
        160: "Load limit disabled",
        161: "Meter reader password changed",
        162: "Utility key changed",
        163: "Firmware key changed",
        164: "Global keys changed",
        165: "Event status word filter changed",
        166: "Maximum demand reset",
        // single source: IN-CS
        167: "Metering mode changed",
        // single source: IN-CS
        169: "Image activation schedule changed",
        // single source: IN-CS
        178: "Import and export mode set",
        // single source: IN-CS
        182: "Passive relay times changed",
        // single source: IN-CS
        183: "Passive overload limit schedule changed",
        // single source: IN-CS
        191: "Apparent energy from lag and lead",
        // single source: IN-CS
        192: "Apparent energy from lag only",
      },
    },
    // one head-end has .4 and .5 the other way round (stored file 181441740)
    {
      log: "others",
      profile: "0.0.99.98.4.255",
      code: "0.0.96.11.4.255",
      events: {
        201: "Magnetic influence, start",
        202: "Magnetic influence, end",
        203: "Neutral disturbance, start",
        204: "Neutral disturbance, end",
        205: "Low power factor, start",
        206: "Low power factor, end",
        207: "Single wire operation, neutral missing, start",
        208: "Single wire operation, neutral missing, end",
        209: "Communication module removed, start",
        210: "Communication module removed, end",
        211: "Post-paid mode set",
        212: "Prepaid mode set",
        213: "Forward only mode set",
        214: "Import and export mode set",
        215: "Overload, start",
        216: "Overload, end",
        // single source: IN-CS; a maker's own
        889: "Temperature rise, start",
        // single source: IN-CS; a maker's own
        890: "Temperature rise, end",
        // single source: IN-CS; a maker's own
        891: "Electrostatic discharge, start",
        // single source: IN-CS; a maker's own
        892: "Electrostatic discharge, end",
        // single source: IN-CS; a maker's own
        896: "Digital input 4 end",
        // single source: IN-CS; a maker's own
        897: "Digital input 3 end",
        // single source: IN-CS; a maker's own
        898: "Digital input 2 end",
        // single source: IN-CS; a maker's own
        899: "Digital input 1 end",
        // single source: IN-CS; a maker's own
        996: "Digital input 4 start",
        // single source: IN-CS; a maker's own
        997: "Digital input 3 start",
        // single source: IN-CS; a maker's own
        998: "Digital input 2 start",
        // single source: IN-CS; a maker's own
        999: "Digital input 1 start",
      },
    },
    // see others
    {
      log: "non-rollover",
      profile: "0.0.99.98.5.255",
      code: "0.0.96.11.5.255",
      events: {
        251: "Meter cover opened",
        // conflict: IN-CS: 253
        252: "Relay welded",
        // conflict: IN-JS: 252
        253: "Relay welded",
      },
    },
    {
      log: "control",
      profile: "0.0.99.98.6.255",
      code: "0.0.96.11.6.255",
      events: {
        301: "Load switch disconnected",
        302: "Load switch connected",
      },
    },
  ],
};
