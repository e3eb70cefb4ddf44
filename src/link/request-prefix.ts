/** The name of a request in front of a message: empty where the layer above adds it. */
export function prefix(what: string): string {
  return what === "" ? "" : `${what}: `;
}
