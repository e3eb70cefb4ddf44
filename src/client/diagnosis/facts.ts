// The facts that the steps of a connection test find, as data and in English.
import type { LinkProtocol } from "../../link";
import type { Mechanism, SecurityPolicy, SecuritySuite } from "../../security";

/**
 * The negotiated parameters of an HDLC link, from the client's view: bytes per information field, frames per window.
 */
export interface LinkSizes {
  readonly maxInfoTransmit: number;
  readonly maxInfoReceive: number;
  readonly windowTransmit: number;
  readonly windowReceive: number;
}

/** Undefined where the link negotiates no sizes. */
export function sizesOf(link: LinkProtocol & { readonly negotiated?: LinkSizes }): LinkSizes | undefined {
  const { negotiated } = link;
  return negotiated === undefined ? undefined : { ...negotiated };
}

/** How messages are protected; both absent without ciphering. */
export interface Protection {
  readonly policy?: SecurityPolicy;
  readonly suite?: SecuritySuite;
}

/** The result of a step of a connection test as data, so that each language can phrase it. */
export type ConnectionFacts =
  /** `unverified`: the server's certificate was not checked */
  | { readonly found: "lineOpen"; readonly endpoint: string; readonly unverified?: true }
  /** `logicalName` printed, as 0-0:43.1.0*255 */
  | { readonly found: "counter"; readonly logicalName: string; readonly client: number; readonly value: number }
  /** the wrapper needs no link setup */
  | { readonly found: "noSetUp" }
  /** no SNRM was sent (`link.skipSetUp`) */
  | { readonly found: "setUpSkipped" }
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
  /** no association request was sent (`association.preEstablished`), and the meter returned its association object */
  | { readonly found: "presumed"; readonly client: number; readonly referencing: "ln" | "sn" }
  /** the same, and the meter refused it */
  | { readonly found: "presumedRefused"; readonly client: number; readonly referencing: "ln" | "sn" }
  /** the meter answered the association request; the authentication in it failed */
  | { readonly found: "answered"; readonly client: number }
  | ({ readonly found: "noAuthentication" } & Protection)
  | ({ readonly found: "passwordAccepted" } & Protection)
  | ({ readonly found: "bothProven"; readonly mechanism: Mechanism } & Protection)
  /** the meter sent no proof (quirk landisGyrHls2) */
  | ({ readonly found: "clientProven"; readonly mechanism: Mechanism } & Protection)
  | { readonly found: "value"; readonly logicalName: string; readonly value: string }
  | { readonly found: "associationObject" };

/** Formats the facts as an English sentence. */
export function describeFacts(facts: ConnectionFacts): string {
  switch (facts.found) {
    case "lineOpen":
      return `${facts.endpoint} is open${facts.unverified === true ? "; the server's certificate was not checked" : ""}`;
    case "counter":
      return `read the invocation counter ${facts.logicalName}/2 as client ${facts.client}: ${facts.value}`;
    case "noSetUp":
      return "the wrapper needs no link setup";
    case "setUpSkipped":
      return "the link set-up was skipped, as set: nothing was sent, so the address is not confirmed yet";
    case "linkUp":
      return `the meter at server address ${facts.server} answered the link setup${sizesText(facts.sizes)}`;
    case "associated": {
      const size = facts.maxPduSize === 0 ? "without limit" : `up to ${facts.maxPduSize} bytes`;
      const { client, referencing, services } = facts;
      return `client ${client} is associated (${referencing.toUpperCase()}, requests ${size}; ${services.join(", ")})`;
    }
    case "presumed":
      return `no association was requested: the meter answered client ${facts.client} with its association object (${facts.referencing.toUpperCase()}), so a pre-established association exists`;
    case "presumedRefused":
      return `no association was requested: the meter answered client ${facts.client} and refused its association object (${facts.referencing.toUpperCase()}); a pre-established association is not proven`;
    case "answered":
      return `the meter answered client ${facts.client}`;
    case "noAuthentication":
      return `not required${protectionText(facts)}`;
    case "passwordAccepted":
      return `the meter accepted the password${protectionText(facts)}`;
    case "bothProven":
      return `${facts.mechanism}: mutual authentication succeeded${protectionText(facts)}`;
    case "clientProven":
      return `${facts.mechanism}: the meter accepted the client's proof and sent none${protectionText(facts)}`;
    case "value":
      return `read ${facts.logicalName}: ${facts.value}`;
    case "associationObject":
      return "the association object answered";
  }
}

function sizesText(sizes: LinkSizes | undefined): string {
  if (sizes === undefined) return "";
  const { maxInfoTransmit, maxInfoReceive, windowTransmit, windowReceive } = sizes;
  return `; frames of up to ${maxInfoTransmit} bytes sent and ${maxInfoReceive} received, window ${windowTransmit} and ${windowReceive}`;
}

function protectionText({ policy, suite }: Protection): string {
  return policy === undefined || suite === undefined ? "" : `; APDUs are ${policy}, suite ${suite}`;
}
