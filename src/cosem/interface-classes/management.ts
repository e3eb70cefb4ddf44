import {
  arrayOf,
  bits,
  bytes,
  captureObject,
  dateTime,
  enumeration,
  field,
  obis,
  plain,
  structure,
  text,
} from "./hints";
import type { ClassRow } from "./row";

const source = "DLMS UA 1000-1 (Blue Book), 4.4 access control and management; IEC 62056-6-2";

const snList = ["object_list", "array", { presentation: "object-list" }] as const;
const snMethods = [
  "getlist_by_classid",
  "getobj_by_logicalname",
  "read_by_logicalname",
  "get_attributes_and_methods",
  "change_LLS_secret",
  "change_HLS_secret",
  "reserved_7",
  "reply_to_HLS_authentication",
] as const;
/**
 * From version 1 on, the first two methods are gone and read_by_logicalname is the first with a short name, as jDLMS's list
 * of short names has it too; later versions have attributes at the places of the two.
 */
const snMethodsAt = { methodsAt: 0x20, withoutShortName: 2 } as const;
const users = [
  ["user_list", "array", arrayOf(structure(plain("userId"), field("userName", text)))],
  ["current_user", "structure", structure(plain("userId"), field("userName", text))],
] as const;

const transportService = enumeration({
  0: "tcp",
  1: "udp",
  2: "ftp",
  3: "smtp",
  4: "sms",
  5: "hdlc",
  6: "m-bus",
  7: "zigbee",
  8: "dlms-gateway",
  // one public source only: gurux_dlms
  9: "reliable-coap",
  10: "unreliable-coap",
});
const messageType = enumeration({ 0: "a-xdr", 1: "xml", 128: "manufacturer-specific" });
const destination = structure(
  field("transportService", transportService),
  field("destination", text),
  field("message", messageType),
);
const windows = arrayOf(structure(field("startTime", dateTime), field("endTime", dateTime)));
const retryDelay = structure(
  plain("repetitionDelayMin"),
  plain("repetitionDelayExponent"),
  plain("repetitionDelayMax"),
);
const confirmation = structure(field("startDate", dateTime), plain("interval"));

const pushObject = ["push_object_list", "array", arrayOf(captureObject)] as const;
const pushTail = [
  ["send_destination_and_method", "structure", destination],
  ["communication_window", "array", windows],
  ["randomisation_start_interval", "long-unsigned"],
  ["number_of_retries", "unsigned"],
] as const;

const imageStatus = enumeration({
  0: "image-transfer-not-initiated",
  1: "image-transfer-initiated",
  2: "image-verification-initiated",
  3: "image-verification-successful",
  4: "image-verification-failed",
  5: "image-activation-initiated",
  6: "image-activation-successful",
  7: "image-activation-failed",
});

