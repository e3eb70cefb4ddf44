// Interface classes of the Blue Book's chapter 4.5, time- and event-bound control.
import {
  action,
  arrayOf,
  bits,
  bytes,
  dateTime,
  enumeration,
  field,
  obis,
  plain,
  scaled,
  scalerUnit,
  structure,
  text,
  typed,
  valueDefinition,
} from "./hints";
import type { ClassRow } from "./row";

const excerpt = "DLMS UA 1000-1 (Blue Book) excerpt, 4.5; IEC 62056-6-2";
const source = "DLMS UA 1000-1 (Blue Book), 4.5 time and event bound control; IEC 62056-6-2";

const dayOfWeek = (name: string) => typed(name, "unsigned");

const seasons = arrayOf(
  structure(field("seasonProfileName", text), field("seasonStart", dateTime), field("weekName", text)),
);
const weeks = arrayOf(
  structure(
    field("weekProfileName", text),
    dayOfWeek("monday"),
    dayOfWeek("tuesday"),
    dayOfWeek("wednesday"),
    dayOfWeek("thursday"),
    dayOfWeek("friday"),
    dayOfWeek("saturday"),
    dayOfWeek("sunday"),
  ),
);
const days = arrayOf(
  structure(
    typed("dayId", "unsigned"),
    field(
      "daySchedule",
      arrayOf(
        structure(
          field("startTime", { presentation: "time" }),
          field("scriptLogicalName", obis),
          typed("scriptSelector", "long-unsigned"),
        ),
      ),
    ),
  ),
);
const actionSet = structure(field("actionUp", action), field("actionDown", action));
const emergencyProfile = structure(
  typed("emergencyProfileId", "long-unsigned"),
  field("emergencyActivationTime", dateTime),
  typed("emergencyDuration", "double-long-unsigned"),
);

/** Lowest bit first; IEC 62056-6-2 "Date and time formats". */
const clockStatus = bits(
  "invalid-value",
  "doubtful-value",
  "different-clock-base",
  "invalid-clock-status",
  "reserved-4",
  "reserved-5",
  "reserved-6",
  "daylight-saving-active",
);

