import {
  action,
  arrayOf,
  bytes,
  captureObjects,
  dateTime,
  enumeration,
  field,
  obis,
  plain,
  scaled,
  scalerUnit,
  structure,
  text,
  valueDefinition,
} from "./hints";
import type { ClassRow } from "./row";

const source = "DLMS UA 1000-1 (Blue Book), 4.3 parameters and measurement data; IEC 62056-6-2";

/** Storage classes beside Data, Register and Profile generic. */
export const measurementClasses = [
  {
    id: 6,
    version: 0,
    title: "Register activation",
    attributes: [
      ["register_assignment", "array", arrayOf(structure(plain("classId"), field("logicalName", obis)))],
      ["mask_list", "array", arrayOf(structure(field("maskName", bytes), plain("indexList")))],
      ["active_mask", "octet-string", bytes],
    ],
    methods: ["add_register", "add_mask", "delete_mask"],
    methodsAt: 0x30,
    source,
  },
  {
    id: 26,
    version: 0,
    title: "Utility tables",
    attributes: [
      ["table_ID", "long-unsigned", { static: true }],
      ["length", "double-long-unsigned"],
      ["buffer", "octet-string", bytes],
    ],
    source,
  },
  {
    id: 61,
    version: 0,
    title: "Register table",
    attributes: [
      ["table_cell_values", "compact-array | array", scaled],
      [
        "table_cell_definition",
        "structure",
        structure(plain("classId"), field("logicalName", obis), plain("groupEValues"), plain("attributeId")),
      ],
      ["scaler_unit", "structure", scalerUnit],
    ],
    methods: ["reset", "capture"],
    methodsAt: 0x28,
    source,
  },
  {
    id: 62,
    version: 0,
    title: "Compact data",
    attributes: [
      ["compact_buffer", "octet-string", bytes],
      ["capture_objects", "array", { ...captureObjects, static: true }],
      ["template_id", "unsigned", { static: true }],
      ["template_description", "octet-string", bytes],
      ["capture_method", "enum", enumeration({ 0: "capture-upon-invoke", 1: "implicit-capture" })],
    ],
    methods: ["reset", "capture"],
    methodsAt: 0x30,
    source,
  },
  {
    id: 62,
    version: 1,
    title: "Compact data",
    attributes: [
      ["compact_buffer", "octet-string", bytes],
      ["capture_objects", "array", { ...captureObjects, static: true }],
      ["template_id", "unsigned", { static: true }],
      ["template_description", "octet-string", bytes],
      ["capture_method", "enum", enumeration({ 0: "capture-upon-invoke", 1: "implicit-capture" })],
    ],
    methods: ["reset", "capture"],
    methodsAt: 0x30,
    source,
  },
  {
    id: 63,
    version: 0,
    title: "Status mapping",
    attributes: [
      ["status_word", "any"],
      ["mapping_table", "structure", structure(plain("refTableId"), plain("refTableMapping"))],
    ],
    source,
  },
] as const satisfies readonly ClassRow[];

const timeSource = "DLMS UA 1000-1 (Blue Book), 4.5 time and event bound control; IEC 62056-6-2";
const dayOfWeek = (name: string) => plain(name);

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
    plain("dayId"),
    field(
      "daySchedule",
      arrayOf(
        structure(
          field("startTime", { presentation: "time" }),
          field("scriptLogicalName", obis),
          plain("scriptSelector"),
        ),
      ),
    ),
  ),
);
const actionSet = structure(field("actionUp", action), field("actionDown", action));
const emergencyProfile = structure(
  plain("emergencyProfileId"),
  field("emergencyActivationTime", dateTime),
  plain("emergencyDuration"),
);

/** Schedules, calendars, monitors and limits. */
export const timeControlClasses = [
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
            plain("index"),
            plain("enable"),
            field("scriptLogicalName", obis),
            plain("scriptSelector"),
            field("switchTime", { presentation: "time" }),
            plain("validityWindow"),
            plain("execWeekdays"),
            plain("execSpecdays"),
            field("beginDate", { presentation: "date" }),
            field("endDate", { presentation: "date" }),
          ),
        ),
      ],
    ],
    methods: ["enable_disable", "insert", "delete"],
    methodsAt: 0x20,
    source: timeSource,
  },
  {
    id: 11,
    version: 0,
    title: "Special days table",
    attributes: [
      [
        "entries",
        "array",
        arrayOf(structure(plain("index"), field("specialdayDate", { presentation: "date" }), plain("dayId"))),
      ],
    ],
    methods: ["insert", "delete"],
    methodsAt: 0x10,
    source: timeSource,
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
    source: timeSource,
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
    source: timeSource,
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
    source: timeSource,
  },
  {
    id: 65,
    version: 0,
    title: "Parameter monitor",
    attributes: [
      [
        "changed_parameter",
        "structure",
        structure(plain("classId"), field("logicalName", obis), plain("attributeId"), plain("value")),
      ],
      ["capture_time", "octet-string", dateTime],
      [
        "parameter_list",
        "array",
        arrayOf(structure(plain("classId"), field("logicalName", obis), plain("attributeId"))),
      ],
    ],
    methods: ["add_parameter", "delete_parameter"],
    methodsAt: 0x20,
    source: timeSource,
  },
  {
    id: 65,
    version: 1,
    title: "Parameter monitor",
    attributes: [
      [
        "changed_parameter",
        "structure",
        structure(plain("classId"), field("logicalName", obis), plain("attributeId"), plain("value")),
      ],
      ["capture_time", "octet-string", dateTime],
      [
        "parameter_list",
        "array",
        arrayOf(structure(plain("classId"), field("logicalName", obis), plain("attributeId"))),
      ],
      ["parameter_list_name", "octet-string", text],
      ["hash_algorithm_id", "enum"],
      ["parameter_value_digest", "octet-string", bytes],
      ["parameter_values", "structure"],
    ],
    methods: ["add_parameter", "delete_parameter"],
    methodsAt: 0x40,
    source: timeSource,
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
    source: timeSource,
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
    source: timeSource,
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
      ["emergency_profile_group_id_list", "array"],
      ["emergency_profile_active", "boolean"],
      ["actions", "structure", structure(field("actionOverThreshold", action), field("actionUnderThreshold", action))],
    ],
    source: timeSource,
  },
] as const satisfies readonly ClassRow[];
