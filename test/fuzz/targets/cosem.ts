/** Fuzz targets for COSEM values, object lists and profiles. */
import assert from "node:assert/strict";
import { ArrayElementStream, ElementStream } from "../../../src/codec";
import {
  createTimedRowReader,
  dateFromBytes,
  dateTimeFromBytes,
  dateTimeToBytes,
  presentAttribute,
  presentDateTime,
  profileColumns,
  readCaptureObjects,
  readObjectList,
  readObjectListBytes,
  readScalerUnit,
  readShortNameList,
  readShortNameListBytes,
  timeFromBytes,
} from "../../../src/cosem";
import { decodeData } from "../../../src/inspect";
import { checkNodes, checkText, onlyDlmsErrors, type Target } from "./target";

const nodesPerByte = 64;
const classes = [1, 3, 4, 5, 7, 8, 15, 18, 20, 21, 22, 40, 63, 64, 70, 71, 72] as const;

const columns = profileColumns([
  { classId: 8, logicalName: "0.0.1.0.0.255", attributeId: 2, dataIndex: 0 },
  { classId: 3, logicalName: "1.0.1.8.0.255", attributeId: 2, dataIndex: 0 },
]);

/** The elements that a stream delivers; the rest is dropped with its error. */
function streamed(input: Uint8Array, size: number): unknown[] {
  const stream = new ElementStream(createTimedRowReader(columns, { capturePeriod: 900, timeKey: "0.0.1.0.0.255" }));
  const rows: unknown[] = [];
  onlyDlmsErrors(() => {
    for (let at = 0; at < input.length; at += size) {
      for (const row of stream.push(input.subarray(at, at + size)).elements) rows.push(row);
    }
  });
  return rows;
}

export const cosemTargets: readonly Target[] = [
  {
    name: "profile-rows",
    seeds: ["data"],
    run: (input) => {
      const rows = streamed(input, Math.max(1, input.length));
      checkNodes(rows, input, nodesPerByte);
      // a batch that ends in an error is lost as a whole, so single bytes yield at least as many elements
      const singly = streamed(input, 1);
      assert.deepEqual(singly.slice(0, rows.length), rows);
    },
  },
  {
    name: "elements",
    seeds: ["data"],
    run: (input) => {
      const stream = new ArrayElementStream();
      const elements: unknown[] = [];
      onlyDlmsErrors(() => {
        for (let at = 0; at < input.length; at += 3) {
          for (const one of stream.push(input.subarray(at, at + 3)).elements) elements.push(one);
        }
      });
      checkNodes(elements, input, nodesPerByte);
    },
  },
  {
    name: "present",
    seeds: ["data"],
    prefixes: [
      [0, 1],
      [1, 1],
      [4, 2],
      [7, 1],
    ],
    run: (input) => {
      const [which = 0, attributeId = 2] = input;
      const data = onlyDlmsErrors(() => decodeData(input.subarray(2)));
      if (data === undefined) return;
      const classId = classes[which % classes.length] ?? 1;
      const ref = { classId, logicalName: "1.0.1.8.0.255", attributeId: (attributeId % 20) + 1 };
      const scalerUnit = readScalerUnit(data) ?? { scaler: (which % 9) - 4, unitCode: 30 };
      for (const dates of ["iso", "date", "epoch"] as const) {
        const shown = presentAttribute(data, ref, scalerUnit, { dates });
        checkNodes(shown, input, nodesPerByte);
        JSON.stringify(shown, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
      }
    },
  },
  {
    name: "object-list",
    seeds: ["data"],
    prefixes: [[1], [3]],
    run: (input) => {
      const [version = 0] = input;
      const bytes = input.subarray(1);
      const directories = [
        onlyDlmsErrors(() => readObjectListBytes(bytes, version % 4).directory),
        onlyDlmsErrors(() => readShortNameListBytes(bytes).directory),
        onlyDlmsErrors(() => readObjectList(decodeData(bytes), version % 4)),
        onlyDlmsErrors(() => readShortNameList(decodeData(bytes))),
      ];
      for (const directory of directories) {
        if (directory !== undefined) checkNodes(directory.objects, input, nodesPerByte * 4);
      }
    },
  },
  {
    name: "capture-objects",
    seeds: ["data"],
    run: (input) => {
      const objects = onlyDlmsErrors(() => readCaptureObjects(decodeData(input)));
      if (objects !== undefined) checkNodes(profileColumns(objects), input, nodesPerByte);
    },
  },
  {
    name: "date-time",
    seeds: ["data", "text"],
    run: (input) => {
      onlyDlmsErrors(() => dateFromBytes(input));
      onlyDlmsErrors(() => timeFromBytes(input));
      for (let at = 0; at + 12 <= input.length; at += 12) {
        const parts = onlyDlmsErrors(() => dateTimeFromBytes(input.subarray(at, at + 12)));
        if (parts === undefined) continue;
        for (const timeZone of [undefined, "Europe/Berlin", "Pacific/Apia"]) {
          const { value } = presentDateTime(parts, timeZone === undefined ? {} : { timeZone });
          if (typeof value === "string") checkText(value, 64);
        }
        onlyDlmsErrors(() => dateTimeToBytes(parts));
      }
    },
  },
];
