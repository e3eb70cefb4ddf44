import {
  arrayOf,
  captureObject,
  captureObjects,
  dateTime,
  enumeration,
  field,
  obis,
  plain,
  scaled,
  scalerUnit,
  structure,
} from "./hints";
import type { ClassRow } from "./row";

const blueBook = "DLMS UA 1000-1 (Blue Book) excerpt, 4.3; IEC 62056-6-2";

const sortMethod = enumeration({
  1: "fifo",
  2: "lifo",
  3: "largest",
  4: "smallest",
  5: "nearest-to-zero",
  6: "farthest-from-zero",
});

/** Parameters and measurement data: values, profiles, tables. */
export const storageClasses = [
  { id: 1, version: 0, title: "Data", attributes: [["value", "any"]], source: blueBook },
  {
    id: 3,
    version: 0,
    title: "Register",
    attributes: [
      ["value", "any", scaled],
      ["scaler_unit", "structure", scalerUnit],
    ],
    methods: ["reset"],
    methodsAt: 0x28,
    source: blueBook,
  },
  {
    id: 4,
    version: 0,
    title: "Extended register",
    attributes: [
      ["value", "any", scaled],
      ["scaler_unit", "structure", scalerUnit],
      ["status", "any"],
      ["capture_time", "octet-string", dateTime],
    ],
    methods: ["reset"],
    methodsAt: 0x38,
    source: blueBook,
  },
  {
    id: 5,
    version: 0,
    title: "Demand register",
    attributes: [
      ["current_average_value", "any", scaled],
      ["last_average_value", "any", scaled],
      ["scaler_unit", "structure", scalerUnit],
      ["status", "any"],
      ["capture_time", "octet-string", dateTime],
      ["start_time_current", "octet-string", dateTime],
      ["period", "double-long-unsigned", { static: true }],
      ["number_of_periods", "long-unsigned", { static: true }],
    ],
    methods: ["reset", "next_period"],
    methodsAt: 0x48,
    source: blueBook,
  },
  {
    id: 7,
    version: 0,
    title: "Profile generic",
    attributes: [
      ["buffer", "array", { presentation: "buffer" }],
      ["capture_objects", "array", { ...captureObjects, static: true }],
      ["capture_period", "double-long-unsigned", { static: true }],
      ["sort_method", "enum", sortMethod],
      ["sort_object", "structure", { presentation: "structure", fields: captureObject.fields, static: true }],
      ["entries_in_use", "double-long-unsigned"],
      ["profile_entries", "double-long-unsigned", { static: true }],
    ],
    methods: ["reset", "capture", "get_buffer_by_range", "get_buffer_by_index"],
    methodsAt: 0x58,
    source: blueBook,
  },
  {
    id: 7,
    version: 1,
    title: "Profile generic",
    attributes: [
      ["buffer", "array | compact-array", { presentation: "buffer" }],
      ["capture_objects", "array", { ...captureObjects, static: true }],
      ["capture_period", "double-long-unsigned", { static: true }],
      ["sort_method", "enum", sortMethod],
      ["sort_object", "structure", { presentation: "structure", fields: captureObject.fields, static: true }],
      ["entries_in_use", "double-long-unsigned"],
      ["profile_entries", "double-long-unsigned", { static: true }],
    ],
    methods: ["reset", "capture", "get_buffer_by_range", "get_buffer_by_index"],
    methodsAt: 0x58,
    source: blueBook,
  },
  {
    id: 66,
    version: 0,
    title: "Measurement data monitoring",
    attributes: [
      ["waveform_data", "compact-array"],
      // microseconds
      ["trigger_time", "long64-unsigned"],
      [
        "trigger_source",
        "structure",
        structure(field("triggerOrigin", enumeration({ 0: "remote", 1: "local-script" })), plain("triggerCause")),
      ],
      ["status", "enum"],
      ["sampling_rate", "double-long-unsigned", { static: true }],
      ["number_of_samples_before_trigger", "double-long-unsigned", { static: true }],
      ["number_of_samples_after_trigger", "double-long-unsigned", { static: true }],
      ["scaler_unit", "structure", scalerUnit],
    ],
    methods: ["reset", "trigger"],
    methodsAt: 0x48,
    source: "DLMS UA 1000-1 (Blue Book) part 2, Ed. 16, 4.3.11",
  },
  {
    id: 8,
    version: 0,
    title: "Clock",
    attributes: [
      ["time", "octet-string", dateTime],
      ["time_zone", "long", { static: true }],
      ["status", "unsigned"],
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
    source: "DLMS UA 1000-1 (Blue Book) excerpt, 4.5; IEC 62056-6-2",
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
            plain("scriptIdentifier"),
            field(
              "actions",
              arrayOf(
                structure(
                  field("serviceId", enumeration({ 1: "write-attribute", 2: "execute-method" })),
                  plain("classId"),
                  field("logicalName", obis),
                  plain("index"),
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
    source: "DLMS UA 1000-1 (Blue Book) excerpt, 4.5; IEC 62056-6-2",
  },
] as const satisfies readonly ClassRow[];
