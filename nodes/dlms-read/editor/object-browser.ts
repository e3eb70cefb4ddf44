// The panel "Browse meter" of the dlms-read dialog: the meter's objects as a tree that can be searched.
import type { BrowseAnswer, BrowsedObject } from "../../admin/answers";
import { showProblem } from "../../editor/problem";
import { red } from "../../editor/red";
import { textIn } from "../../editor/values";
import { askMeter, type BrowsedObjects, meterErrorOf, type MeterRequest, sentenceOf } from "./meter-requests";
import { attributeIdOfLeaf, choiceKeyOf, type ObjectLeaf } from "./object-branches";
import { ObjectTree } from "./object-tree";
import { t } from "./texts";
import { ValueReader } from "./value-reader";

/** The user's choice in the tree. */
export interface ObjectChoice {
  readonly logicalName: string;
  readonly objectType: string;
  readonly attributeId: string;
  readonly description: string;
}

export interface ObjectBrowserOptions {
  readonly browsed: BrowsedObjects;
  readonly meterId: () => string;
  /** Whether several objects are chosen, for a list, or one at a time. */
  readonly multiple: () => boolean;
  readonly accepts: (object: BrowsedObject) => boolean;
  readonly onPick: (choice: ObjectChoice) => void;
  readonly onAdd: (choices: readonly ObjectChoice[]) => void;
  readonly onClose: () => void;
}

/** A search begins when no key was pressed for this time. */
const typingPauseMs = 120;

function button(icon: string, title: string): JQuery {
  return $("<button type='button' class='red-ui-button red-ui-button-small'>")
    .attr({ title, "aria-label": title })
    .append($("<i class='fa'>").addClass(icon));
}

function choiceOf(leaf: ObjectLeaf): ObjectChoice {
  const { obis, objectType, description } = leaf.object;
  return { logicalName: obis, objectType, attributeId: String(attributeIdOfLeaf(leaf)), description };
}