/** Association SN, image transfer, push, protection. */
export const managementClasses = [
  { id: 12, version: 0, title: "Association SN", attributes: [snList], methods: snMethods, methodsAt: 0x20, source },
  { id: 12, version: 1, title: "Association SN", attributes: [snList], methods: snMethods, ...snMethodsAt, source },
  {
    id: 12,
    version: 2,
    title: "Association SN",
    attributes: [snList, ["access_rights_list", "array"], ["security_setup_reference", "octet-string", obis]],
    methods: snMethods,
    ...snMethodsAt,
    source,
  },
  {
    id: 12,
    version: 3,
    title: "Association SN",
    attributes: [snList, ["access_rights_list", "array"], ["security_setup_reference", "octet-string", obis], ...users],
    methods: [...snMethods, "add_user", "remove_user"],
    ...snMethodsAt,
    source,
  },
  {
    id: 12,
    version: 4,
    title: "Association SN",
    attributes: [snList, ["access_rights_list", "array"], ["security_setup_reference", "octet-string", obis], ...users],
    methods: [...snMethods, "add_user", "remove_user"],
    ...snMethodsAt,
    source,
  },
  {
    id: 18,
    version: 0,
    title: "Image transfer",
    attributes: [
      ["image_block_size", "double-long-unsigned"],
      ["image_transferred_blocks_status", "bit-string"],
      ["image_first_not_transferred_block_number", "double-long-unsigned"],
      ["image_transfer_enabled", "boolean"],
      ["image_transfer_status", "enum", imageStatus],
      [
        "image_to_activate_info",
        "array",
        arrayOf(
          structure(
            plain("imageToActivateSize"),
            field("imageToActivateIdentification", text),
            field("imageToActivateSignature", bytes),
          ),
        ),
      ],
    ],
    methods: ["image_transfer_initiate", "image_block_transfer", "image_verify", "image_activate"],
    methodsAt: 0x40,
    source,
  },
  {
    id: 30,
    version: 0,
    title: "COSEM data protection",
    name: "DATA_PROTECTION",
    attributes: [
      ["protection_buffer", "octet-string", bytes],
      ["protection_object_list", "array"],
      ["protection_parameters_get", "array"],
      ["protection_parameters_set", "array"],
      ["required_protection", "enum"],
    ],
    methods: ["get_protected_attributes", "set_protected_attributes", "invoke_protected_method"],
    source,
  },
  {
    id: 40,
    version: 0,
    title: "Push setup",
    attributes: [pushObject, ...pushTail, ["repetition_delay", "long-unsigned"]],
    methods: ["push"],
    methodsAt: 0x38,
    source,
  },
  {
    id: 40,
    version: 1,
    title: "Push setup",
    attributes: [
      pushObject,
      ...pushTail,
      ["repetition_delay", "long-unsigned"],
      ["port_reference", "octet-string", obis],
      ["push_client_SAP", "integer"],
      ["push_protection_parameters", "array"],
    ],
    methods: ["push"],
    source,
  },
  {
    id: 40,
    version: 2,
    title: "Push setup",
    attributes: [
      pushObject,
      ...pushTail,
      ["repetition_delay", "structure", retryDelay],
      ["port_reference", "octet-string", obis],
      ["push_client_SAP", "integer"],
      ["push_protection_parameters", "array"],
      [
        "push_operation_method",
        "enum",
        enumeration({ 0: "unconfirmed-failure", 1: "unconfirmed-missing", 2: "confirmed" }),
      ],
      ["confirmation_parameters", "structure", confirmation],
      ["last_confirmation_date_time", "date-time", dateTime],
    ],
    methods: ["push", "reset"],
    source,
  },
  {
    id: 40,
    version: 3,
    title: "Push setup",
    attributes: [
      pushObject,
      ...pushTail,
      ["repetition_delay", "structure", retryDelay],
      ["port_reference", "octet-string", obis],
      ["push_client_SAP", "integer"],
      ["push_protection_parameters", "array"],
      [
        "push_operation_method",
        "enum",
        enumeration({ 0: "unconfirmed-failure", 1: "unconfirmed-missing", 2: "confirmed" }),
      ],
      ["confirmation_parameters", "structure", confirmation],
      ["last_confirmation_date_time", "date-time", dateTime],
    ],
    methods: ["push", "reset"],
    source: "DLMS UA 1000-1 (Blue Book) part 2, Ed. 16, 4.4.8.2",
  },
  {
    id: 122,
    version: 0,
    title: "Function control",
    attributes: [
      ["activation_status", "array", arrayOf(structure(field("functionName", text), plain("functionStatus")))],
      ["function_list", "array"],
    ],
    methods: ["set_function_status", "add_function", "remove_function"],
    source,
  },
  {
    id: 123,
    version: 0,
    title: "Array manager",
    attributes: [
      [
        "array_object_list",
        "array",
        arrayOf(
          structure(
            plain("arrayObjectId"),
            field("arrayObject", structure(plain("classId"), field("logicalName", obis), plain("attributeId"))),
          ),
        ),
      ],
    ],
    methods: ["retrieve_number_of_entries", "retrieve_entries", "insert_entry", "update_entry", "remove_entries"],
    source,
  },
  {
    id: 124,
    version: 0,
    title: "Communication port protection",
    attributes: [
      ["protection_mode", "enum", enumeration({ 0: "locked", 1: "locked-on-failed-attempts", 2: "unlocked" })],
      ["allowed_failed_attempts", "long-unsigned"],
      ["initial_lockout_time", "double-long-unsigned"],
      ["steepness_factor", "unsigned"],
      ["max_lockout_time", "double-long-unsigned"],
      ["port_reference", "octet-string", obis],
      ["protection_status", "enum", enumeration({ 0: "unlocked", 1: "temporarily-locked", 2: "locked" })],
      ["failed_attempts", "double-long-unsigned"],
      ["cumulative_failed_attempts", "double-long-unsigned"],
    ],
    methods: ["reset"],
    source,
  },
] as const satisfies readonly ClassRow[];

const payment = "DLMS UA 1000-1 (Blue Book), 4.6 payment metering; IEC 62056-6-2";
const currency = structure(
  field("currencyName", text),
  plain("currencyScale"),
  field("currencyUnit", enumeration({ 0: "time", 1: "consumption", 2: "monetary" })),
);
const unitCharge = structure(
  field("chargePerUnitScaling", structure(plain("commodityScale"), plain("priceScale"))),
  field("commodityReference", structure(plain("classId"), field("logicalName", obis), plain("attributeId"))),
  field("chargeTable", arrayOf(structure(field("index", bytes), plain("chargePerUnit")))),
);

