import { arrayOf, bits, bytes, enumeration, field, obis, plain, structure, text } from "./hints";
import type { ClassRow } from "./row";

const source = "DLMS UA 1000-1 (Blue Book) excerpt, 4.4; IEC 62056-6-2";

const associationStatus = enumeration({ 0: "non-associated", 1: "association-pending", 2: "associated" });
const partners = structure(plain("clientSap"), plain("serverSap"));
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

/** Access control and management: associations, security, SAPs. */
export const accessClasses = [
  {
    id: 15,
    version: 0,
    title: "Association LN",
    attributes: lnAttributes,
    methods: lnMethods,
    methodsAt: 0x60,
    source,
  },
  {
    id: 15,
    version: 1,
    title: "Association LN",
    attributes: [...lnAttributes, securitySetupReference],
    methods: lnMethods,
    methodsAt: 0x60,
    source,
  },
  {
    id: 15,
    version: 2,
    title: "Association LN",
    attributes: [...lnAttributes, securitySetupReference, ...users],
    methods: [...lnMethods, "add_user", "remove_user"],
    source,
  },
  {
    id: 15,
    version: 3,
    title: "Association LN",
    attributes: [...lnAttributes, securitySetupReference, ...users],
    methods: [...lnMethods, "add_user", "remove_user"],
    source,
  },
  {
    id: 17,
    version: 0,
    title: "SAP assignment",
    attributes: [["SAP_assignment_list", "array", arrayOf(structure(plain("sap"), field("logicalDeviceName", text)))]],
    methods: ["connect_logical_device"],
    methodsAt: 0x20,
    source,
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
    source,
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
    source,
  },
] as const satisfies readonly ClassRow[];
