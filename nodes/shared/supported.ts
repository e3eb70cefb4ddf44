/**
 * What the settings of a meter may be set to. The editor offers exactly these; a test compares the two.
 */
export const supported = {
  transportType: ["TCP"],
  framing: ["", "WRAPPER", "HDLC"],
  authentication: ["NONE", "LOW"],
  securityPolicy: ["NONE"],
  referencing: ["LN"],
} as const satisfies Record<string, readonly string[]>;

/** The whole contract: what is in here but not above is refused as not supported, not as unknown. */
export const known = {
  transportType: ["TCP", "TLS", "UDP", "SERIAL"],
  framing: ["", "WRAPPER", "HDLC", "HDLC_MODE_E"],
  authentication: ["NONE", "LOW", "HIGH", "HIGH_MD5", "HIGH_SHA1", "HIGH_GMAC", "HIGH_SHA256", "HIGH_ECDSA"],
  securityPolicy: ["NONE", "AUTHENTICATED", "ENCRYPTED", "AUTHENTICATED_ENCRYPTED"],
  referencing: ["LN", "SN"],
} as const satisfies Record<string, readonly string[]>;
