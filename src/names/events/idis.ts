/**
 * Event codes of IDIS package 2 and 3. A code without a mark has two or more independent sources.
 * Sources: GXF: Grid eXchange Fabric of Alliander, github.com/OSGP/open-smart-grid-platform (Apache-2.0); MCS301:
 * MetCom Solutions, MCS301 product manual 1.25, pages 54, 55 and 72 to 76; CONNEXO: event lists of the Connexo head-
 * end system, github.com/chandangeek/Connexo_Code; CLOU: event list of a Clou meter.
 */
import type { EventTable } from "./event-table";

/** Event codes of IDIS. */
export const idisEvents: EventTable = {
  logs: [
    {
      log: "standard",
      profile: "0.0.99.98.0.255",
      code: "0.0.96.11.0.255",
      events: {
        1: "Power down",
        2: "Power up",
        3: "Daylight saving time switched",
        4: "Clock adjusted, old time",
        5: "Clock adjusted, new time",
        6: "Clock invalid",
        7: "Battery to be replaced",
        8: "Battery voltage low",
        9: "Tariff calendar activated",
        10: "Error register cleared",
        11: "Alarm register cleared",
        12: "Program memory error",
        13: "RAM error",
        14: "Non-volatile memory error",
        15: "Watchdog reset",
        16: "Measurement system error",
        17: "Firmware ready for activation",
        18: "Firmware activated",
        19: "Passive tariff calendar written",
        // conflict: Dutch meters: self-check after a firmware update
        20: "Signal at the external input",
        // single source: CONNEXO
        26: "Remote communication started",
        // single source: CONNEXO
        27: "Remote communication ended",
        // single source: CONNEXO
        28: "Local communication started",
        // single source: CONNEXO
        29: "Local communication ended",
        47: "Parameters changed",
        // conflict: SMR meters: module cover opened
        48: "Global keys changed",
        51: "Firmware verification failed",
        52: "Unexpected consumption",
        // single source: CONNEXO; MCS301 has this as 158 in the communication log
        53: "Local communication attempt",
        // single source: CONNEXO; in the power quality log too, there solid
        88: "Phase sequence reversed",
        // single source: CONNEXO; in the power quality log too, there solid
        89: "Neutral missing",
        // single source: CLOU
        253: "Meter data cleared",
        254: "Load profile cleared",
        255: "Event log cleared",
      },
    },
    {
      log: "fraud",
      profile: "0.0.99.98.1.255",
      code: "0.0.96.11.1.255",
      events: {
        40: "Terminal cover removed",
        41: "Terminal cover closed",
        42: "Strong magnetic field detected",
        43: "Strong magnetic field gone",
        44: "Meter cover removed",
        45: "Meter cover closed",
        46: "Association failed several times",
        // conflict: SMR meters: module cover closed
        49: "Decryption or authentication failed",
        50: "Replay attack",
        91: "Current reversed",
        // single source: MCS301
        200: "Current without voltage L1",
        // single source: MCS301
        201: "Current without voltage L2",
        // single source: MCS301
        202: "Current without voltage L3",
        // single source: CLOU
        221: "Phase and neutral swapped, start",
        // single source: CLOU
        222: "Phase and neutral swapped, end",
        // single source: CLOU
        223: "Phase and neutral swapped 2, start",
        // single source: CLOU
        224: "Phase and neutral swapped 2, end",
        255: "Event log cleared",
        // single source: CLOU
        257: "Current no longer reversed",
        // single source: CLOU
        300: "Module cover opened",
        // single source: CLOU
        301: "Module cover closed",
      },
    },
    // MCS301 manual, page 73: code 0-0:96.11.3 (and 96.11.4 for M-Bus), most likely a slip, as the other sources and DSMR have 96.11.2
    {
      log: "disconnector",
      profile: "0.0.99.98.2.255",
      code: "0.0.96.11.2.255",
      events: {
        59: "Ready for manual reconnection",
        60: "Manual disconnection",
        61: "Manual connection",
        62: "Remote disconnection",
        63: "Remote connection",
        64: "Local disconnection",
        65: "Limiter threshold exceeded",
        66: "Limiter threshold kept again",
        67: "Limiter threshold changed",
        68: "Disconnect or reconnect failed",
        69: "Local reconnection",
        70: "Supervision monitor 1 exceeded",
        71: "Supervision monitor 1 kept again",
        72: "Supervision monitor 2 exceeded",
        73: "Supervision monitor 2 kept again",
        74: "Supervision monitor 3 exceeded",
        75: "Supervision monitor 3 kept again",
        255: "Event log cleared",
      },
    },
    {
      log: "mbus",
      profile: "0.0.99.98.3.255",
      code: "0.0.96.11.3.255",
      events: {
        100: "M-Bus communication error, channel 1",
        101: "M-Bus communication back, channel 1",
        102: "M-Bus battery to be replaced, channel 1",
        103: "M-Bus fraud attempt, channel 1",
        104: "M-Bus clock adjusted, channel 1",
        // older AS220 firmware: permanent error
        105: "M-Bus device newly installed, channel 1",
        106: "M-Bus permanent error, channel 1",
        110: "M-Bus communication error, channel 2",
        111: "M-Bus communication back, channel 2",
        112: "M-Bus battery to be replaced, channel 2",
        113: "M-Bus fraud attempt, channel 2",
        114: "M-Bus clock adjusted, channel 2",
        // older AS220 firmware: permanent error
        115: "M-Bus device newly installed, channel 2",
        116: "M-Bus permanent error, channel 2",
        120: "M-Bus communication error, channel 3",
        121: "M-Bus communication back, channel 3",
        122: "M-Bus battery to be replaced, channel 3",
        123: "M-Bus fraud attempt, channel 3",
        124: "M-Bus clock adjusted, channel 3",
        // older AS220 firmware: permanent error
        125: "M-Bus device newly installed, channel 3",
        126: "M-Bus permanent error, channel 3",
        130: "M-Bus communication error, channel 4",
        131: "M-Bus communication back, channel 4",
        132: "M-Bus battery to be replaced, channel 4",
        133: "M-Bus fraud attempt, channel 4",
        134: "M-Bus clock adjusted, channel 4",
        // older AS220 firmware: permanent error
        135: "M-Bus device newly installed, channel 4",
        136: "M-Bus permanent error, channel 4",
        // single source: CONNEXO; Sagemcom T210-D
        208: "M-Bus device uninstalled, channel 1",
        // single source: CONNEXO; Sagemcom T210-D
        209: "M-Bus device uninstalled, channel 2",
        // single source: CONNEXO; Sagemcom T210-D
        210: "M-Bus device uninstalled, channel 3",
        // single source: CONNEXO; Sagemcom T210-D
        211: "M-Bus device uninstalled, channel 4",
        // single source: CONNEXO; Sagemcom T210-D
        220: "M-Bus temporary error, channel 1",
        // single source: CONNEXO; Sagemcom T210-D
        221: "M-Bus temporary error, channel 2",
        // single source: CONNEXO; Sagemcom T210-D
        222: "M-Bus temporary error, channel 3",
        // single source: CONNEXO; Sagemcom T210-D
        223: "M-Bus temporary error, channel 4",
        // single source: CONNEXO; Sagemcom T210-D, the log is as in the source
        236: "Certificate nearly expired",
        254: "M-Bus load profile cleared",
        255: "Event log cleared",
      },
    },
    {
      log: "power-quality",
      profile: "0.0.99.98.4.255",
      code: "0.0.96.11.4.255",
      events: {
        76: "Undervoltage L1",
        77: "Undervoltage L2",
        78: "Undervoltage L3",
        79: "Overvoltage L1",
        80: "Overvoltage L2",
        81: "Overvoltage L3",
        82: "Voltage missing L1",
        83: "Voltage missing L2",
        84: "Voltage missing L3",
        85: "Voltage normal L1",
        86: "Voltage normal L2",
        87: "Voltage normal L3",
        88: "Phase sequence reversed",
        89: "Neutral missing",
        90: "Phase asymmetry",
        91: "Current reversed",
        92: "Bad voltage quality L1",
        93: "Bad voltage quality L2",
        94: "Bad voltage quality L3",
        255: "Event log cleared",
      },
    },
    {
      log: "communication",
      profile: "0.0.99.98.5.255",
      code: "0.0.96.11.5.255",
      events: {
        140: "Connection timed out",
        141: "Modem initialisation failed",
        142: "SIM card error",
        143: "SIM card back",
        144: "GSM registration failed",
        145: "GPRS registration failed",
        146: "PDP context established",
        147: "PDP context destroyed",
        148: "PDP context failed",
        149: "Modem reset by software",
        150: "Modem reset by hardware",
        151: "GSM call out",
        152: "GSM call in",
        153: "GSM call ended",
        154: "Modem diagnosis failed",
        155: "User initialisation failed",
        156: "Signal quality low",
        157: "Answered calls exceeded",
        158: "Local communication attempt",
        255: "Event log cleared",
      },
    },
    // code object: thin, sources show 0-n:96.11.4 or none
    {
      log: "mbus-control-1",
      profile: "0.1.24.5.0.255",
      code: "0.1.96.11.4.255",
      events: {
        // single source: CONNEXO
        160: "M-Bus valve closed by hand, channel 1",
        // single source: CONNEXO
        161: "M-Bus valve opened by hand, channel 1",
        // single source: CONNEXO
        162: "M-Bus valve closed remotely, channel 1",
        // single source: CONNEXO
        163: "M-Bus valve opened remotely, channel 1",
        164: "M-Bus valve alarm, channel 1",
        255: "Event log cleared",
      },
    },
    // code object: thin, sources show 0-n:96.11.4 or none
    {
      log: "mbus-control-2",
      profile: "0.2.24.5.0.255",
      code: "0.2.96.11.4.255",
      events: {
        // single source: CONNEXO
        170: "M-Bus valve closed by hand, channel 2",
        // single source: CONNEXO
        171: "M-Bus valve opened by hand, channel 2",
        // single source: CONNEXO
        172: "M-Bus valve closed remotely, channel 2",
        // single source: CONNEXO
        173: "M-Bus valve opened remotely, channel 2",
        174: "M-Bus valve alarm, channel 2",
        255: "Event log cleared",
      },
    },
    // code object: thin, sources show 0-n:96.11.4 or none
    {
      log: "mbus-control-3",
      profile: "0.3.24.5.0.255",
      code: "0.3.96.11.4.255",
      events: {
        // single source: CONNEXO
        180: "M-Bus valve closed by hand, channel 3",
        // single source: CONNEXO
        181: "M-Bus valve opened by hand, channel 3",
        // single source: CONNEXO
        182: "M-Bus valve closed remotely, channel 3",
        // single source: CONNEXO
        183: "M-Bus valve opened remotely, channel 3",
        184: "M-Bus valve alarm, channel 3",
        255: "Event log cleared",
      },
    },
    // code object: thin, sources show 0-n:96.11.4 or none
    {
      log: "mbus-control-4",
      profile: "0.4.24.5.0.255",
      code: "0.4.96.11.4.255",
      events: {
        // single source: CONNEXO
        190: "M-Bus valve closed by hand, channel 4",
        // single source: CONNEXO
        191: "M-Bus valve opened by hand, channel 4",
        // single source: CONNEXO
        192: "M-Bus valve closed remotely, channel 4",
        // single source: CONNEXO
        193: "M-Bus valve opened remotely, channel 4",
        194: "M-Bus valve alarm, channel 4",
        255: "Event log cleared",
      },
    },
  ],
};
