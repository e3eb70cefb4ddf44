/** Names of objects and classes in each language. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { listClasses, units } from "../../../src/cosem";
import {
  describeClass,
  describeObis,
  describeUnit,
  obisLanguages,
  type ObisLanguageTag,
  obisTexts,
} from "../../../src/names";

const others = ["de", "zh-CN"] as const;

/** Code, then German and Chinese. Terms: VDE-AR-N 4400, EN 13757-1 (German edition); GB/T 17215, DL/T 645, DL/T 790.61. */
const names: readonly (readonly [obis: string, de: string, zh: string])[] = [
  ["1-0:1.8.0*255", "Wirkenergie Bezug (+A), gesamt", "正向有功电能（+A），总"],
  ["1-0:1.8.1*255", "Wirkenergie Bezug (+A), Tarif 1", "正向有功电能（+A），费率1"],
  ["1-0:2.8.2*255", "Wirkenergie Lieferung (-A), Tarif 2", "反向有功电能（-A），费率2"],
  ["1-0:3.8.0*255", "Blindenergie Bezug (+R), gesamt", "正向无功电能（+R），总"],
  ["1-0:8.8.0*255", "Blindenergie Quadrant IV (-Rc), gesamt", "第四象限无功电能（-Rc），总"],
  ["1-0:9.8.0*255", "Scheinenergie Bezug (+VA), gesamt", "正向视在电能（+VA），总"],
  ["1-0:61.8.0*255", "Wirkenergie Bezug (+A) L3, gesamt", "C相正向有功电能（+A），总"],
  ["1-0:1.7.0*255", "Wirkleistung Bezug (+P)", "正向有功功率（+P）"],
  ["1-0:42.7.0*255", "Wirkleistung Lieferung (-P) L2", "B相反向有功功率（-P）"],
  ["1-0:16.7.0*255", "Wirkleistung, Differenz aus Bezug und Lieferung (|+P|-|-P|)", "正反向有功功率之差（|+P|-|-P|）"],
  ["1-0:31.7.0*255", "Strom L1", "A相电流"],
  ["1-0:52.7.0*255", "Spannung L2", "B相电压"],
  ["1-0:13.7.0*255", "Leistungsfaktor", "功率因数"],
  ["1-0:85.7.0*255", "Leistungsfaktor Lieferung L1", "A相反向功率因数"],
  ["1-0:14.7.0*255", "Frequenz", "频率"],
  ["1-0:91.7.0*255", "Strom, Neutralleiter", "零线电流"],
  ["1-0:81.7.15*255", "Phasenwinkel zwischen U(L2) und I(L2)", "Ub与Ib之间的相角"],
  ["1-0:81.7.99*255", "Phasenwinkel 99", "相角 99"],
  ["1-0:32.7.1*255", "Spannung L1, Grundschwingung", "A相电压，基波"],
  ["1-0:31.7.5*255", "Strom L1, 5. Harmonische", "A相电流，5次谐波"],
  ["1-0:31.7.124*255", "Strom L1, Gesamtverzerrung (THD)", "A相电流，总谐波畸变率"],
  ["1-0:1.6.1*255", "Wirkleistung Bezug (+P), Maximum 1, Tarif 1", "正向有功功率（+P），最大值1，费率1"],
  ["1-0:1.4.0*255", "Wirkleistung Bezug (+P), laufender Mittelwert 1", "正向有功功率（+P），当前平均值1"],
  ["1-0:12.31.0*255", "Spannung, Unterschreitung, Schwelle", "电压，越下限，阈值"],
  [
    "1-0:1.29.0*255",
    "Wirkenergie Bezug (+A), Zeitintegral 5 (Registrierperiode 1)",
    "正向有功电能（+A），时间积分5（记录周期1）",
  ],
  [
    "1-0:1.8.0*101",
    "Wirkenergie Bezug (+A), gesamt, letzte Abrechnungsperiode",
    "正向有功电能（+A），总，上一结算周期",
  ],
  [
    "1-0:1.8.0*102",
    "Wirkenergie Bezug (+A), gesamt, Abrechnungsperiode 2 zurück",
    "正向有功电能（+A），总，上2结算周期",
  ],
  ["1-0:1.8.0*12", "Wirkenergie Bezug (+A), gesamt, Abrechnungsperiode 12", "正向有功电能（+A），总，结算周期12"],
  ["1-1:1.8.0*255", "Wirkenergie Bezug (+A), gesamt, Kanal 1", "正向有功电能（+A），总，通道1"],
  ["1-0:0.4.2*255", "Stromwandlerverhältnis, primär", "电流互感器变比，分子"],
  ["1-0:99.1.0*255", "Lastgang, Registrierperiode 1", "负荷曲线，记录周期1"],
  ["1-0:99.97.0*255", "Protokoll der Netzausfälle", "停电事件日志"],
  ["0-0:1.0.0*255", "Uhr", "时钟"],
  ["0-0:10.0.1*255", "Skripttabelle: Abrechnungsrückstellung", "结算复位脚本表"],
  ["0-0:40.0.0*255", "Aktuelle Assoziation", "当前关联"],
  ["0-0:42.0.0*255", "Name des logischen Geräts", "逻辑设备名称"],
  ["0-0:43.1.0*255", "Aufrufzähler 0", "调用计数器0"],
  ["0-0:96.1.0*255", "Geräte-ID 1", "设备编号1"],
  ["0-0:96.3.10*255", "Schaltgerät (Sperren und Freigeben)", "拉合闸控制"],
  ["0-0:96.7.21*255", "Anzahl der Netzausfälle, irgendeine Phase", "停电次数，任意相"],
  ["0-0:96.14.0*255", "Aktuell aktiver Tarif (1)", "当前费率（1）"],
  ["0-0:97.97.0*255", "Fehlerregister 1", "错误寄存器1"],
  ["0-0:98.1.0*255", "Abrechnungswerte, Periode 1", "结算数据，周期1"],
  ["0-1:24.2.1*255", "M-Bus-Wert 1, Kanal 1", "M-Bus值1，通道1"],
  ["4-0:2.0.0*255", "Bewertetes Integral", "加权积分值"],
  ["5-0:10.0.0*255", "Vorlauftemperatur", "供水温度"],
  ["6-0:1.0.0*255", "Energie", "能量"],
  ["6-0:1.2.0*255", "Energie, Stichtagswert", "能量，设定日值"],
  ["6-0:9.5.0*255", "Durchfluss, Maximum", "流量，最大值"],
  ["7-0:3.2.0*255", "Volumen am Zähler vorwärts, gesamt, im Normzustand", "表计正向体积，总计，标况"],
  ["7-0:54.0.0*255", "Brennwert", "高位发热量"],
  [
    "7-0:54.2.13*255",
    "Brennwert, im Normzustand, laufender Mittelwert der Mittelungsperiode 2",
    "高位发热量，标况，平均周期2当前平均值",
  ],
  ["7-0:70.67.0*255", "Gasanalyse, Methan (CH₄)", "燃气分析，甲烷（CH₄）"],
  [
    "7-0:43.15.0*255",
    "Gasdurchfluss, laufender Mittelwert der Mittelungsperiode 1, im Betriebszustand",
    "燃气流量，平均周期1当前平均值，工况",
  ],
  [
    "7-0:99.3.2*255",
    "Lastgang: Volumen am Zähler vorwärts, gesamt, im Normzustand",
    "负荷曲线：表计正向体积，总计，标况",
  ],
  ["1-0:12.8.0*255", "Spannung, Zeitintegral 1", "电压，时间积分1"],
  [
    "1-0:32.32.12*255",
    "Spannung L1, Unterschreitung, Anzahl, Einbrüche um 15 bis 30 % für 0,5 bis 1 s",
    "A相电压，越下限，次数，暂降深度15%至30%，时间0.5至1 s",
  ],
  ["1-0:83.8.34*255", "Transformatorwirkverluste (+) L1, Zeitintegral 1", "A相变压器有功损耗（+），时间积分1"],
  ["1-0:124.7.0*255", "Spannung L1-L2", "A-B线电压"],
  ["1-0:12.35.0*2", "Spannung, Überschreitung, Schwelle, Schwelle 2", "电压，越上限，阈值，阈值2"],
  ["1-0:99.10.1*255", "Profil der Spannungseinbrüche", "电压暂降记录"],
  ["1-0:0.5.1*2", "Grenzwert der Leistung 2", "需量限值2"],
  ["0-0:0.1.2*5", "Zeitpunkt der Abrechnungsperiode (1), Abrechnungsperiode 5", "结算周期的时间（1），结算周期5"],
  ["0-0:19.20.3*255", "Gebühr 3, Konto 1", "费用3，账户1"],
  ["0-0:96.20.5*255", "Klemmendeckel geöffnet, Anzahl der Ereignisse", "端子盖打开，事件次数"],
  ["0-0:97.98.10*255", "Alarmfilter 1", "报警过滤器1"],
  ["0-0:10.3.106*255", "Skripttabelle: Schaltgerät, Ausführung 3", "拉合闸控制脚本表，实现方式3"],
  ["0-0:94.31.0*255", "Länderspezifisches Objekt 94.31.0 (Niederlande)", "国家自定义对象 94.31.0（荷兰）"],
  ["1-65:1.8.0*255", "Elektrizität: Versorgerspezifisches Objekt 1.8.0", "电：公用事业自定义对象 1.8.0"],
  ["2-0:12.7.0*255", "Spannung 7.0", "电压 7.0"],
  ["8-0:1.0.0*255", "Volumen", "体积"],
  ["9-0:2.0.1*255", "Durchfluss, Tarif 1", "流量，费率1"],
  ["1-0:199.1.0*255", "Elektrizität: Herstellerspezifisches Objekt 199.1.0", "电：厂商自定义对象 199.1.0"],
  ["7-0:94.7.0*255", "Gas: Länderspezifisches Objekt 94.7.0 (Russland)", "燃气：国家自定义对象 94.7.0（俄罗斯）"],
  ["0-0:93.1.1*255", "Konsortiumsspezifisches Objekt 93.1.1", "联盟自定义对象 93.1.1"],
  ["15-0:1.0.0*255", "Anderes Medium: Objekt 1.0.0", "其他介质：对象 1.0.0"],
  ["3-0:1.0.0*255", "Objekt 1.0.0", "对象 1.0.0"],
];

