/** Notes on values of a list table that can hardly be right. */
import assert from "node:assert/strict";
import { decodePush, PushDecoder, type PushListDefinition } from "../../../src/push";
import { dataNotification, double32, item, structure, word16, wrapped } from "../../support/pushes";

const table: PushListDefinition = {
  id: "workshop",
  entries: ["1.0.1.8.0.255", "1.0.1.8.1.255", "1.0.1.8.2.255", "1.0.32.7.0.255"].map((obis) => ({ obis })),
  scalers: { "32.7.0": -1 },
};

function notesOf(total: number, first: number, second: number, tenths: number): readonly string[] {
  const body = structure(double32(total), double32(first), double32(second), word16(tenths));
  const [push] = decodePush(wrapped(dataNotification(body)), { customLists: [table], lists: "workshop" }).pushes;
  assert.ok(push);
  assert.deepEqual(
    push.items.map(({ value }) => value),
    [total, first, second, tenths / 10],
  );
  return push.notes.filter((note) => !note.startsWith("list table"));
}

describe("values of a list table", () => {
  it("have no note if the tariffs give the total and the voltage is usual", () => {
    assert.deepEqual(notesOf(52_837, 13_593, 39_244, 2303), []);
    assert.deepEqual(notesOf(52_838, 13_593, 39_244, 1000), [], "rounding of the registers");
    assert.deepEqual(notesOf(52_837, 13_593, 39_244, 0), [], "a phase that is not connected");
  });

  it("have a note, and stay as they are, if the tariffs do not give the total", () => {
    const [note, ...others] = notesOf(52_837, 39_244, 39_244, 2303);
    assert.equal(note, "1.0.1.8.0.255 = 52837 is not the sum of its tariffs, 78488: check the list table");
    assert.deepEqual(others, []);
  });

  it("have a note, and stay as they are, if a voltage is ten times too high or too low", () => {
    const note = (volts: string): string[] => [
      `voltages are not between 100 and 300 V (1.0.32.7.0.255 = ${volts}): check the list table and its scalers`,
    ];
    assert.deepEqual(notesOf(52_837, 13_593, 39_244, 23_030), note("2303"));
    assert.deepEqual(notesOf(52_837, 13_593, 39_244, 230), note("23"));
  });

  it("are checked with each push of a known layout", () => {
    const decoder = new PushDecoder({ framing: "wrapper", customLists: [table], lists: "workshop" });
    const counts = [2303, 23_030, 2303].map((tenths) => {
      const body = structure(double32(3), double32(1), double32(2), word16(tenths));
      return decoder.add(wrapped(dataNotification(body))).map(({ notes }) => notes.length);
    });
    assert.deepEqual(counts, [[1], [2], [1]]);
  });
});

describe("values whose names and scalers are in the frame", () => {
  it("have no such note, because a meter behind voltage transformers sends other voltages", () => {
    const body = structure(item("1.0.32.7.0.255", word16(577), -1, 35));
    assert.deepEqual(decodePush(wrapped(dataNotification(body))).pushes[0]?.notes, []);
  });
});
