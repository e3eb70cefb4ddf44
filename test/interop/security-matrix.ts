import { type Cell, cells, javaFaults } from "./security-cells";

/** C: our client, judged by Gurux' meter. M: our meter, by Gurux' client. P: our meter, by dlms-cosem's client. */
export interface Judged {
  readonly cell: Cell;
  readonly judge: "C" | "M" | "P";
}

const rowOf = ({ mechanism, policy, ciphering }: Cell): string =>
  `${mechanism} | ${policy} | ${policy === "none" ? "" : ciphering}`;

/** The table as Markdown. */
export function matrixText(judged: readonly Judged[]): string {
  const rows = [...new Set(cells.map(rowOf))];
  const lines = rows.map((row) => {
    const columns = [0, 1, 2].map((suite) => {
      const known = cells.some((cell) => rowOf(cell) === row && cell.suite === suite);
      if (!known) return "";
      const judges = judged.filter(({ cell }) => rowOf(cell) === row && cell.suite === suite);
      const letters = [...new Set(judges.map(({ judge }) => judge))].sort().join(" ");
      return letters === "" ? "none" : letters;
    });
    return `| ${row} | ${columns.join(" | ")} |`;
  });
  return `# Who judges which association

Written by \`security.test.ts\` from what it ran. **C**: our client against the meter of Gurux for Java 4.0.47. **M**: our
simulated meter, read by the client of Gurux for Java. **P**: our simulated meter, read by dlms-cosem 21.3.2. Each reads
a register and a text of several blocks, in processes of their own. "none" stands where both are ours; an empty cell is a
combination that does not exist (without ciphering and without keys in the proof, the suite means nothing).

| mechanism | policy | ciphering | suite 0 | suite 1 | suite 2 |
|---|---|---|---|---|---|
${lines.join("\n")}

## Where a peer is wrong

${Object.values(javaFaults)
  .map((fault) => `- ${fault}`)
  .join("\n")}

## Without an independent judge

- ECDSA on P-384 (suite 2), for the reason above: the protocol is the one of suite 1. Both proofs are judged by the Python
  package cryptography (\`ecdsa-p384.test.ts\`), which verifies ours and makes the meter's.
- Mechanism 2 in the form of older Landis+Gyr meters, general-ciphering with agreed, wrapped or identified keys,
  general-signing, and the broadcast key: published worked examples where there are any, both sides ours else.
`;
}
