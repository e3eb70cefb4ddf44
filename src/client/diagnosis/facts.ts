import type { LinkProtocol } from "../../link";
import type { Mechanism, SecurityPolicy, SecuritySuite } from "../../security";

/** What both stations of an HDLC link have agreed on, from the client's view: bytes of an information field, frames. */
export interface LinkSizes {
  readonly maxInfoTransmit: number;
  readonly maxInfoReceive: number;
  readonly windowTransmit: number;
  readonly windowReceive: number;
}

/** Undefined where nothing is agreed on, or the link does not tell. */
export function sizesOf(link: LinkProtocol & { readonly negotiated?: LinkSizes }): LinkSizes | undefined {
  const { negotiated } = link;
  return negotiated === undefined ? undefined : { ...negotiated };
}

/** How messages are ciphered; absent: they are not. */
export interface Protection {
  readonly policy?: SecurityPolicy;
  readonly suite?: SecuritySuite;
}

/** What a step of a connection test has found, apart from the words: other languages make their sentence of it. */
export type ConnectionFacts =
  /** `unverified`: the server's certificate was not checked */
  | { readonly found: "lineOpen"; readonly endpoint: string; readonly unverified?: true }
  /** `logicalName` printed, as 0-0:43.1.0*255 */
  | { readonly found: "counter"; readonly logicalName: string; readonly client: number; readonly value: number }
  /** the wrapper has no set-up of its own */
  | { readonly found: "noSetUp" }
  /** `server`: logical, or logical/physical */
  | { readonly found: "linkUp"; readonly server: string; readonly sizes?: LinkSizes }
  | {
      readonly found: "associated";
      readonly client: number;
      readonly referencing: "ln" | "sn";
      /** bytes, 0 = no limit */
      readonly maxPduSize: number;
      readonly services: readonly string[];
    }
  /** there was an answer to the association request, and the authentication in it failed */
  | { readonly found: "answered"; readonly client: number }
  | ({ readonly found: "noAuthentication" } & Protection)
  | ({ readonly found: "passwordAccepted" } & Protection)
  | ({ readonly found: "bothProven"; readonly mechanism: Mechanism } & Protection)
  | { readonly found: "value"; readonly logicalName: string; readonly value: string }
  | { readonly found: "associationObject" };

/** The facts in an English sentence. */
export function describeFacts(facts: ConnectionFacts): string {
  switch (facts.found) {
    case "lineOpen":
      return `${facts.endpoint} is open${facts.unverified === true ? "; the server's certificate was not checked" : ""}`;
    case "counter":
      return `read the invocation counter ${facts.logicalName}/2 as client ${facts.client}: ${facts.value}`;
    case "noSetUp":
      return "the wrapper has no set-up of its own; the meter answers with the next step";
    case "linkUp":
      return `the meter at server address ${facts.server} answered the set-up${sizesText(facts.sizes)}`;
    case "associated": {
      const size = facts.maxPduSize === 0 ? "without limit" : `up to ${facts.maxPduSize} bytes`;
      const { client, referencing, services } = facts;
      return `client ${client} is associated (${referencing.toUpperCase()}, requests ${size}; ${services.join(", ")})`;
    }
    case "answered":
      return `the meter answered client ${facts.client}`;
    case "noAuthentication":
      return `none was asked for${protectionText(facts)}`;
    case "passwordAccepted":
      return `the meter accepted the password${protectionText(facts)}`;
    case "bothProven":
      return `${facts.mechanism}: meter and client have proved themselves to each other${protectionText(facts)}`;
    case "value":
      return `${facts.logicalName} was read: ${facts.value}`;
    case "associationObject":
      return "the association object answered";
  }
}

function sizesText(sizes: LinkSizes | undefined): string {
  if (sizes === undefined) return "";
  const { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive } = sizes;
  return `; frames of up to ${maxInfoTransmit} bytes out and ${maxInfoReceive} in, window ${windowTransmit} and ${windowReceive}`;
}

function protectionText({ policy, suite }: Protection): string {
  return policy === undefined || suite === undefined ? "" : `; APDUs are ${policy}, suite ${suite}`;
}
