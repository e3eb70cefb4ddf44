/** Codes that the editor offers while one is typed, with the class under which meters usually have them. */
export interface CommonCode {
  readonly obis: string;
  readonly label: string;
  readonly objectType: string;
}

const row = (obis: string, label: string, objectType = "REGISTER"): CommonCode => ({ obis, label, objectType });

const phases = [1, 2, 3].flatMap((phase) => {
  const c = 20 * phase;
  return [
    row(`1-0:${c + 12}.7.0*255`, `Voltage L${phase}`),
    row(`1-0:${c + 11}.7.0*255`, `Current L${phase}`),
    row(`1-0:${c + 1}.7.0*255`, `Active power import L${phase}`),
    row(`1-0:${c + 2}.7.0*255`, `Active power export L${phase}`),
  ];
});

export const commonCodes: readonly CommonCode[] = [
  row("1-0:1.8.0*255", "Active energy import, total"),
  row("1-0:1.8.1*255", "Active energy import, tariff 1"),
  row("1-0:1.8.2*255", "Active energy import, tariff 2"),
  row("1-0:2.8.0*255", "Active energy export, total"),
  row("1-0:2.8.1*255", "Active energy export, tariff 1"),
  row("1-0:2.8.2*255", "Active energy export, tariff 2"),
  row("1-0:3.8.0*255", "Reactive energy import, total"),
  row("1-0:4.8.0*255", "Reactive energy export, total"),
  row("1-0:1.7.0*255", "Active power import"),
  row("1-0:2.7.0*255", "Active power export"),
  row("1-0:3.7.0*255", "Reactive power import"),
  row("1-0:4.7.0*255", "Reactive power export"),
  row("1-0:9.7.0*255", "Apparent power"),
  row("1-0:13.7.0*255", "Power factor"),
  row("1-0:14.7.0*255", "Frequency"),
  ...phases,
  row("1-0:1.6.0*255", "Active power import, maximum demand", "EXTENDED_REGISTER"),
  row("1-0:1.4.0*255", "Active power import, current average demand", "DEMAND_REGISTER"),
  row("1-0:99.1.0*255", "Load profile 1", "PROFILE_GENERIC"),
  row("1-0:99.2.0*255", "Load profile 2", "PROFILE_GENERIC"),
  row("0-0:98.1.0*255", "Billing profile", "PROFILE_GENERIC"),
  row("0-0:1.0.0*255", "Clock", "CLOCK"),
  row("0-0:96.1.0*255", "Serial number", "DATA"),
  row("0-0:42.0.0*255", "Logical device name", "DATA"),
  row("0-0:40.0.0*255", "Current association", "ASSOCIATION_LN"),
  row("0-0:96.14.0*255", "Active tariff", "DATA"),
  row("0-0:97.97.0*255", "Error register", "DATA"),
  row("0-0:96.3.10*255", "Disconnect control", "DISCONNECT_CONTROL"),
  row("7-0:3.0.0*255", "Gas volume", "EXTENDED_REGISTER"),
  row("8-0:1.0.0*255", "Water volume"),
  row("6-0:1.0.0*255", "Heat energy"),
];
