import type { DlmsValue } from "../codec/value";
import type { Mechanism, SecurityPolicy, SecuritySuite } from "../security/model";

/** An account of a simulated meter: which client may associate, and how. */
export interface SimulatedAssociation {
  /** client SAP */
  readonly client: number;
  readonly mechanism?: Mechanism;
  readonly secret?: Uint8Array | string;
  readonly suite?: SecuritySuite;
  readonly policy?: SecurityPolicy;
  readonly encryptionKey?: Uint8Array;
  readonly authenticationKey?: Uint8Array;
}

/** An object of a simulated meter. A function is called for each read, so values can move. */
export interface SimulatedObject {
  readonly classId: number;
  readonly version?: number;
  /** any spelling of an OBIS code */
  readonly logicalName: string;
  /** short-name base, for SN referencing */
  readonly shortName?: number;
  /** attribute id -> value; attribute 1 is made from the logical name */
  readonly attributes: Readonly<Record<number, DlmsValue | (() => DlmsValue)>>;
  /** attribute ids (or method ids, negative) that answer read-write-denied */
  readonly denied?: readonly number[];
}

/** What a simulated meter is. */
export interface MeterDefinition {
  /** logical device, default 1 */
  readonly serverAddress?: number;
  /** HDLC physical address, default none */
  readonly physicalAddress?: number;
  readonly framing?: "WRAPPER" | "HDLC";
  /** server max receive PDU that is negotiated, default 1024 */
  readonly maxPduSize?: number;
  /** names of the conformance bits that the meter has; default: all that the simulator implements */
  readonly conformance?: readonly string[];
  /** 8 bytes; default a fixed title of the simulator */
  readonly systemTitle?: Uint8Array;
  readonly hdlc?: {
    readonly maxInfoTransmit?: number;
    readonly maxInfoReceive?: number;
    readonly windowTransmit?: number;
    readonly windowReceive?: number;
  };
  readonly referencing?: "ln" | "sn";
  readonly associations: readonly SimulatedAssociation[];
  readonly objects: readonly SimulatedObject[];
}