export class ObjectBrowser {
  readonly #panel: JQuery;
  readonly #options: ObjectBrowserOptions;
  readonly #search: JQuery;
  readonly #note: JQuery;
  readonly #list: JQuery;
  readonly #add: JQuery;
  readonly #tree: ObjectTree;
  readonly #values: ValueReader;
  readonly #chosen = new Map<string, ObjectChoice>();
  #objects: readonly BrowsedObject[] = [];
  #pending: MeterRequest<BrowseAnswer> | undefined;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(panel: JQuery, options: ObjectBrowserOptions) {
    this.#panel = panel.empty().addClass("dlms-browser").hide();
    this.#options = options;
    const bar = $("<div class='dlms-browser-bar'>").appendTo(panel);
    this.#search = $("<input type='search' class='dlms-browser-search' autocomplete='off'>").appendTo(bar);
    this.#search.attr({ placeholder: t("browse.search"), "aria-label": t("browse.search") });
    const again = button("fa-refresh", t("browse.again")).appendTo(bar);
    const shut = button("fa-times", t("browse.close")).appendTo(bar);
    this.#note = $("<div class='dlms-browser-note' role='status' aria-live='polite'>").appendTo(panel);
    this.#list = $("<ul class='dlms-browser-tree' role='tree'>").attr("aria-label", t("browse.title")).appendTo(panel);
    this.#add = $("<button type='button' class='red-ui-button dlms-browser-add'>").appendTo(panel);
    this.#values = new ValueReader(options.meterId, (key) => {
      this.#tree.markAll(key);
    });
    this.#tree = new ObjectTree(this.#list, {
      isChosen: (key) => this.#chosen.has(key),
      valueOf: (key) => this.#values.valueOf(key),
      onChoose: (leaf, item, last) => {
        this.#choose(leaf, item, last);
      },
      onTop: () => {
        this.#search.trigger("focus");
      },
    });
    this.#list.on("dblclick", ".dlms-browser-row", (event) => {
      const node = $(event.currentTarget as HTMLElement)
        .parent()
        .data("node") as object;
      if ("object" in node && !options.multiple()) this.close();
    });
    // the dialog is gone, so its requests end
    panel.on("remove", () => {
      this.#stop();
    });
    again.on("click", () => {
      this.#load();
    });
    shut.on("click", () => {
      this.close();
    });
    this.#add.on("click", () => {
      this.take();
      this.close();
    });
    this.#prepareSearch();
  }

  isVisible(): boolean {
    return this.#panel.is(":visible");
  }

  open(): void {
    const { browsed, meterId, multiple } = this.#options;
    this.#panel.show();
    // search and choice belong to the previous list
    this.#search.val("");
    this.#chosen.clear();
    this.#list.attr("aria-multiselectable", String(multiple()));
    this.#add.toggle(multiple());
    this.#showAdd();
    const known = browsed.of(meterId());
    if (known === undefined) this.#load();
    else {
      this.#objects = known.filter((object) => this.#options.accepts(object));
      this.#draw();
      this.#say(this.#summary());
    }
    this.#search.trigger("focus");
  }

  close(): void {
    this.#stop();
    this.#panel.hide();
    this.#options.onClose();
  }

  /** Hands over the picked objects that are not in the list yet. */
  take(): void {
    if (!this.isVisible() || !this.#options.multiple()) return;
    this.#options.onAdd([...this.#chosen.values()]);
    this.#chosen.clear();
  }

  #stop(): void {
    this.#pending?.abort();
    this.#values.stop();
  }

  #say(text: string, failed = false): void {
    this.#note.toggleClass("dlms-browser-error", failed).attr("role", failed ? "alert" : "status");
    this.#note.empty().text(text);
  }

  #summary(): string {
    return t("browse.count", { count: this.#objects.length });
  }

  #load(): void {
    const { browsed, meterId, accepts } = this.#options;
    const id = meterId();
    this.#pending?.abort();
    this.#objects = [];
    this.#values.forget();
    this.#list.empty();
    if (id === "") {
      this.#say(t("browse.noMeter"), true);
      return;
    }
    this.#say("");
    this.#note.append($("<i class='fa fa-spinner fa-spin'>"), document.createTextNode(` ${t("browse.loading")}`));
    this.#list.attr("aria-busy", "true");
    const key = browsed.keyOf(id);
    const request = askMeter<BrowseAnswer>(id, "browse");
    this.#pending = request;
    request
      .done(({ objects, skipped }) => {
        browsed.keep(key, objects);
        this.#objects = objects.filter(accepts);
        this.#draw();
        this.#say(this.#summary() + (skipped ? ` ${t("browse.skipped", { count: skipped })}` : ""));
      })
      .fail((failure) => {
        if (failure.aborted) return;
        const error = meterErrorOf(failure);
        this.#say(error === undefined ? sentenceOf(failure) : "", true);
        if (error !== undefined) this.#note.append(showProblem(red(), error));
      })
      .always(() => {
        if (this.#pending === request) this.#pending = undefined;
        this.#list.attr("aria-busy", "false");
      });
  }

  #draw(): void {
    const words = textIn(this.#search)
      .trim()
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    const count = this.#tree.draw(this.#objects, words);
    if (words.length > 0) this.#say(t("browse.found", { count, total: this.#objects.length }));
  }

  #showAdd(): void {
    const count = this.#chosen.size;
    this.#add.text(t("browse.add", { count })).prop("disabled", count === 0);
  }

  #choose(leaf: ObjectLeaf, item: JQuery, last: boolean): void {
    const key = choiceKeyOf(leaf);
    const multiple = this.#options.multiple();
    if (multiple) {
      if (!this.#chosen.delete(key)) this.#chosen.set(key, choiceOf(leaf));
      this.#showAdd();
    } else {
      this.#chosen.clear();
      this.#chosen.set(key, choiceOf(leaf));
      this.#list.find("[aria-selected=true]").attr("aria-selected", "false");
      this.#options.onPick(choiceOf(leaf));
    }
    this.#tree.mark(item);
    if (this.#chosen.has(key)) this.#values.read(leaf, multiple);
    if (last && !multiple) this.close();
  }

  #prepareSearch(): void {
    const search = this.#search;
    this.#panel.on("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      if (textIn(search) === "") {
        this.close();
        return;
      }
      search.val("");
      this.#find();
      search.trigger("focus");
    });
    search.on("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => {
        this.#find();
      }, typingPauseMs);
    });
    search.on("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      // a tree that is drawn later would lose the place
      if (this.#typing !== undefined) this.#find();
      this.#tree.focusFirst();
    });
  }

  #find(): void {
    clearTimeout(this.#typing);
    this.#typing = undefined;
    this.#draw();
    if (textIn(this.#search).trim() === "") this.#say(this.#summary());
  }
}
