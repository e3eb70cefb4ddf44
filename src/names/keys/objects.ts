// Words of short keys for general objects: C = 0, 94 and 96 to 99 of each medium, and all of A = 0 except M-Bus.

type Words = Readonly<Record<string, string>>;

/** Groups C to E of objects that each medium has. */
const ofAllMedia: Words = {
  "0.1.0": "billing_counter",
  "0.1.1": "billing_periods",
  "0.1.2": "billing_time",
  "0.1.3": "billing_counter2",
  "0.1.4": "billing_periods2",
  "0.1.5": "billing_time2",
  "0.2.0": "firmware_id",
  "0.2.8": "firmware_signature",
  "0.9.1": "local_time",
  "0.9.2": "local_date",
};

/** The same for A = 0. */
const ofAbstract: Words = {
  "0.2.1": "firmware_version",
  "1.1.0": "unix_clock",
  "1.2.0": "high_resolution_clock",
  "22.0.0": "hdlc_setup",
  "42.0.0": "logical_device_name",
  "96.1.10": "metering_point_id",
  "96.2.0": "config_changes",
  "96.2.1": "config_change_time",
  "96.2.5": "calibration_time",
  "96.2.10": "protected_config_changes",
  "96.2.11": "protected_config_change_time",
  "96.2.12": "clock_sync_time",
  "96.2.13": "firmware_activation_time",
  "96.3.0": "control_signals",
  "96.3.1": "input_signals",
  "96.3.2": "output_signals",
  "96.3.10": "disconnector",
  "96.6.0": "battery_use_time",
  "96.6.1": "battery_charge",
  "96.6.2": "battery_change_time",
  "96.6.3": "battery_voltage",
  "96.6.4": "battery_capacity",
  "96.6.5": "battery_install_time",
  "96.6.6": "battery_remaining_time",
  "96.6.10": "aux_supply_use_time",
  "96.6.11": "aux_supply_voltage",
  "96.7.0": "power_failures",
  "96.7.1": "power_failures_l1",
  "96.7.2": "power_failures_l2",
  "96.7.3": "power_failures_l3",
  "96.7.4": "power_failures_aux",
  "96.7.21": "power_failures_any",
  "96.7.5": "long_power_failures",
  "96.7.6": "long_power_failures_l1",
  "96.7.7": "long_power_failures_l2",
  "96.7.8": "long_power_failures_l3",
  "96.7.9": "long_power_failures_any",
  "96.7.10": "power_failure_time",
  "96.7.11": "power_failure_time_l1",
  "96.7.12": "power_failure_time_l2",
  "96.7.13": "power_failure_time_l3",
  "96.7.14": "power_failure_time_any",
  "96.7.15": "long_power_failure_duration",
  "96.7.16": "long_power_failure_duration_l1",
  "96.7.17": "long_power_failure_duration_l2",
  "96.7.18": "long_power_failure_duration_l3",
  "96.7.19": "long_power_failure_duration_any",
  "96.7.20": "long_power_failure_threshold",
  "96.8.0": "operating_time",
  "96.9.0": "ambient_temperature",
  "96.9.1": "ambient_pressure",
  "96.9.2": "humidity",
  "96.12.1": "connections",
  "96.12.4": "comm_port",
  "96.12.5": "gsm_field_strength",
  "96.12.6": "phone_number",
  "96.13.0": "consumer_message_port",
  "96.13.1": "consumer_message_display",
};

/** The same for A = 1. */
const ofElectricity: Words = {
  "0.2.1": "parameter_record",
  "0.2.2": "time_switch_program",
  "0.2.7": "passive_calendar_name",
  "0.3.0": "pulse_constant_active_led",
  "0.3.1": "pulse_constant_reactive_led",
  "0.3.3": "pulse_constant_active_output",
  "0.3.4": "pulse_constant_reactive_output",
  "0.4.0": "power_factor_reading",
  "0.4.1": "energy_factor_reading",
  "0.4.2": "ct_ratio",
  "0.4.3": "vt_ratio",
  "0.4.4": "transformer_ratio",
  "0.4.5": "ct_ratio_denominator",
  "0.4.6": "vt_ratio_denominator",
  "0.4.7": "transformer_ratio_denominator",
  "0.6.0": "nominal_voltage",
  "0.6.1": "nominal_current",
  "0.6.2": "nominal_frequency",
  "0.6.3": "maximum_current",
  "0.6.4": "pq_reference_voltage",
  "0.8.0": "demand_period",
  "0.8.1": "demand_period2",
  "0.8.2": "instant_period",
  "0.8.4": "load_period",
  "0.8.5": "load_period2",
  "0.8.6": "billing_period",
  "0.8.7": "billing_period2",
  "0.9.0": "days_since_reset",
  "0.9.6": "reset_time",
  "0.9.7": "reset_date",
  "0.9.11": "clock_shift_limit",
  "96.5.5": "meter_started",
};

