// The dlms-read dialog: its parts, the object browser, and the fields shown in each mode.
import type { EditedNode } from "../../editor/red";
import { type EditedProperties, isEmpty, textIn } from "../../editor/values";
import { AttributeFields } from "./attribute";
import type { ReadChecks } from "./checks";
import { KnownCodes } from "./codes";
import { PointList } from "./list";
import { BrowsedObjects } from "./meter-requests";
import { ModeChange } from "./mode-change";
import { ObjectBrowser } from "./object-browser";
import { ProfileFields } from "./profile";

const profileClass = 7;
/** Flows from before these settings, or written by hand, leave them out. */
const usual: Readonly<Record<string, string>> = {
  mode: "attribute",
  dates: "iso",
  units: "METER",
  keys: "OBIS",
  format: "OBJECT",
  interval: "0",
  spread: "0",
  giveUpAfter: "",
};

const mode = (): string => textIn($("#node-input-mode"));

export class ReadDialog {
  readonly #properties: EditedProperties;
  readonly #browsed = new BrowsedObjects();
  readonly #codes = new KnownCodes(this.#browsed);
  readonly #attribute: AttributeFields;
  readonly #list: PointList;
  readonly #profile: ProfileFields;
  #browser: ObjectBrowser | undefined;

  constructor(properties: EditedProperties, checks: ReadChecks) {
    this.#properties = properties;
    this.#attribute = new AttributeFields(checks, this.#codes);
    this.#list = new PointList(checks, this.#codes);
    this.#profile = new ProfileFields(checks);
  }

  prepare(node: EditedNode): void {
    this.#properties.opened(node.id);
    $("#node-input-mode").on("change", () => {
      this.#showNeededFields();
    });
    for (const [name, value] of Object.entries(usual)) if (isEmpty(node[name])) $(`#node-input-${name}`).val(value);
    const openedMode = mode();
    this.#prepareBrowser();
    this.#list.prepareCsv();
    this.#profile.prepare(node);
    void this.#codes.load().then((tables) => {
      if ($("#dlms-read-dialog").length === 0) return;
      this.#attribute.prepare(node, tables);
      this.#list.prepare(node.points, tables);
      new ModeChange(this.#codes, this.#list, tables, openedMode).watch();
      this.#showNeededFields();
    });
    this.#showNeededFields();
  }

  save(node: EditedNode): void {
    // a node that is saved here has the current version, even if an older flow contained it
    node.version = node._def.defaults.version?.value;
    // Done also takes over values that were picked but not added
    this.#browser?.take();
    node.points = this.#list.points();
    this.#profile.save();
  }

  #showNeededFields(): void {
    const chosen = mode();
    $("#dlms-read-dialog [data-modes]").each((_, element) => {
      const modes = $(element).attr("data-modes")?.split(" ") ?? [];
      $(element).toggle(modes.includes(chosen));
    });
    this.#profile.showRange();
  }

  #prepareBrowser(): void {
    const button = $("#dlms-read-browse");
    const browser = new ObjectBrowser($("#dlms-read-browser"), {
      browsed: this.#browsed,
      meterId: () => {
        const id = textIn($("#node-input-meter"));
        return id === "_ADD_" ? "" : id;
      },
      multiple: () => mode() === "list",
      accepts: ({ classId }) => mode() !== "profile" || classId === profileClass,
      onPick: (choice) => {
        this.#attribute.choose(choice);
      },
      onAdd: (choices) => {
        for (const { description, ...choice } of choices) {
          this.#list.add({ ...choice, name: this.#list.freeName(description) });
        }
      },
      onClose: () => {
        button.attr("aria-expanded", "false").trigger("focus");
      },
    });
    this.#browser = browser;
    button.on("click", () => {
      if (browser.isVisible()) {
        browser.close();
        return;
      }
      button.attr("aria-expanded", "true");
      browser.open();
    });
    // the tree belongs to one meter and mode; the keyboard focus stays on the changed field
    $("#node-input-mode, #node-input-meter").on("change", function () {
      if (!browser.isVisible()) return;
      const here = document.activeElement;
      browser.close();
      if (here === this) this.focus();
    });
  }
}
