// The dlms-meter dialog: shows the fields that the chosen settings need, and runs the actions of its buttons.
import type { EditedNode } from "../../editor/red";
import { findPorts } from "../../editor/serial-ports";
import { asText, type EditedProperties, textIn } from "../../editor/values";
import {
  isCiphered,
  isUsed,
  type MeterChoices,
  needOf,
  searchSettings,
  type SecretName,
  secretNames,
} from "../../meters/settings-rules";
import { showAddressPreview } from "./address-preview";
import { AddressSearch } from "./address-search";
import { choicesOf, t } from "./checks";
import { ConnectionTest } from "./connection-test";
import { field } from "./dialog-fields";
import { loadPresets } from "./presets";
import { type SecretChecks, symmetricKeys } from "./secret-checks";
import { prepareQuirks } from "./quirks";

const checked = (name: string): boolean => Boolean(field(name).prop("checked"));

/** Which groups of fields are shown, by the part of their class after "dlms-". */
function shownGroups(choices: MeterChoices): Record<string, boolean> {
  const { authentication, securityPolicy, ciphering } = choices;
  const serial = isUsed("serialPort", choices);
  const tls = choices.transportType === "TLS";
  const keys = isCiphered(choices);
  const needs = (name: SecretName): boolean => needOf(name, choices) !== undefined;
  return {
    network: isUsed("host", choices),
    incoming: isUsed("meterId", choices),
    serial,
    // a mode E start switches the line itself
    "serial-mode": serial && !isUsed("modeEAddress", choices),
    hdlc: isUsed("hdlcWindow", choices),
    tls,
    unverified: tls && checked("tlsUnverified"),
    "mode-e": isUsed("modeEAddress", choices),
    "serial-wrapper": serial && choices.framing === "WRAPPER",
    password: needs("password") || (authentication === "LOW" && choices.emptyPassword !== true),
    "empty-password": authentication === "LOW",
    ecdsa: needs("signingKey"),
    agreement: needs("meterAgreementCertificate"),
    wrapped: keys && ciphering === "WRAPPED_KEY",
    keys,
    "encrypted-only": securityPolicy === "ENCRYPTED",
    title: keys || authentication === "HIGH_SHA256" || authentication === "HIGH_ECDSA",
    counter: textIn(field("invocationCounterSource")) === "METER",
    "writes-all": textIn(field("allowWriting")) === "ALL",
  };
}

function fold(this: HTMLElement): void {
  const button = $(this);
  const open = button.attr("aria-expanded") !== "true";
  button.attr("aria-expanded", String(open));
  button.find("i").attr("class", open ? "fa fa-caret-down" : "fa fa-caret-right");
  $(button.attr("data-section") ?? "").toggle(open);
}

/** The dialog shows the default of a property that a flow leaves out. */
function showDefaults(node: EditedNode): void {
  for (const [name, { value }] of Object.entries(node._def.defaults)) {
    if (node[name] === undefined && typeof value === "string" && value !== "") field(name).val(value);
  }
}

function on(names: readonly string[], events: string, handler: () => void): void {
  for (const name of names) field(name).on(events, handler);
}

export class MeterDialog {
  readonly #properties: EditedProperties;
  readonly #checks: SecretChecks;
  #requests: readonly { stop(): void }[] = [];

  constructor(properties: EditedProperties, checks: SecretChecks) {
    this.#properties = properties;
    this.#checks = checks;
  }

  prepare(node: EditedNode): void {
    const dialog = $("#dlms-meter-dialog");
    this.#properties.opened(node.id);
    showDefaults(node);
    // the choices decide which fields are shown and which secrets are needed
    dialog.on("change", "select, :checkbox", () => {
      this.#showNeededFields(node);
      this.#checkSecrets(node);
    });
    on(["serverAddress", "physicalAddress", "addressSize"], "input change", showAddressPreview);
    on(secretNames, "input change", () => {
      this.#checkSecrets(node);
    });
    $("#dlms-meter-find-ports").on("click", () => {
      findPorts({
        ...{ path: field("serialPort"), list: $("#dlms-meter-ports"), note: $("#dlms-meter-ports-note"), t },
        usual: asText(node._def.defaults.serialPort?.value),
      });
    });
    dialog.find(".dlms-fold").on("click", fold);
    loadPresets();
    prepareQuirks();
    this.#showNeededFields(node);
    const test = new ConnectionTest(node);
    const search = new AddressSearch(node);
    dialog.on("input change", "[id^='node-config-input-']:not(#node-config-input-name)", () => {
      test.forget();
    });
    on(searchSettings.properties, "input change", () => {
      search.forget();
    });
    this.#requests = [test, search];
  }

  save(node: EditedNode): void {
    // a node that is saved here has the current version, even if an older flow contained it
    node.version = node._def.defaults.version?.value;
    this.close();
  }

  close(): void {
    for (const request of this.#requests) request.stop();
    this.#requests = [];
  }

  #showNeededFields(node: EditedNode): void {
    const choices = choicesOf(this.#properties, node);
    for (const [name, shown] of Object.entries(shownGroups(choices)))
      $(`#dlms-meter-dialog .dlms-${name}`).toggle(shown);
    const automatic = isUsed("serialPort", choices) ? "HDLC" : "wrapper";
    field("framing")
      .find("option[value='']")
      .text(t("framing.auto", { framing: automatic }));
    showAddressPreview();
  }

  #checkSecrets(node: EditedNode): void {
    const problems = new Map<string, string>();
    for (const name of secretNames) {
      const problem = this.#checks.problem(node, name, field(name).val());
      problems.set(name, problem);
      field(name).toggleClass("input-error", problem !== "");
    }
    const ofKeys = symmetricKeys.map((name) => problems.get(name) ?? "").filter((problem) => problem !== "");
    $("#dlms-meter-key-length").text(ofKeys.join("; "));
    $("#dlms-meter-password-problem").text(problems.get("password") ?? "");
    field("secretSizes").val(this.#checks.sizes(node));
  }
}