/** Groups C and D of objects of A = 0 that group E numbers. */
const numberedObjects: Words = {
  "1.0": "clock",
  "10.0": "script_table",
  "11.0": "special_days",
  "12.0": "schedule",
  "13.0": "activity_calendar",
  "14.0": "register_activation",
  "15.0": "single_action_schedule",
  "16.0": "register_monitor",
  "16.1": "alarm_monitor",
  "16.2": "parameter_monitor",
  "17.0": "limiter",
  "21.0": "readout_list",
  "25.0": "tcp_udp_setup",
  "25.1": "ipv4_setup",
  "25.2": "mac_address",
  "25.3": "ppp_setup",
  "25.4": "gprs_setup",
  "25.6": "gsm_diagnostic",
  "25.7": "ipv6_setup",
  "25.9": "push_setup",
  "25.10": "ntp_setup",
  "25.11": "lte_monitoring",
  "40.0": "association",
  "41.0": "sap_assignment",
  "43.0": "security_setup",
  "43.1": "invocation_counter",
  "43.2": "data_protection",
  "44.0": "image_transfer",
  "44.1": "function_control",
  "66.0": "compact_data",
  "96.5": "operating_status",
  "96.10": "status_register",
  "96.14": "active_tariff",
  "96.15": "event_counter",
  "97.97": "error_register",
  "99.12": "connection_profile",
  "99.13": "gsm_profile",
  "99.18": "lte_profile",
  "99.97": "power_failure_log",
};

/** Groups C and D of profiles. */
const profiles: Words = {
  "98.1": "billing_profile",
  "98.2": "billing_profile2",
  "98.3": "billing_profile3",
  "98.4": "billing_profile4",
  "98.11": "event_billing_profile",
  "99.1": "load_profile",
  "99.2": "load_profile2",
  "99.3": "test_profile",
  "99.99": "certification_log",
};

/** Groups C and D of event codes and event logs, numbered by group E. */
const events: Words = {
  "96.11": "event_code",
  "99.98": "event_log",
};

/** Groups A, D and E of country specific objects (C = 94): India 91, Russia 7. */
const ofCountries: Words = {
  "0.91.0": "in_tamper_count",
  "0.91.8": "in_power_off_time",
  "0.91.9": "in_meter_type",
  "0.91.10": "in_nameplate",
  "0.91.11": "in_category",
  "0.91.12": "in_current_rating",
  "0.91.13": "in_billing_power_on_time",
  "0.91.14": "in_power_on_time",
  "0.91.18": "in_event_status_word",
  "0.91.26": "in_event_status_filter",
  "1.91.0": "in_instant_profile",
  "1.91.3": "in_instant_scalers",
  "1.91.4": "in_load_scalers",
  "1.91.5": "in_daily_scalers",
  "1.91.6": "in_billing_scalers",
  "1.91.7": "in_event_scalers",
  "1.91.14": "in_active_current",
  "1.7.0": "ru_current_profile",
  "1.7.1": "ru_monthly_scalers",
  "1.7.2": "ru_daily_scalers",
  "1.7.3": "ru_current_scalers",
  "1.7.4": "ru_load_scalers",
};

/** Group E of 0-b:96.20.e in steps: count, time, duration and total duration of an event. */
const tamperObjects: readonly (readonly [first: number, word: string])[] = [
  [0, "meter_cover"],
  [5, "terminal_cover"],
  [10, "tilt"],
  [15, "magnetic_field"],
  [20, "valve_tamper"],
  [25, "metrology_tamper"],
  [30, "comm_tamper"],
];
const tamperValues = ["count", "event_time", "event_duration", "total_duration"];

/** The medium in front of the word. */
const mediumPrefixes: Readonly<Record<number, string>> = {
  0: "",
  1: "el_",
  4: "hca_",
  5: "cooling_",
  6: "heat_",
  7: "gas_",
  8: "water_",
  9: "hot_water_",
};

