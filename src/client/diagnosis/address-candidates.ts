/** The server addresses that an address search tries, in order. */
import { DlmsConfigError } from "../../errors";
import { serialNumberAddress } from "../../link";
import type { AddressSize } from "../options/options";

/** A form of server address to try. */
export interface AddressCandidate {
  readonly logical: number;
  /** HDLC only */
  readonly physical?: number;
  /** HDLC only; absent: as short as it can be */
  readonly addressSize?: AddressSize;
  /** its origin, in words */
  readonly why: string;
}

/**
 * Physical addresses that makers derive from a serial number: its last four digits plus 1000, its last four digits, or
 * its last two.
 * @throws DlmsConfigError CONFIG_INVALID for a number without digits
 */
function physicalFromSerial(serialNumber: string): { physical: number; why: string }[] {
  const digits = serialNumber.replace(/\D/g, "");
  if (digits === "") {
    throw new DlmsConfigError("CONFIG_INVALID", `serialNumber: expected digits, got "${serialNumber}"`);
  }
  const all = [
    { physical: serialNumberAddress(digits), why: "last four digits of the serial number plus 1000" },
    { physical: Number(digits.slice(-4)), why: "last four digits of the serial number" },
    { physical: Number(digits.slice(-2)), why: "last two digits of the serial number" },
  ];
  return all.filter(({ physical }, at) => physical > 0 && all.findIndex((one) => one.physical === physical) === at);
}

/** The usual forms on HDLC, likeliest first, each once. */
export function hdlcCandidates(serialNumber?: string): AddressCandidate[] {
  const list: AddressCandidate[] = [{ logical: 1, why: "the usual address, one byte" }];
  if (serialNumber !== undefined) {
    for (const { physical, why } of physicalFromSerial(serialNumber)) {
      list.push({ logical: 1, physical, addressSize: 4, why });
      if (physical < 128) list.push({ logical: 1, physical, addressSize: 2, why });
      list.push({ logical: 16, physical, addressSize: 4, why });
    }
  }
  list.push(
    { logical: 1, physical: 17, addressSize: 4, why: "physical 17, four bytes" },
    { logical: 1, physical: 17, addressSize: 2, why: "physical 17, two bytes" },
    { logical: 1, physical: 16, addressSize: 4, why: "physical 16, four bytes" },
    { logical: 1, physical: 16, addressSize: 2, why: "physical 16, two bytes" },
    { logical: 1, physical: 1, addressSize: 2, why: "physical 1, two bytes" },
    { logical: 1, physical: 1, addressSize: 4, why: "physical 1, four bytes" },
    { logical: 16, why: "logical 16, one byte" },
    { logical: 17, why: "logical 17, one byte" },
    { logical: 1, physical: 0, addressSize: 4, why: "no physical address, four bytes" },
    { logical: 1, physical: 0, addressSize: 2, why: "no physical address, two bytes" },
    { logical: 16, physical: 17, addressSize: 2, why: "logical 16, physical 17, two bytes" },
    { logical: 16, physical: 1, addressSize: 2, why: "logical 16, physical 1, two bytes" },
    { logical: 2, why: "logical 2, one byte" },
    { logical: 1, physical: 2, addressSize: 2, why: "physical 2, two bytes" },
    { logical: 1, physical: 18, addressSize: 4, why: "physical 18, four bytes" },
    {
      logical: 1,
      physical: 0x7f,
      addressSize: 2,
      why: "all stations, two bytes: for a line with one meter only",
    },
    {
      logical: 1,
      physical: 0x3fff,
      addressSize: 4,
      why: "all stations, four bytes: for a line with one meter only",
    },
  );
  return list.filter((one, at) => list.findIndex((other) => sameAddress(one, other)) === at);
}

/** Usual logical devices on the wrapper, most likely first. */
export function wrapperCandidates(): AddressCandidate[] {
  return [1, 16, 17, 2, 3, 32].map((logical) => ({ logical, why: `logical device ${logical}` }));
}

function sameAddress(one: AddressCandidate, other: AddressCandidate): boolean {
  return one.logical === other.logical && one.physical === other.physical && one.addressSize === other.addressSize;
}