/** Accounts, credits, charges and tokens. */
export const paymentClasses = [
  {
    id: 111,
    version: 0,
    title: "Account",
    attributes: [
      [
        "account_mode_and_status",
        "structure",
        structure(
          field("paymentMode", enumeration({ 1: "credit", 2: "prepayment" })),
          field("accountStatus", enumeration({ 1: "new", 2: "active", 3: "closed" })),
        ),
      ],
      ["current_credit_in_use", "unsigned"],
      [
        "current_credit_status",
        "bit-string",
        bits(
          "in-credit",
          "low-credit",
          "next-credit-enabled",
          "next-credit-selectable",
          "next-credit-selected",
          "selectable-credit-in-use",
          "out-of-credit",
          "reserved",
        ),
      ],
      ["available_credit", "double-long"],
      ["amount_to_clear", "double-long"],
      ["clearance_threshold", "double-long"],
      ["aggregated_debt", "double-long"],
      ["credit_reference_list", "array", arrayOf(obis)],
      ["charge_reference_list", "array", arrayOf(obis)],
      [
        "credit_charge_configuration",
        "array",
        arrayOf(
          structure(
            field("creditReference", obis),
            field("chargeReference", obis),
            field("collectionConfiguration", bits("disconnected", "load-limiting", "friendly-credit")),
          ),
        ),
      ],
      [
        "token_gateway_configuration",
        "array",
        arrayOf(structure(field("creditReference", obis), plain("tokenProportion"))),
      ],
      ["account_activation_time", "octet-string", dateTime],
      ["account_closure_time", "octet-string", dateTime],
      ["currency", "structure", currency],
      ["low_credit_threshold", "double-long"],
      ["next_credit_available_threshold", "double-long"],
      ["max_provision", "long-unsigned"],
      ["max_provision_period", "double-long"],
    ],
    methods: ["activate_account", "close_account", "reset_account"],
    source: payment,
  },
  {
    id: 112,
    version: 0,
    title: "Credit",
    attributes: [
      ["current_credit_amount", "double-long"],
      [
        "credit_type",
        "enum",
        enumeration({
          0: "token-credit",
          1: "reserved-credit",
          2: "emergency-credit",
          3: "time-based-credit",
          4: "consumption-based-credit",
        }),
      ],
      ["priority", "unsigned"],
      ["warning_threshold", "double-long"],
      ["limit", "double-long"],
      ["credit_configuration", "bit-string", bits("visual", "confirmation", "paid-back", "resettable", "tokens")],
      [
        "credit_status",
        "enum",
        enumeration({ 0: "enabled", 1: "selectable", 2: "selected-invoked", 3: "in-use", 4: "exhausted" }),
      ],
      ["preset_credit_amount", "double-long"],
      ["credit_available_threshold", "double-long"],
      ["period", "octet-string", dateTime],
    ],
    methods: ["update_amount", "set_amount_to_value", "invoke_credit"],
    source: payment,
  },
  {
    id: 113,
    version: 0,
    title: "Charge",
    attributes: [
      ["total_amount_paid", "double-long"],
      [
        "charge_type",
        "enum",
        enumeration({
          0: "consumption-based-collection",
          1: "time-based-collection",
          2: "payment-event-based-collection",
        }),
      ],
      ["priority", "unsigned"],
      ["unit_charge_active", "structure", unitCharge],
      ["unit_charge_passive", "structure", unitCharge],
      ["unit_charge_activation_time", "octet-string", dateTime],
      ["period", "double-long-unsigned"],
      ["charge_configuration", "bit-string", bits("percentage-based", "continuous")],
      ["last_collection_time", "octet-string", dateTime],
      ["last_collection_amount", "double-long"],
      ["total_amount_remaining", "double-long"],
      ["proportion", "long-unsigned"],
    ],
    methods: [
      "update_unit_charge",
      "activate_passive_unit_charge",
      "collect",
      "update_total_amount_remaining",
      "set_total_amount_remaining",
    ],
    source: payment,
  },
  {
    id: 115,
    version: 0,
    title: "Token gateway",
    attributes: [
      ["token", "octet-string", bytes],
      ["token_time", "octet-string", dateTime],
      ["token_description", "array"],
      ["token_delivery_method", "enum", enumeration({ 0: "remote", 1: "local", 2: "manual" })],
      ["token_status", "structure", structure(plain("statusCode"), plain("dataValue"))],
    ],
    methods: ["enter"],
    source: payment,
  },
  {
    id: 116,
    version: 0,
    title: "IEC 62055-41 attributes",
    attributes: [
      ["meter_pan", "structure"],
      ["commodity", "visible-string"],
      ["token_carrier_types", "array"],
      ["encryption_algorithm", "unsigned"],
      ["supply_group_code", "double-long-unsigned"],
      ["tariff_index", "unsigned"],
      ["key_revision_number", "unsigned"],
      ["key_type", "unsigned"],
      ["key_expiry_number", "unsigned"],
      ["no_of_kct_supported", "unsigned"],
      ["sts_certificate_no", "visible-string"],
    ],
    source: payment,
  },
] as const satisfies readonly ClassRow[];