/** Every text of a language, without its placeholders. */
function textsOf(language: ObisLanguageTag): string[] {
  const { phrases, objects } = obisTexts(language);
  const patterns = Object.values(objects).flatMap((texts) => Object.values(texts));
  const classes = listClasses().map(({ id }) => describeClass(id, { language }));
  return [...Object.values(phrases), ...patterns, ...classes].map((text) => text.replace(/\{\w+\}/g, " "));
}
const wordsOf = (text: string): string[] =>
  (text.match(/[A-Za-zÄÖÜäöüß]{2,}/g) ?? []).map((word) => word.toLowerCase());

/** Names of protocols and networks, signs of quantities, units and elements; In is the current of the neutral. */
const international = new Set(
  (
    "aps ar bus ch co coap cosem cpas dlms fsk ftp gprs gsm hdlc he hs iec in ip ipv iso lan llc ln lorawan lowpan " +
    "lpwan lte mac mpl ms ntp plc ppp prime pstn qmax qmin rc rcu rfe ri rpl sap sas schc smtp sn ssas sscs sun tcp " +
    "udp unix usa va wi xm xs zigbee"
  ).split(" "),
);
/** Words that are equal in German and English, and technical terms in the manuals of German meters. */
const german = new Set(
  (
    "absolute argon belarus broadcast chile china client encoder firmware gas gateway helium hybrid id ii iii index " +
    "initiator integral iran israel iv japan led malaysia master maxima maximum medium minimum mode name pair " +
    "pakistan parameter peru phase portugal profile push quadrant register relative saudi slave standard " +
    "synchronisation thailand token twisted ukraine utility venezuela version wireless wobbe"
  ).split(" "),
);
const english = new Set(textsOf("en-US").flatMap(wordsOf));

