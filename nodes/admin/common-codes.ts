/** OBIS codes that the editor offers while a code is typed, with labels in each language. */
import { obisLanguage, type ObisLanguageTag } from "../../src/index";
import type { CommonCode } from "./answers";

interface Row {
  readonly obis: string;
  readonly labels: Readonly<Record<ObisLanguageTag, string>>;
  readonly objectType: string;
}

const row = (obis: string, en: string, de: string, zh: string, objectType = "REGISTER"): Row => ({
  obis,
  labels: { "en-US": en, de, "zh-CN": zh },
  objectType,
});

const phases = [1, 2, 3].flatMap((phase) => {
  const c = 20 * phase;
  const zh = `${"ABC".charAt(phase - 1)}相`;
  return [
    row(`1-0:${c + 12}.7.0*255`, `Voltage L${phase}`, `Spannung L${phase}`, `${zh}电压`),
    row(`1-0:${c + 11}.7.0*255`, `Current L${phase}`, `Strom L${phase}`, `${zh}电流`),
    row(`1-0:${c + 1}.7.0*255`, `Active power import L${phase}`, `Wirkleistung Bezug L${phase}`, `${zh}正向有功功率`),
    row(
      `1-0:${c + 2}.7.0*255`,
      `Active power export L${phase}`,
      `Wirkleistung Lieferung L${phase}`,
      `${zh}反向有功功率`,
    ),
  ];
});

const rows: readonly Row[] = [
  row("1-0:1.8.0*255", "Active energy import, total", "Wirkenergie Bezug, gesamt", "正向有功总电能"),
  row("1-0:1.8.1*255", "Active energy import, tariff 1", "Wirkenergie Bezug, Tarif 1", "正向有功电能，费率1"),
  row("1-0:1.8.2*255", "Active energy import, tariff 2", "Wirkenergie Bezug, Tarif 2", "正向有功电能，费率2"),
  row("1-0:2.8.0*255", "Active energy export, total", "Wirkenergie Lieferung, gesamt", "反向有功总电能"),
  row("1-0:2.8.1*255", "Active energy export, tariff 1", "Wirkenergie Lieferung, Tarif 1", "反向有功电能，费率1"),
  row("1-0:2.8.2*255", "Active energy export, tariff 2", "Wirkenergie Lieferung, Tarif 2", "反向有功电能，费率2"),
  row("1-0:3.8.0*255", "Reactive energy import, total", "Blindenergie Bezug, gesamt", "正向无功总电能"),
  row("1-0:4.8.0*255", "Reactive energy export, total", "Blindenergie Lieferung, gesamt", "反向无功总电能"),
  row("1-0:1.7.0*255", "Active power import", "Wirkleistung Bezug", "正向有功功率"),
  row("1-0:2.7.0*255", "Active power export", "Wirkleistung Lieferung", "反向有功功率"),
  row("1-0:3.7.0*255", "Reactive power import", "Blindleistung Bezug", "正向无功功率"),
  row("1-0:4.7.0*255", "Reactive power export", "Blindleistung Lieferung", "反向无功功率"),
  row("1-0:9.7.0*255", "Apparent power", "Scheinleistung", "视在功率"),
  row("1-0:13.7.0*255", "Power factor", "Leistungsfaktor", "功率因数"),
  row("1-0:14.7.0*255", "Frequency", "Frequenz", "频率"),
  ...phases,
  row(
    "1-0:1.6.0*255",
    "Active power import, maximum demand",
    "Wirkleistung Bezug, höchster Mittelwert",
    "正向有功最大需量",
    "EXTENDED_REGISTER",
  ),
  row(
    "1-0:1.4.0*255",
    "Active power import, current average demand",
    "Wirkleistung Bezug, laufender Mittelwert",
    "正向有功当前需量",
    "DEMAND_REGISTER",
  ),
  row("1-0:99.1.0*255", "Load profile 1", "Lastgang 1", "负荷曲线1", "PROFILE_GENERIC"),
  row("1-0:99.2.0*255", "Load profile 2", "Lastgang 2", "负荷曲线2", "PROFILE_GENERIC"),
  row("0-0:98.1.0*255", "Billing profile", "Abrechnungsprofil", "结算曲线", "PROFILE_GENERIC"),
  row("0-0:1.0.0*255", "Clock", "Uhr", "时钟", "CLOCK"),
  row("0-0:96.1.0*255", "Serial number", "Seriennummer", "出厂编号", "DATA"),
  row("0-0:42.0.0*255", "Logical device name", "Name des logischen Geräts", "逻辑设备名称", "DATA"),
  row("0-0:40.0.0*255", "Current association", "Aktuelle Assoziation", "当前关联", "ASSOCIATION_LN"),
  row("0-0:96.14.0*255", "Active tariff", "Aktiver Tarif", "当前费率", "DATA"),
  row("0-0:97.97.0*255", "Error register", "Fehlerregister", "错误寄存器", "DATA"),
  row("0-0:96.3.10*255", "Disconnect control", "Schaltgerät", "拉合闸控制", "DISCONNECT_CONTROL"),
  row("7-0:3.0.0*255", "Gas volume", "Gasvolumen", "燃气体积", "EXTENDED_REGISTER"),
  row("8-0:1.0.0*255", "Water volume", "Wasservolumen", "水体积"),
  row("6-0:1.0.0*255", "Heat energy", "Wärmeenergie", "热量"),
];

/** @param wanted a language tag; a language without labels falls back to English */
export function commonCodesIn(wanted: unknown): readonly CommonCode[] {
  const language = obisLanguage(wanted);
  return rows.map(({ obis, labels, objectType }) => ({ obis, label: labels[language], objectType }));
}

export const commonCodes: readonly CommonCode[] = commonCodesIn("en-US");
