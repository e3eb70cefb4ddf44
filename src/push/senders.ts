/** Remembers the list id and the object list that each sender sent last. */
import type { PushObject } from "./layouts/body";

interface Sender {
  listId: string | undefined;
  /** object lists by their number of values */
  readonly objects: Map<number, readonly PushObject[]>;
}

/** Limit of remembered senders; the one silent longest is removed, and its next object list names its values again. */
const maxSenders = 4096;
const maxObjectLists = 8;

export class Senders {
  readonly #known = new Map<string, Sender>();

  listId(sender: string): string | undefined {
    return this.#known.get(sender)?.listId;
  }

  objects(sender: string, count: number): readonly PushObject[] | undefined {
    return this.#known.get(sender)?.objects.get(count);
  }

  sentListId(sender: string, listId: string): void {
    if (this.listId(sender) !== listId) this.#of(sender).listId = listId;
  }

  sentObjects(sender: string, objects: readonly PushObject[]): void {
    const lists = this.#of(sender).objects;
    const [oldest] = lists.keys();
    if (oldest !== undefined && lists.size >= maxObjectLists && !lists.has(objects.length)) lists.delete(oldest);
    lists.set(objects.length, objects);
  }

  #of(name: string): Sender {
    const sender = this.#known.get(name) ?? { listId: undefined, objects: new Map<number, readonly PushObject[]>() };
    this.#known.delete(name);
    this.#known.set(name, sender);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > maxSenders) this.#known.delete(oldest);
    return sender;
  }
}