function englishIn(text: string, language: "de" | "zh-CN"): string[] {
  const allowed = (word: string): boolean => international.has(word) || (language === "de" && german.has(word));
  return wordsOf(text).filter((word) => english.has(word) && !allowed(word));
}

const code = fc
  .tuple(
    fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 200),
    fc.oneof(fc.constantFrom(0, 1, 128), fc.nat(255)),
    fc.nat(255),
    fc.oneof(fc.nat(60), fc.nat(255)),
    fc.oneof(fc.nat(127), fc.nat(255)),
    fc.oneof(fc.constantFrom(255, 101, 126), fc.nat(255)),
  )
  .map((groups) => Uint8Array.from(groups));

describe("names of OBIS codes in other languages", () => {
  for (const [obis, de, zh] of names) {
    it(`${obis} is ${de}, ${zh}`, () => {
      assert.equal(describeObis(obis, { language: "de" }), de);
      assert.equal(describeObis(obis, { language: "zh-CN" }), zh);
    });
  }

  it("each language has every text, none empty, with the same placeholders", () => {
    const flat = (language: ObisLanguageTag): Map<string, string> => {
      const { phrases, objects } = obisTexts(language);
      const texts = new Map(Object.entries(phrases as Readonly<Record<string, string>>));
      for (const [medium, patterns] of Object.entries(objects)) {
        for (const [pattern, text] of Object.entries(patterns)) texts.set(`${medium}: ${pattern}`, text);
      }
      return texts;
    };
    const placeholders = (text = ""): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
    const reference = flat("en-US");
    assert.ok(reference.size > 700);
    for (const language of others) {
      const texts = flat(language);
      assert.deepEqual([...texts.keys()].sort(), [...reference.keys()].sort(), language);
      for (const [key, text] of texts) {
        assert.notEqual(text.trim(), "", `${language} ${key}`);
        assert.deepEqual(placeholders(text), placeholders(reference.get(key)), `${language} ${key}`);
      }
    }
  });

  it("no two objects with different English names share one name", () => {
    for (const language of others) {
      for (const [medium, patterns] of Object.entries(obisTexts(language).objects)) {
        const texts = Object.values(patterns);
        assert.deepEqual(
          texts.filter((text, i) => texts.indexOf(text) !== i),
          [],
          `${language} ${medium}`,
        );
      }
    }
  });

  it("no English word is left in a table", () => {
    assert.ok(english.has("energy") && english.has("tariff") && english.has("setup"));
    for (const language of others) {
      for (const text of textsOf(language)) assert.deepEqual(englishIn(text, language), [], text);
    }
  });

  it("every code has a text in each language, without holes and without English words", () => {
    fc.assert(
      fc.property(code, (obis) => {
        for (const language of obisLanguages) {
          const text = describeObis(obis, { language });
          assert.match(text, /^\S.*\S$|^\S$/);
          assert.doesNotMatch(text, /[{}]|undefined|NaN/);
          if (language !== "en-US") assert.deepEqual(englishIn(text, language), [], `${text} (${obis.join(".")})`);
        }
        assert.match(describeObis(obis, { language: "de" }), /^[A-ZÄÖÜ]/);
        assert.match(describeObis(obis, { language: "zh-CN" }), /\p{Script=Han}/u);
        assert.doesNotMatch(describeObis(obis, { language: "zh-CN" }), /[,:;()] |[a-z]{3}.*[a-z]{4}/);
      }),
      { numRuns: 5000 },
    );
  });

  it("names the classes of the table in each language, and shows others as a number", () => {
    for (const language of others) {
      const ids = [...new Set(listClasses().map(({ id }) => id))];
      assert.deepEqual(
        ids.filter((id) => obisTexts(language).classes?.[id] === undefined),
        [],
      );
      assert.equal(new Set(ids.map((id) => describeClass(id, { language }))).size, ids.length);
    }
    assert.deepEqual(
      obisLanguages.map((language) => describeClass(4, { language })),
      ["Extended register", "Erweitertes Register", "扩展寄存器"],
    );
    assert.deepEqual(
      obisLanguages.map((language) => describeClass(8192, { language })),
      ["class 8192", "Klasse 8192", "类8192"],
    );
    assert.equal(describeClass(7), "Profile generic");
  });

  it("units that are words follow the language, symbols are the same everywhere", () => {
    assert.deepEqual(
      obisLanguages.map((language) => describeUnit(30, { language })),
      ["Wh", "Wh", "Wh"],
    );
    assert.deepEqual(
      obisLanguages.map((language) => describeUnit(10, { language })),
      ["currency", "Währungseinheiten", "货币单位"],
    );
    assert.deepEqual(
      obisLanguages.map((language) => describeUnit(200, { language })),
      ["unit 200", "Einheit 200", "单位200"],
    );
    for (const language of others) {
      assert.equal(describeUnit(255, { language }), null);
      for (const [unitCode, { symbol }] of Object.entries(units)) {
        const text = describeUnit(Number(unitCode), { language });
        assert.ok(symbol === "" || (text !== null && text !== ""), unitCode);
        assert.doesNotMatch(text ?? "", /currency|other/);
      }
    }
  });
});
