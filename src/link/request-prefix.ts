/** The name of a request before a message; empty if the layer above adds it. */
export function prefix(request: string): string {
  return request === "" ? "" : `${request}: `;
}
