// Interface classes of the Blue Book's chapter 4.4, access control and management.
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
  timeWindows,
  typed,
} from "./hints";
import type { ClassRow } from "./row";

const excerpt = "DLMS UA 1000-1 (Blue Book) excerpt, 4.4; IEC 62056-6-2";
const source = "DLMS UA 1000-1 (Blue Book), 4.4 access control and management; IEC 62056-6-2";

const associationStatus = enumeration({ 0: "non-associated", 1: "association-pending", 2: "associated" });
const partners = structure(typed("clientSap", "integer"), typed("serverSap", "long-unsigned"));
/** first bit first, IEC 62056-5-3 conformance block */
const conformance = bits(
  "reserved-zero",
  "general-protection",
  "general-block-transfer",
  "read",
  "write",
  "unconfirmed-write",
  "delta-value-encoding",
  "reserved-seven",
  "attribute0-supported-with-set",
  "priority-mgmt-supported",
  "attribute0-supported-with-get",
  "block-transfer-with-get-or-read",
  "block-transfer-with-set-or-write",
  "block-transfer-with-action",
  "multiple-references",
  "information-report",
  "data-notification",
  "access",
  "parameterized-access",
  "get",
  "set",
  "selective-access",
  "event-notification",
  "action",
);
const xdlmsContext = structure(
  field("conformance", conformance),
  plain("maxReceivePduSize"),
  plain("maxSendPduSize"),
  plain("dlmsVersionNumber"),
  plain("qualityOfService"),
  field("cypheringInfo", bytes),
);
const user = structure(plain("userId"), field("userName", text));

const lnAttributes = [
  ["object_list", "array", { presentation: "object-list" }],
  ["associated_partners_id", "structure", partners],
  ["application_context_name", "octet-string | structure"],
  ["xDLMS_context_info", "structure", xdlmsContext],
  ["authentication_mechanism_name", "octet-string | structure"],
  ["secret", "octet-string", bytes],
  ["association_status", "enum", associationStatus],
] as const;
const securitySetupReference = ["security_setup_reference", "octet-string", obis] as const;
const users = [
  ["user_list", "array", arrayOf(user)],
  ["current_user", "structure", user],
] as const;
const lnMethods = ["reply_to_HLS_authentication", "change_HLS_secret", "add_object", "remove_object"] as const;

const suite = enumeration({
  0: "aes-gcm-128",
  1: "aes-gcm-128-ecdsa-p256-sha256",
  2: "aes-gcm-256-ecdsa-p384-sha384",
});
const policy = { 0: "nothing", 1: "authenticated", 2: "encrypted", 3: "authenticated-encrypted" } as const;
/** From version 1 on the policy is a set of flags. */
const policyFlags = bits(
  "reserved-0",
  "reserved-1",
  "authenticated-request",
  "encrypted-request",
  "signed-request",
  "authenticated-response",
  "encrypted-response",
  "signed-response",
);
const certificate = structure(
  field("entity", enumeration({ 0: "server", 1: "client", 2: "certification-authority", 3: "other" })),
  field("type", enumeration({ 0: "digital-signature", 1: "key-agreement", 2: "tls", 3: "other" })),
  field("serialNumber", bytes),
  field("issuer", text),
  field("subject", text),
  field("subjectAltName", text),
);

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
const snUsers = [
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
const retryDelay = structure(
  typed("repetitionDelayMin", "long-unsigned"),
  typed("repetitionDelayExponent", "long-unsigned"),
  typed("repetitionDelayMax", "long-unsigned"),
);
const confirmation = structure(typed("startDate", "date-time", dateTime), typed("interval", "double-long-unsigned"));

const pushObject = ["push_object_list", "array", arrayOf(captureObject)] as const;
const pushTail = [
  ["send_destination_and_method", "structure", destination],
  ["communication_window", "array", timeWindows],
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

/** Associations, security, SAPs, image transfer, push and protection. */
export const accessClasses = [
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
    attributes: [
      snList,
      ["access_rights_list", "array"],
      ["security_setup_reference", "octet-string", obis],
      ...snUsers,
    ],
    methods: [...snMethods, "add_user", "remove_user"],
    ...snMethodsAt,
    source,
  },
  {
    id: 12,
    version: 4,
    title: "Association SN",
    attributes: [
      snList,
      ["access_rights_list", "array"],
      ["security_setup_reference", "octet-string", obis],
      ...snUsers,
    ],
    methods: [...snMethods, "add_user", "remove_user"],
    ...snMethodsAt,
    source,
  },
  {
    id: 15,
    version: 0,
    title: "Association LN",
    attributes: lnAttributes,
    methods: lnMethods,
    methodsAt: 0x60,
    source: excerpt,
  },
  {
    id: 15,
    version: 1,
    title: "Association LN",
    attributes: [...lnAttributes, securitySetupReference],
    methods: lnMethods,
    methodsAt: 0x60,
    source: excerpt,
  },
  {
    id: 15,
    version: 2,
    title: "Association LN",
    attributes: [...lnAttributes, securitySetupReference, ...users],
    methods: [...lnMethods, "add_user", "remove_user"],
    source: excerpt,
  },
  {
    id: 15,
    version: 3,
    title: "Association LN",
    attributes: [...lnAttributes, securitySetupReference, ...users],
    methods: [...lnMethods, "add_user", "remove_user"],
    source: excerpt,
  },
  {
    id: 17,
    version: 0,
    title: "SAP assignment",
    attributes: [
      [
        "SAP_assignment_list",
        "array",
        arrayOf(structure(typed("sap", "long-unsigned"), field("logicalDeviceName", text))),
      ],
    ],
    methods: ["connect_logical_device"],
    methodsAt: 0x20,
    source: excerpt,
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
    id: 64,
    version: 0,
    title: "Security setup",
    attributes: [
      ["security_policy", "enum", enumeration(policy)],
      ["security_suite", "enum", suite],
      ["client_system_title", "octet-string", bytes],
      ["server_system_title", "octet-string", bytes],
    ],
    methods: ["security_activate", "global_key_transfer"],
    methodsAt: 0x28,
    source: excerpt,
  },
  {
    id: 64,
    version: 1,
    title: "Security setup",
    attributes: [
      // 1 to 3 are not used here: they are a version 0's, where it is not known which version it is.
      ["security_policy", "enum", { ...enumeration(policy), ...policyFlags }],
      ["security_suite", "enum", suite],
      ["client_system_title", "octet-string", bytes],
      ["server_system_title", "octet-string", bytes],
      ["certificates", "array", arrayOf(certificate)],
    ],
    methodsAt: 0x30,
    methods: [
      "security_activate",
      "key_transfer",
      "key_agreement",
      "generate_key_pair",
      "generate_certificate_request",
      "import_certificate",
      "export_certificate",
      "remove_certificate",
    ],
    source: excerpt,
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
