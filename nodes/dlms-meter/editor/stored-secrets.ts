// The secrets that Node-RED has stored for each dlms-meter. The editor knows them only for meters whose dialog was
// opened since the last deploy, so this asks Node-RED once for all meters, after an import and after a deploy.
import type { SecretNamesAnswer } from "../../admin/answers";
import { type EditedNode, red } from "../../editor/red";

interface ConfigNode extends EditedNode {
  readonly valid?: boolean;
  readonly users: { dirty: boolean }[];
}

export class StoredSecrets {
  /** names by id of the meter; undefined: not known, and then no secret counts as missing */
  #stored: Readonly<Record<string, readonly string[]>> | undefined;
  #due: ReturnType<typeof setTimeout> | undefined;

  has(node: EditedNode, name: string): boolean {
    const typed = node.credentials;
    if (typed) return Boolean(typed[name] || typed[`has_${name}`]);
    return this.#stored === undefined || (this.#stored[node.id] ?? []).includes(name);
  }

  /** Marks meters without their secrets whenever meters are imported or deployed. */
  watch(): void {
    red().events.on("nodes:add", (node: EditedNode) => {
      if (node.type === "dlms-meter") this.#askSoon();
    });
    red().events.on("deploy", () => {
      this.#stored = undefined;
      this.#askSoon();
    });
  }

  #askSoon(): void {
    clearTimeout(this.#due);
    this.#due = setTimeout(() => {
      void $.getJSON("dlms/secrets").done((answer: SecretNamesAnswer) => {
        this.#stored = answer;
        this.#validateMeters();
      });
    }, 0);
  }

  #validateMeters(): void {
    let changed = false;
    red().nodes.eachConfig((found) => {
      const node = found as ConfigNode;
      if (node.type !== "dlms-meter") return true;
      const before = node.valid;
      if (red().editor.validateNode(node) === before) return true;
      changed = true;
      for (const user of node.users) {
        red().editor.validateNode(user);
        user.dirty = true;
      }
      return true;
    });
    if (changed) red().view.redraw();
  }
}
