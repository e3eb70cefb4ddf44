import assert from "node:assert/strict";
import fc from "fast-check";
import { describeObis, obisLanguage } from "../../../src/cosem";
import { DlmsConfigError } from "../../../src/errors";

describe("OBIS descriptions", () => {
  // codes and meanings as published in companion specifications (DSMR P1, IDIS, OMS, Nordic HAN lists) and IEC 62056-6-1
  for (const [obis, text] of [
    ["1-0:1.8.0*255", "Active energy import (+A), total"],
    ["1-0:1.8.1*255", "Active energy import (+A), tariff 1"],
    ["1-0:2.8.2*255", "Active energy export (-A), tariff 2"],
    ["1-0:3.8.0*255", "Reactive energy import (+R), total"],
    ["1-0:4.8.0*255", "Reactive energy export (-R), total"],
    ["1-0:5.8.0*255", "Reactive energy quadrant I (+Ri), total"],
    ["1-0:9.8.0*255", "Apparent energy import (+VA), total"],
    ["1-0:1.7.0*255", "Active power import (+P)"],
    ["1-0:2.7.0*255", "Active power export (-P)"],
    ["1-0:3.7.0*255", "Reactive power import (+Q)"],
    ["1-0:21.7.0*255", "Active power import (+P) L1"],
    ["1-0:42.7.0*255", "Active power export (-P) L2"],
    ["1-0:61.8.0*255", "Active energy import (+A) L3, total"],
    ["1-0:31.7.0*255", "Current L1"],
    ["1-0:51.7.0*255", "Current L2"],
    ["1-0:71.7.0*255", "Current L3"],
    ["1-0:32.7.0*255", "Voltage L1"],
    ["1-0:52.7.0*255", "Voltage L2"],
    ["1-0:72.7.0*255", "Voltage L3"],
    ["1-0:13.7.0*255", "Power factor"],
    ["1-0:33.7.0*255", "Power factor L1"],
    ["1-0:14.7.0*255", "Frequency"],
    ["1-0:91.7.0*255", "Current, neutral"],
    ["1-0:81.7.15*255", "Phase angle between U(L2) and I(L2)"],
    ["1-0:32.7.1*255", "Voltage L1, fundamental"],
    ["1-0:31.7.5*255", "Current L1, harmonic 5"],
    ["1-0:31.7.124*255", "Current L1, total harmonic distortion"],
    ["1-0:1.6.0*255", "Active power import (+P), maximum 1"],
    ["1-0:1.6.1*255", "Active power import (+P), maximum 1, tariff 1"],
    ["1-0:1.4.0*255", "Active power import (+P), current average 1"],
    ["1-0:1.29.0*255", "Active energy import (+A), time integral 5 (recording interval 1)"],
    ["1-0:1.8.0*101", "Active energy import (+A), total, last billing period"],
    ["1-0:1.8.0*102", "Active energy import (+A), total, billing period 2 back"],
    ["1-0:1.8.0*12", "Active energy import (+A), total, billing period 12"],
    ["1-1:1.8.0*255", "Active energy import (+A), total, channel 1"],
    ["1-0:0.2.0*255", "Active firmware identifier"],
    ["1-0:0.4.2*255", "Current transformer ratio, numerator"],
    ["1-0:99.1.0*255", "Load profile, recording interval 1"],
    ["1-0:99.97.0*255", "Power failure event log"],
    ["0-0:1.0.0*255", "Clock"],
    ["0-0:40.0.0*255", "Current association"],
    ["0-0:41.0.0*255", "SAP assignment"],
    ["0-0:42.0.0*255", "Logical device name"],
    ["0-0:43.1.0*255", "Invocation counter 0"],
    ["0-0:96.1.0*255", "Device ID 1"],
    ["0-0:96.3.10*255", "Disconnect control"],
    ["0-0:96.7.21*255", "Number of power failures, any phase"],
    ["0-0:96.14.0*255", "Currently active tariff 0"],
    ["0-0:97.97.0*255", "Error register 0"],
    ["0-0:98.1.0*255", "Billing values, period 1"],
    ["0-0:99.98.1*255", "Event log 1"],
    ["0-1:24.2.1*255", "M-Bus value 1, channel 1"],
    ["0-2:24.1.0*255", "M-Bus client, channel 2"],
    ["6-0:1.0.0*255", "Energy"],
    ["6-0:8.0.0*255", "Power"],
    ["6-0:10.0.0*255", "Forward temperature"],
    ["7-0:3.2.0*255", "Forward absolute meter volume, at base conditions"],
    ["7-0:43.1.0*255", "Gas flow rate, corrected"],
    ["8-0:1.0.0*255", "Volume"],
    ["9-0:2.0.0*255", "Flow rate"],
    ["1-0:199.1.0*255", "Electricity: Manufacturer specific object 199.1.0"],
    ["1-0:1.8.200*255", "Electricity: Manufacturer specific object 1.8.200"],
    ["1-0:94.7.0*255", "Electricity: Country specific object 94.7.0"],
    ["0-0:93.1.1*255", "Consortium specific object 93.1.1"],
    ["3-0:1.0.0*255", "Object 1.0.0"],
  ] as const) {
    it(`${obis} is ${text}`, () => assert.equal(describeObis(obis), text));
  }

  it("exist for every code, without holes in the text", () => {
    const group = fc.nat(255);
    fc.assert(
      fc.property(
        fc.constantFrom(0, 1, 4, 5, 6, 7, 8, 9, 15),
        group,
        group,
        group,
        group,
        group,
        (a, b, c, d, e, f) => {
          const text = describeObis(Uint8Array.of(a, b, c, d, e, f));
          assert.match(text, /^[A-Z]/);
          assert.doesNotMatch(text, /[{}]|undefined|NaN/);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("are those of the language that fits the tag, and English for what is none", () => {
    const tags: [unknown, string][] = [
      ["de", "de"],
      ["de-AT", "de"],
      ["DE_ch", "de"],
      ["zh", "zh-CN"],
      ["zh-CN", "zh-CN"],
      ["zh-Hans-SG", "zh-CN"],
      ["zh-TW", "en-US"],
      ["zh-Hant-HK", "en-US"],
      ["en-GB", "en-US"],
      ["fr", "en-US"],
      ["den", "en-US"],
      ["__proto__", "en-US"],
      ["", "en-US"],
      [undefined, "en-US"],
      [["de"], "en-US"],
    ];
    for (const [tag, language] of tags) assert.equal(obisLanguage(tag), language, String(tag));
    assert.equal(describeObis("1-0:1.8.0", { language: "xx" }), "Active energy import (+A), total");
  });

  it("refuse what is no code", () => {
    assert.throws(() => describeObis("energy"), DlmsConfigError);
  });
});
