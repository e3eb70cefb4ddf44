/** Several APDUs in one WPDU or information field, within a session: all of them are delivered. */
import assert from "node:assert/strict";
import { toHex } from "../../src/bytes";
import { DlmsClient } from "../../src/client";
import { SharedLines } from "../../src/driver/shared-line";
import { memoryTransport } from "../../src/transport";
import { aare, dataNotification, getData, wpdu } from "../support/apdus";
import { HdlcPeer } from "../support/hdlc-peer";
import { VirtualClock } from "../support/virtual-clock";

const push = (n: number): string => dataNotification(`110${n}`, n);
const ref = { classId: 1, logicalName: "0.0.96.1.0.255", attributeId: 2 };

/** The content of a field around the answer to a GET, and its number of pushes. */
const fields: Readonly<Record<string, (answer: string, llc: string) => string>> = {
  "the answer, then a push": (answer, llc) => `${answer}${llc}${push(1)}`,
  "a push, then the answer": (answer, llc) => `${push(1)}${llc}${answer}`,
  "two pushes around the answer": (answer, llc) => `${push(1)}${llc}${answer}${llc}${push(2)}`,
  "two pushes, then the answer": (answer, llc) => `${push(1)}${llc}${push(2)}${llc}${answer}`,
};

async function readFrom(link: "wrapper" | "hdlc", field: (answer: string, llc: string) => string) {
  const clock = new VirtualClock();
  const llc = link === "hdlc" ? "e6e700" : "";
  const answerTo = (apdu: string): string => {
    if (apdu.startsWith("60")) return aare(0x101f, 1024);
    if (apdu.startsWith("62")) return "6303800100";
    return field(getData("120064", parseInt(apdu.slice(4, 6), 16)), llc);
  };
  const peer = new HdlcPeer({ answer: (apdu) => [answerTo(apdu)] });
  const transport = memoryTransport((line) => ({
    receive: (bytes) => {
      const replies = link === "hdlc" ? peer.receive(bytes) : [wpdu(1, 16, answerTo(toHex(bytes.subarray(8))))];
      for (const reply of replies) line.send(Buffer.from(reply, "hex"));
    },
    closed: () => undefined,
  }));
  const server = link === "hdlc" ? { logical: 1, physical: 17 } : { logical: 1 };
  const client = new DlmsClient(
    { transport, clock, client: { sap: 16 }, server, link: { kind: link } },
    { lines: new SharedLines() },
  );
  const pushes: string[] = [];
  client.on("notification", ({ raw }) => pushes.push(toHex(raw)));
  const { value } = await clock.runUntil(client.read(ref));
  await clock.runUntil(client.close());
  return { value, pushes };
}

describe("several APDUs in one field", () => {
  for (const link of ["wrapper", "hdlc"] as const) {
    for (const [what, field] of Object.entries(fields)) {
      it(`${link}: ${what} gives the value and each push`, async () => {
        const { value, pushes } = await readFrom(link, field);
        assert.equal(value, 100);
        const count = what.startsWith("two") ? 2 : 1;
        assert.deepEqual(pushes, [push(1), push(2)].slice(0, count));
      });
    }
  }
});
