// Interface classes of the Blue Book's chapter 4.6, payment metering.
import { arrayOf, bits, bytes, dateTime, enumeration, field, obis, plain, structure, text } from "./hints";
import type { ClassRow } from "./row";

const source = "DLMS UA 1000-1 (Blue Book), 4.6 payment metering; IEC 62056-6-2";

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
    source,
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
    source,
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
    source,
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
    source,
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
    source,
  },
] as const satisfies readonly ClassRow[];
