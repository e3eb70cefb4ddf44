/** The interface classes and short names that the protocol itself relies on; the full table is in cosem. */

/** Class ids of the Blue Book (IEC 62056-6-2) that the code uses. */
export const classIds = {
  data: 1,
  register: 3,
  "extended-register": 4,
  "demand-register": 5,
  "profile-generic": 7,
  clock: 8,
  "association-sn": 12,
  "association-ln": 15,
  "sap-assignment": 17,
  "push-setup": 40,
  "security-setup": 64,
  "disconnect-control": 70,
} as const;

/** Base name of the current association with short names (IEC 62056-5-3): its attributes follow in steps of 8. */
export const associationShortName = 0xfa00;