/** Groups D of M-Bus objects (0-b:24.d.e). */
const mbusWords: Readonly<Record<number, string>> = {
  0: "port_setup",
  1: "client",
  2: "value",
  3: "profile",
  4: "valve",
  5: "control_log",
  6: "master_port",
  9: "diagnostic",
};

const numbered = (word: string, e: number): string => (e === 0 ? word : `${word}_${e}`);

/** The medium in front of a word; undefined for a medium without words. */
export function mediumPrefix(a: number): string | undefined {
  return mediumPrefixes[a];
}

/** The key of an M-Bus object, which contains its channel. */
export function mbusKey(b: number, d: number, e: number): string | undefined {
  const word = mbusWords[d];
  const isValue = d === 2;
  if (word === undefined || e > 99 || (!isValue && e > 9)) return undefined;
  return isValue ? `mbus${b}_${word}${e}` : numbered(`mbus${b}_${word}`, e);
}

/** The key of a general object without channel and billing period; undefined if the code has no word. */
export function objectKey(a: number, c: number, d: number, e: number): string | undefined {
  if (c === 94) return ofCountries[`${a}.${d}.${e}`];
  const medium = mediumPrefix(a);
  if (medium === undefined) return undefined;
  const code = `${c}.${d}`;
  const identifier = identifierKey(a, code, e);
  if (identifier !== undefined) return identifier === "" ? undefined : medium + identifier;
  const abstract = a === 0 ? abstractKey(code, e) : undefined;
  if (abstract !== undefined) return abstract;
  const event = events[code];
  if (event !== undefined && e <= 99 && (a === 0 || c === 99)) return `${medium}${event}_${e}`;
  const profile = profiles[code];
  if (profile !== undefined) return profileKey(a, medium + profile, d, e, code);
  const single = singleWord(a, `${code}.${e}`);
  if (single !== undefined) return medium + single;
  return numberedKey(a, medium, code, e);
}

/** Identification numbers: 0.0.e and 96.1.e; "" for one that the rule does not name. */
function identifierKey(a: number, code: string, e: number): string | undefined {
  if ((code !== "0.0" && code !== "96.1") || (a === 0 && code === "96.1" && e === 10)) return undefined;
  const word = code === "0.0" ? "id" : "device_id";
  if (e === 255) return `${word}_all`;
  return e <= 9 ? `${word}_${e + 1}` : "";
}

/** Registers of A = 0 that group E counts in its own way. */
function abstractKey(code: string, e: number): string | undefined {
  if (code === "96.8" && e >= 1 && e <= 63) return `operating_time_t${e}`;
  if (code === "96.20") {
    const [first, word] = tamperObjects.find(([start]) => e >= start && e < start + tamperValues.length) ?? [
      0,
      undefined,
    ];
    return word === undefined ? undefined : `${word}_${tamperValues[e - first] ?? ""}`;
  }
  if (code !== "97.98" || e > 29) return undefined;
  const kind = ["register", "filter", "descriptor"][Math.floor(e / 10)] ?? "";
  return `alarm_${kind}_${(e % 10) + 1}`;
}

const gas = 7;
/** Profiles of gas that group E numbers. */
const gasProfiles: ReadonlySet<string> = new Set(["99.1", "99.2", "99.3", "99.99"]);

function profileKey(a: number, word: string, d: number, e: number, code: string): string {
  if (a === gas && e !== 0 && gasProfiles.has(code)) return `gas_profile_${d}_${e}`;
  return e === 0 ? word : `${word}_e${e}`;
}

function singleWord(a: number, code: string): string | undefined {
  const own = a === 0 ? ofAbstract[code] : a === 1 ? ofElectricity[code] : undefined;
  return own ?? ofAllMedia[code];
}

/** Numbered objects of A = 0 that other media have too; electricity has only those of C = 97 and 99. */
const numberedInMedia: ReadonlySet<string> = new Set(["97.97", "99.97", "96.5", "96.10"]);

function numberedKey(a: number, medium: string, code: string, e: number): string | undefined {
  const word = numberedObjects[code];
  if (word === undefined || e > 99) return undefined;
  if (a === 0) return numbered(word, e);
  if (!numberedInMedia.has(code) || (a === 1 && code.startsWith("96"))) return undefined;
  return medium + numbered(word, e);
}
