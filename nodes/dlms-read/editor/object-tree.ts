// The objects of a meter as a tree on the screen (WAI-ARIA tree): drawn, opened, and moved through with the keyboard.
import type { BrowsedObject } from "../../admin/answers";
import {
  branchesOf,
  childrenOf,
  choiceKeyOf,
  isLeaf,
  matches,
  type ObjectLeaf,
  type TreeNode,
} from "./object-branches";
import { t } from "./texts";
import type { ShownValue } from "./value-reader";

export interface ObjectTreeOptions {
  isChosen(key: string): boolean;
  valueOf(key: string): ShownValue | undefined;
  /** @param last the user chooses no further object */
  onChoose(leaf: ObjectLeaf, item: JQuery, last: boolean): void;
  /** The keyboard leaves the tree at its top. */
  onTop(): void;
}

/** Found objects up to these numbers are shown without a click. */
const maxOpenFound = 200;
const maxOpenAll = 60;

const nodeOf = (item: JQuery): TreeNode => item.data("node") as TreeNode;
const isOpen = (item: JQuery): boolean => item.attr("aria-expanded") === "true";

function setIcon(item: JQuery): void {
  const shown = item.attr("aria-expanded");
  const icon = item.find("> .dlms-browser-row > i");
  icon.toggleClass("fa-caret-down", shown === "true").toggleClass("fa-caret-right", shown === "false");
}

function fillRow(node: TreeNode, row: JQuery): void {
  if (!isLeaf(node)) {
    row.append($("<span>").text(node.label), $("<span class='dlms-browser-count'>").text(node.count));
    return;
  }
  const { object, attribute } = node;
  const text = $("<span class='dlms-browser-text'>");
  const kind = $("<span class='dlms-browser-class'>");
  if (attribute === undefined) {
    text.text(object.description).attr("title", object.description);
    kind.text(`${object.title} (${object.classId})`);
    row.append($("<code>").text(object.obis), text, kind);
  } else {
    text.text(attribute.name || t("browse.attribute", { id: attribute.id }));
    kind.text(attribute.access ? t(`browse.access.${attribute.access}`) : "");
    row.append($("<code>").text(attribute.id), text, kind);
  }
  $("<span class='dlms-browser-value'>").appendTo(row);
}

export class ObjectTree {
  readonly #element: JQuery;
  readonly #options: ObjectTreeOptions;
  /** whether the user opened or closed a branch, by its key */
  readonly #opened = new Map<string, boolean>();

  constructor(element: JQuery, options: ObjectTreeOptions) {
    this.#element = element;
    this.#options = options;
    element.on("click", ".dlms-browser-row", (event) => {
      const item = $(event.currentTarget as HTMLElement).parent();
      this.focus(item);
      const node = nodeOf(item);
      const onCaret = $(event.target as HTMLElement).is("i");
      if (isLeaf(node) && node.attribute === undefined && onCaret) this.#expand(item, !isOpen(item));
      else this.#choose(item, false);
    });
    element.on("keydown", "[role=treeitem]", (event) => {
      this.#keyPressed(event, $(event.currentTarget as HTMLElement));
    });
  }

  /** Draws the objects that contain all words; returns their number. */
  draw(objects: readonly BrowsedObject[], words: readonly string[]): number {
    const found = words.length > 0 ? objects.filter((object) => matches(object, words)) : objects;
    const all = words.length > 0 && found.length <= maxOpenFound;
    const few = words.length === 0 && found.length <= maxOpenAll;
    this.#element.empty();
    for (const branch of branchesOf(found)) {
      if (few) for (const { key } of branch.children) this.#opened.set(key, this.#opened.get(key) ?? true);
      this.#item(branch, 1, all).appendTo(this.#element);
    }
    this.#element.find("[role=treeitem]").first().attr("tabindex", "0");
    return found.length;
  }

  focus(item: JQuery): void {
    if (item.length === 0) return;
    this.#element.find("[tabindex=0]").attr("tabindex", "-1");
    item.attr("tabindex", "0").trigger("focus");
  }

  focusFirst(): void {
    this.focus(this.#shown().first());
  }

  /** Shows of an item whether it is chosen, and its value. */
  mark(item: JQuery): JQuery {
    const node = nodeOf(item);
    const key = choiceKeyOf(node);
    if (isLeaf(node)) item.attr("aria-selected", String(this.#options.isChosen(key)));
    const value = this.#options.valueOf(key);
    if (value !== undefined) {
      const shown = item.find("> .dlms-browser-row > .dlms-browser-value");
      shown.text(value.text).toggleClass("dlms-browser-error", value.failed);
    }
    return item;
  }

  /** The same for all items with one key, because a search may have redrawn the tree. */
  markAll(key: string): void {
    this.#element.find("[role=treeitem]").each((_, element) => {
      const item = $(element);
      if (choiceKeyOf(nodeOf(item)) !== key) return;
      if (this.#options.valueOf(key) === undefined) item.find("> .dlms-browser-row > .dlms-browser-value").text("");
      this.mark(item);
    });
  }

  #shown(): JQuery {
    return this.#element.find("[role=treeitem]:visible");
  }

  #item(node: TreeNode, level: number, all: boolean): JQuery {
    const item = $("<li role='treeitem' tabindex='-1'>").attr("aria-level", level).data("node", node);
    const row = $("<div class='dlms-browser-row'>").css("padding-left", `${(level - 1) * 16}px`);
    row.appendTo(item);
    $("<i class='fa fa-fw'>").appendTo(row);
    fillRow(node, row);
    if (isLeaf(node) && node.attribute !== undefined) return this.mark(item);
    item.attr("aria-expanded", "false");
    if (!isLeaf(node) && (all || level === 1 || this.#opened.get(node.key) === true)) this.#expand(item, true, all);
    else setIcon(item);
    return this.mark(item);
  }

  #expand(item: JQuery, wanted: boolean, all = false): void {
    const node = nodeOf(item);
    const isAttribute = isLeaf(node) && node.attribute !== undefined;
    if (isAttribute || isOpen(item) === wanted) return;
    item.attr("aria-expanded", String(wanted));
    this.#opened.set(node.key, wanted);
    setIcon(item);
    item.children("ul").remove();
    if (!wanted) return;
    const level = Number(item.attr("aria-level")) + 1;
    const list = $("<ul role='group'>").appendTo(item);
    for (const child of childrenOf(node)) this.#item(child, level, all).appendTo(list);
  }

  #choose(item: JQuery, last: boolean): void {
    const node = nodeOf(item);
    if (isLeaf(node)) this.#options.onChoose(node, item, last);
    else this.#expand(item, !isOpen(item));
  }

  #keyPressed(event: JQuery.KeyDownEvent, item: JQuery): void {
    const shown = this.#shown();
    const index = shown.index(item);
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => {
        this.focus(shown.eq(index + 1));
      },
      ArrowUp: () => {
        if (index > 0) this.focus(shown.eq(index - 1));
        else this.#options.onTop();
      },
      Home: () => {
        this.focus(shown.first());
      },
      End: () => {
        this.focus(shown.last());
      },
      ArrowRight: () => {
        if (isOpen(item)) this.focus(item.find("> ul > li").first());
        else this.#expand(item, true);
      },
      ArrowLeft: () => {
        if (isOpen(item)) this.#expand(item, false);
        else this.focus(item.parent().closest("[role=treeitem]"));
      },
      " ": () => {
        this.#choose(item, false);
      },
      Enter: () => {
        this.#choose(item, true);
      },
    };
    const move = Object.hasOwn(moves, event.key) ? moves[event.key] : undefined;
    if (move === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  }
}
