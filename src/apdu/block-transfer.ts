/** General-Block-Transfer: reader and writer. */
import type { ByteReader, ByteWriter } from "../bytes";
import { DlmsConfigError } from "../errors";
import { readOctets, writeOctets, writeU16 } from "./fields";
import type { GeneralBlockTransfer } from "./model";

/** Block control: bit 7 last block, bit 6 streaming, bits 0..5 window (IEC 62056-5-3 clause 7.3.13). */
export function readGeneralBlockTransfer(reader: ByteReader): GeneralBlockTransfer {
  const what = "general-block-transfer";
  const control = reader.u8(`${what}.block-control`);
  const blockNumber = reader.u16(`${what}.block-number`);
  const blockNumberAck = reader.u16(`${what}.block-number-ack`);
  return {
    apdu: "general-block-transfer",
    last: (control & 0x80) !== 0,
    streaming: (control & 0x40) !== 0,
    window: control & 0x3f,
    blockNumber,
    blockNumberAck,
    data: readOctets(reader, `${what}.block-data`),
  };
}

export function writeGeneralBlockTransfer(writer: ByteWriter, apdu: GeneralBlockTransfer): void {
  const { last, streaming, window } = apdu;
  if (!Number.isInteger(window) || window < 0 || window > 0x3f) {
    throw new DlmsConfigError("CONFIG_INVALID", `block transfer window: expected 0 to 63, got ${window}`);
  }
  writer.u8(0xe0).u8((last ? 0x80 : 0) | (streaming ? 0x40 : 0) | window);
  writeU16(writer, apdu.blockNumber, "block-number");
  writeU16(writer, apdu.blockNumberAck, "block-number-ack");
  writeOctets(writer, apdu.data);
}
