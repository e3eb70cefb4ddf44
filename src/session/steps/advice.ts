/** Advice after a refusal, by the meter's code. */

/** By user diagnostic of the AARE. */
export const userAdvice: Readonly<Partial<Record<number, string>>> = {
  1: "check the client address: the meter may not know this client, or grants it fewer rights",
  2: "the meter offers another kind of association: check referencing (LN or SN), and whether this client address wants a security policy",
  3: "the meter does not accept the client's system title",
  4: "the meter does not accept the calling-AP-invocation-id (the user id)",
  5: "the meter does not accept the client's certificate",
  11: "the meter does not know this authentication for this client address: try another mechanism",
  12: "this client address needs authentication: choose the mechanism that the meter's owner has set",
  13: "the password or key is wrong for this client address; meters lock the account after a few attempts, so check it before the next attempt",
  14: "this client address needs authentication or another mechanism, or the password or key is wrong",
};

/** By service error of an exception-response. */
export const exceptionAdvice: Readonly<Partial<Record<number, string>>> = {
  1: "the meter may have dropped the association: connect again",
  2: "the meter does not implement the service, or not for this client",
  4: "ask for less at once: fewer items, a shorter range",
  5: "the meter could not decipher the request: check encryption key, authentication key, policy and suite",
  6: "the meter expects a higher invocation counter",
};
