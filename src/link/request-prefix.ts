/** The name of a request before a message; empty if the layer above adds it. */
export function prefix(what: string): string {
  return what === "" ? "" : `${what}: `;
}
