/** Keys and messages of the ciphering benchmark. */
import { fromHex } from "../../src";

export const cipherKeys = {
  encryptionKey: fromHex("000102030405060708090a0b0c0d0e0f"),
  authenticationKey: fromHex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
};
export const clientTitle = "4d4d4d0000000001";
/** GET of the register's value, and its answer, as they are ciphered */
export const request = "c001c100030100010800ff0200";
export const answer = "c401c1000600bc614e";

export const scalerAnswer = "c401c10002020f00161e";

/** plain requests from which the meter learns the client's requests: more than the number of invoke-ids */
export const lessons = 40;