/** Clock, scripts, schedules, calendars, monitors, limits and switches. */
export const timeControlClasses = [
  {
    id: 8,
    version: 0,
    title: "Clock",
    attributes: [
      ["time", "octet-string", dateTime],
      ["time_zone", "long", { static: true }],
      ["status", "unsigned", clockStatus],
      ["daylight_savings_begin", "octet-string", dateTime],
      ["daylight_savings_end", "octet-string", dateTime],
      ["daylight_savings_deviation", "integer", { static: true }],
      ["daylight_savings_enabled", "boolean", { static: true }],
      [
        "clock_base",
        "enum",
        enumeration({
          0: "not-defined",
          1: "internal-crystal",
          2: "mains-frequency-50-hz",
          3: "mains-frequency-60-hz",
          4: "gps",
          5: "radio-controlled",
        }),
      ],
    ],
    methods: [
      "adjust_to_quarter",
      "adjust_to_measuring_period",
      "adjust_to_minute",
      "adjust_to_preset_time",
      "preset_adjusting_time",
      "shift_time",
    ],
    methodsAt: 0x60,
    source: excerpt,
  },
  {
    id: 9,
    version: 0,
    title: "Script table",
    attributes: [
      [
        "scripts",
        "array",
        arrayOf(
          structure(
            typed("scriptIdentifier", "long-unsigned"),
            field(
              "actions",
              arrayOf(
                structure(
                  field("serviceId", enumeration({ 1: "write-attribute", 2: "execute-method" })),
                  typed("classId", "long-unsigned"),
                  field("logicalName", obis),
                  typed("index", "integer"),
                  plain("parameter"),
                ),
              ),
            ),
          ),
        ),
      ],
    ],
    methods: ["execute"],
    methodsAt: 0x20,
    source: excerpt,
  },
  {
    id: 10,
    version: 0,
    title: "Schedule",
    attributes: [
      [
        "entries",
        "array",
        arrayOf(
          structure(
            typed("index", "long-unsigned"),
            typed("enable", "boolean"),
            field("scriptLogicalName", obis),
            typed("scriptSelector", "long-unsigned"),
            field("switchTime", { presentation: "time" }),
            typed("validityWindow", "long-unsigned"),
            typed("execWeekdays", "bit-string"),
            typed("execSpecdays", "bit-string"),
            field("beginDate", { presentation: "date" }),
            field("endDate", { presentation: "date" }),
          ),
        ),
      ],
    ],
    methods: ["enable_disable", "insert", "delete"],
    methodsAt: 0x20,
    source,
  },
  {
    id: 11,
    version: 0,
    title: "Special days table",
    attributes: [
      [
        "entries",
        "array",
        arrayOf(
          structure(
            typed("index", "long-unsigned"),
            field("specialdayDate", { presentation: "date" }),
            typed("dayId", "unsigned"),
          ),
        ),
      ],
    ],
    methods: ["insert", "delete"],
    methodsAt: 0x10,
    source,
  },
  {
    id: 20,
    version: 0,
    title: "Activity calendar",
    attributes: [
      ["calendar_name_active", "octet-string", text],
      ["season_profile_active", "array", seasons],
      ["week_profile_table_active", "array", weeks],
      ["day_profile_table_active", "array", days],
      ["calendar_name_passive", "octet-string", text],
      ["season_profile_passive", "array", seasons],
      ["week_profile_table_passive", "array", weeks],
      ["day_profile_table_passive", "array", days],
      ["activate_passive_calendar_time", "octet-string", dateTime],
    ],
    methods: ["activate_passive_calendar"],
    methodsAt: 0x50,
    source,
  },
  {
    id: 21,
    version: 0,
    title: "Register monitor",
    attributes: [
      ["thresholds", "array"],
      ["monitored_value", "structure", valueDefinition],
      ["actions", "array", arrayOf(actionSet)],
    ],
    source,
  },
  {
    id: 22,
    version: 0,
    title: "Single action schedule",
    attributes: [
      ["executed_script", "structure", action],
      // how many times there are, whether they may differ, and whether dates may have wildcards
      [
        "type",
        "enum",
        enumeration({
          1: "one-time-wildcards",
          2: "same-times-no-wildcards",
          3: "same-times-wildcards",
          4: "different-times-no-wildcards",
          5: "different-times-wildcards",
        }),
      ],
      [
        "execution_time",
        "array",
        arrayOf(structure(field("time", { presentation: "time" }), field("date", { presentation: "date" }))),
      ],
    ],
    source,
  },
  {
    id: 65,
    version: 0,
    title: "Parameter monitor",
    attributes: [
      [
        "changed_parameter",
        "structure",
        structure(
          typed("classId", "long-unsigned"),
          field("logicalName", obis),
          typed("attributeId", "integer"),
          plain("value"),
        ),
      ],
      ["capture_time", "octet-string", dateTime],
      [
        "parameter_list",
        "array",
        arrayOf(
          structure(typed("classId", "long-unsigned"), field("logicalName", obis), typed("attributeId", "integer")),
        ),
      ],
    ],
    methods: ["add_parameter", "delete_parameter"],
    methodsAt: 0x20,
    source,
  },
  {
    id: 65,
    version: 1,
    title: "Parameter monitor",
    attributes: [
      [
        "changed_parameter",
        "structure",
        structure(
          typed("classId", "long-unsigned"),
          field("logicalName", obis),
          typed("attributeId", "integer"),
          plain("value"),
        ),
      ],
      ["capture_time", "octet-string", dateTime],
      [
        "parameter_list",
        "array",
        arrayOf(
          structure(typed("classId", "long-unsigned"), field("logicalName", obis), typed("attributeId", "integer")),
        ),
      ],
      ["parameter_list_name", "octet-string", text],
      ["hash_algorithm_id", "enum"],
      ["parameter_value_digest", "octet-string", bytes],
      ["parameter_values", "structure"],
    ],
    methods: ["add_parameter", "delete_parameter"],
    methodsAt: 0x40,
    source,
  },
  {
    id: 67,
    version: 0,
    title: "Sensor manager",
    attributes: [
      ["serial_number", "octet-string", text],
      ["metrological_identification", "octet-string", text],
      ["output_type", "enum"],
      ["adjustment_method", "octet-string", text],
      ["sealing_method", "enum"],
      ["raw_value", "any", scaled],
      ["scaler_unit", "structure", scalerUnit],
      ["status", "any"],
      ["capture_time", "octet-string", dateTime],
      ["raw_value_thresholds", "array"],
      ["raw_value_actions", "array", arrayOf(actionSet)],
      ["processed_value", "structure", valueDefinition],
      ["processed_value_thresholds", "array"],
      ["processed_value_actions", "array", arrayOf(actionSet)],
    ],
    methods: ["reset"],
    methodsAt: 0x80,
    source,
  },
  {
    id: 68,
    version: 0,
    title: "Arbitrator",
    attributes: [
      ["actions", "array", arrayOf(action)],
      ["permissions_table", "array"],
      ["weightings_table", "array"],
      ["most_recent_requests_table", "array"],
      ["last_outcome", "unsigned"],
    ],
    methods: ["request_action", "reset"],
    methodsAt: 0x30,
    source,
  },
  {
    id: 70,
    version: 0,
    title: "Disconnect control",
    attributes: [
      ["output_state", "boolean"],
      ["control_state", "enum", enumeration({ 0: "disconnected", 1: "connected", 2: "ready-for-reconnection" })],
      [
        "control_mode",
        "enum",
        enumeration({ 0: "mode-0", 1: "mode-1", 2: "mode-2", 3: "mode-3", 4: "mode-4", 5: "mode-5", 6: "mode-6" }),
      ],
    ],
    methods: ["remote_disconnect", "remote_reconnect"],
    methodsAt: 0x20,
    source: excerpt,
  },
  {
    id: 71,
    version: 0,
    title: "Limiter",
    attributes: [
      ["monitored_value", "structure", valueDefinition],
      ["threshold_active", "any"],
      ["threshold_normal", "any"],
      ["threshold_emergency", "any"],
      ["min_over_threshold_duration", "double-long-unsigned"],
      ["min_under_threshold_duration", "double-long-unsigned"],
      ["emergency_profile", "structure", emergencyProfile],
      ["emergency_profile_group_id_list", "array", arrayOf({ type: "long-unsigned" })],
      ["emergency_profile_active", "boolean"],
      ["actions", "structure", structure(field("actionOverThreshold", action), field("actionUnderThreshold", action))],
    ],
    source,
  },
] as const satisfies readonly ClassRow[];
