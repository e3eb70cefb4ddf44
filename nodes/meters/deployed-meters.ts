/** Deployed nodes by meter and client, because two nodes with the same pair can only take turns. */
export class DeployedMeters {
  readonly #nodes = new Map<string, string[]>();

  /**
   * @param name as a person finds the node
   * @returns the name of a node that has the same already, and a way to take this one out again
   */
  add(account: string, name: string): { readonly twin: string | undefined; readonly remove: () => void } {
    const names = this.#nodes.get(account) ?? [];
    const [twin] = names;
    this.#nodes.set(account, [...names, name]);
    return {
      twin,
      remove: () => {
        const left = [...(this.#nodes.get(account) ?? [])];
        left.splice(left.indexOf(name), 1);
        if (left.length === 0) this.#nodes.delete(account);
        else this.#nodes.set(account, left);
      },
    };
  }
}
