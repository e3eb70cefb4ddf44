/** Data-access-result and action-result codes (IEC 62056-5-3) that the simulator gives. */
export const accessResult = {
  success: 0,
  "hardware-fault": 1,
  "read-write-denied": 3,
  "object-undefined": 4,
  "object-class-inconsistent": 9,
  "type-unmatched": 12,
  "scope-of-access-violated": 13,
  "data-block-unavailable": 14,
  "long-get-aborted": 15,
  "no-long-get-in-progress": 16,
  "long-set-aborted": 17,
  "no-long-set-in-progress": 18,
  "data-block-number-invalid": 19,
  "other-reason": 250,
} as const;

/** Action results share the codes up to 14; these differ in meaning. */
export const actionResult = {
  "long-action-aborted": 15,
  "no-long-action-in-progress": 16,
} as const;

/** Parts of an exception-response. */
export const stateError = { "service-not-allowed": 1, "service-unknown": 2 } as const;
export const serviceError = {
  "operation-not-possible": 1,
  "service-not-supported": 2,
  "other-reason": 3,
  "pdu-too-long": 4,
  "deciphering-error": 5,
  "invocation-counter-error": 6,
} as const;
