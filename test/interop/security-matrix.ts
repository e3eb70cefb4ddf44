/** Formats the security matrix as Markdown. */
import { type JudgedMessage, messageCells, messageFaults, type MessageCell } from "./message-protection";
import { type Cell, cells, javaFaults } from "./security-cells";

/**
 * C: our client, judged by Gurux' meter. M: our meter, by Gurux' client. P: our meter, by dlms-cosem's client.
 * J: our client, by jDLMS's meter. D: our meter, by jDLMS's client.
 */
export interface Judged {
  readonly cell: Cell;
  readonly judge: "C" | "M" | "P" | "J" | "D";
}

const rowOf = ({ mechanism, policy, ciphering }: Cell): string =>
  `${mechanism} | ${policy} | ${policy === "none" ? "" : ciphering}`;

function messageRow(cell: MessageCell, judged: readonly JudgedMessage[]): string {
  const { protection, policy } = cell;
  const judges = judged.filter((one) => one.cell.protection === protection && one.cell.policy === policy);
  const letters = [...new Set(judges.map(({ judge }) => judge))].sort().join(" ");
  return `| ${protection} | ${policy} | ${letters === "" ? "none" : letters} |`;
}

/** The tables as Markdown. */
export function matrixText(judged: readonly Judged[], messages: readonly JudgedMessage[]): string {
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
simulated meter, read by the client of Gurux for Java. **P**: our simulated meter, read by dlms-cosem 21.3.2. **J**: our
client against the meter of jDLMS 1.8.0. **D**: our simulated meter, read by the client of jDLMS. Each reads a register and
a text of several blocks, in processes of their own. "none" stands where both are ours; an empty cell is a
combination that does not exist (without ciphering and without keys in the proof, the suite means nothing).

| mechanism | policy | ciphering | suite 0 | suite 1 | suite 2 |
|---|---|---|---|---|---|
${lines.join("\n")}

jDLMS has three mechanisms, none, LLS and GMAC, and suite 0. Ciphered it works with both protections together; under one
alone, or under GMAC without ciphering, neither its meter nor its client gets through, and its meter refuses LLS in the
ciphered context. What it calls suite 1 has keys of 256 bits, which are suite 2's (IEC 62056-5-3, security suites).

## Keys and signatures of single messages

In suite 1. **C** and **M** as above, every request and every answer signed. **O**: a general-ciphering request of our
client, opened by the code of Gurux for Java. **S**: one that it made, opened by ours.

| protection | policy | suite 1 |
|---|---|---|
${messageCells.map((cell) => messageRow(cell, messages)).join("\n")}

## Where a peer is wrong

${[...Object.values(javaFaults), ...messageFaults].map((fault) => `- ${fault}`).join("\n")}

## Without an independent judge

- ECDSA on P-384 (suite 2), for the reason above: the protocol is the one of suite 1. Both proofs are judged by the Python
  package cryptography (\`ecdsa-p384.test.ts\`), which verifies ours and makes the meter's.
- What "none" stands for in the second table, and all of it in suite 2; general-ciphering with wrapped and identified keys.
  Key agreement, derivation, key wrap, ciphering and signatures of requests and answers are judged by the Python package
  cryptography (\`message-primitives.test.ts\`), and what is derived, authenticated and signed is our reading of the
  standard, with the Green Book's example for one-pass (key, signature and plaintext; its printed tag fits no known reading).
- Mechanism 2 in the form of older Landis+Gyr meters, and the broadcast key: both sides ours.
`;
}
