/** The security control byte: encoding, decoding, and the check against the security policy. */
import { toHex } from "../bytes";
import { DlmsConfigError, DlmsSecurityError } from "../errors";
import type { SecurityPolicy, SecuritySuite } from "./model";

const authenticatedBit = 0x10;
const encryptedBit = 0x20;
const broadcastBit = 0x40;
const compressedBit = 0x80;

const policyBits = {
  none: 0,
  authenticated: authenticatedBit,
  encrypted: encryptedBit,
  "authenticated-encrypted": authenticatedBit | encryptedBit,
} as const satisfies Record<SecurityPolicy, number>;

/** The fields of a security control byte. */
export interface SecurityControl {
  readonly byte: number;
  /** low four bits as received: 0..2 are defined, other numbers are kept */
  readonly suite: number;
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  /** key set bit: the sender used the global broadcast key instead of the unicast key */
  readonly broadcast: boolean;
  readonly compressed: boolean;
}

/** The security control byte for a suite and a policy. */
export function securityControlByte(
  suite: SecuritySuite,
  policy: SecurityPolicy,
  options: { readonly broadcast?: boolean } = {},
): number {
  return suite | policyBits[policy] | (options.broadcast === true ? broadcastBit : 0);
}

/** Decode a security control byte. */
export function readSecurityControl(byte: number): SecurityControl {
  return {
    byte,
    suite: byte & 0x0f,
    authenticated: (byte & authenticatedBit) !== 0,
    encrypted: (byte & encryptedBit) !== 0,
    broadcast: (byte & broadcastBit) !== 0,
    compressed: (byte & compressedBit) !== 0,
  };
}

/** The policy that a security control byte fulfils. */
export function policyOf(securityControl: number): SecurityPolicy {
  const authenticated = (securityControl & authenticatedBit) !== 0;
  if ((securityControl & encryptedBit) !== 0) return authenticated ? "authenticated-encrypted" : "encrypted";
  return authenticated ? "authenticated" : "none";
}

/** Whether a security control byte lacks a protection that the policy requires. */
export function isWeakerThan(securityControl: number, policy: SecurityPolicy): boolean {
  return (policyBits[policy] & ~securityControl) !== 0;
}

/**
 * Refuse an APDU with less protection than the policy requires.
 * @param securityControl the received byte, or undefined for a plain APDU
 * @param apduName the APDU, for the message: "get-response"
 * @throws DlmsSecurityError SEC_POLICY
 */
export function requirePolicy(securityControl: number | undefined, policy: SecurityPolicy, apduName: string): void {
  if (!isWeakerThan(securityControl ?? 0, policy)) return;
  const received = securityControl === undefined ? "none (plain)" : policyOf(securityControl);
  throw new DlmsSecurityError(
    "SEC_POLICY",
    `${apduName}: protection "${policy}" is required, but the meter sent "${received}"; it was refused. ` +
      "Check the security policy of the association, or whether something stands between client and meter",
    { details: { required: policy, received, ...(securityControl === undefined ? {} : { securityControl }) } },
  );
}

/**
 * Refuse the features of a security control byte that this stack does not support: compression and unknown suites.
 * @throws DlmsConfigError CONFIG_UNSUPPORTED
 */
export function requireSupported(securityControl: number, apduName: string): SecuritySuite {
  const suite = securityControl & 0x0f;
  const hex = (): string => toHex(Uint8Array.of(securityControl));
  if ((securityControl & compressedBit) !== 0) {
    throw new DlmsConfigError(
      "CONFIG_UNSUPPORTED",
      `${apduName}: security control ${hex()} announces compression (V.44), which is not supported; switch compression off in the meter`,
      { layer: "security", fault: "meter", details: { securityControl } },
    );
  }
  if (suite === 0 || suite === 1 || suite === 2) return suite;
  throw new DlmsConfigError(
    "CONFIG_UNSUPPORTED",
    `${apduName}: security control ${hex()} names security suite ${suite}; suites 0, 1 and 2 are known`,
    { layer: "security", fault: "meter", details: { securityControl, suite } },
  );
}
