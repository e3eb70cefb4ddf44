// The engine of npm run fuzz. Its package carries a native part that was linked against glibc 2.38 and libstdc++ 13; it uses three names
// of theirs that older systems (Debian 12) lack, each of which has an equal older name. `olderNames` rewrites these references.
import { readFileSync, writeFileSync } from "node:fs";

const SHT_DYNSYM = 11;
const SHT_GNU_VERNEED = 0x6ffffffe;
const SHT_GNU_VERSYM = 0x6fffffff;
const SYMBOL_SIZE = 24;

/** The wanted version, the version in its place, and the names in place of those that only the wanted one has. */
const replacements = [
  // strtol and strtoul differ from the older ones for binary literals ("0b1") only
  { from: "GLIBC_2.38", to: "GLIBC_2.2.5", names: { __isoc23_strtol: "strtol", __isoc23_strtoul: "strtoul" } },
  // starts the standard streams, which Node.js has started long before
  { from: "GLIBCXX_3.4.32", to: "GLIBCXX_3.4", names: { _ZSt21ios_base_library_initv: undefined } },
];

/** The parts of a 64-bit little-endian ELF file that name its imports from other libraries. */
class ElfReferences {
  #file;
  #sections;
  #strings;

  constructor(file) {
    this.#file = file;
    const [table, size, count] = [Number(file.readBigUInt64LE(40)), file.readUInt16LE(58), file.readUInt16LE(60)];
    this.#sections = Array.from({ length: count }, (_, n) => {
      const at = table + n * size;
      return {
        type: file.readUInt32LE(at + 4),
        offset: Number(file.readBigUInt64LE(at + 24)),
        size: Number(file.readBigUInt64LE(at + 32)),
        link: file.readUInt32LE(at + 40),
      };
    });
    const { offset, size: length } = this.#sections[this.#of(SHT_DYNSYM).link];
    this.#strings = { offset, length };
  }

  #of(type) {
    return this.#sections.find((section) => section.type === type);
  }

  #text(at) {
    const start = this.#strings.offset + at;
    return this.#file.toString("latin1", start, this.#file.indexOf(0, start));
  }

  /** Where the string table has a name; also the end of a longer one. */
  #placeOf(name) {
    const { offset, length } = this.#strings;
    const at = this.#file.subarray(offset, offset + length).indexOf(`${name}\0`, 0, "latin1");
    if (at < 0) throw new Error(`the engine does not name ${name}`);
    return at;
  }

  /** The needed versions: name, hash and index, with their places in the file. */
  *versions() {
    for (let at = this.#of(SHT_GNU_VERNEED).offset, next = 1; next !== 0; at += next) {
      next = this.#file.readUInt32LE(at + 12);
      for (let aux = at + this.#file.readUInt32LE(at + 8), step = 1; step !== 0; aux += step) {
        step = this.#file.readUInt32LE(aux + 12);
        yield { at: aux, name: this.#text(this.#file.readUInt32LE(aux + 8)), index: this.#file.readUInt16LE(aux + 6) };
      }
    }
  }

  /** The symbols with the index of their version. */
  *symbols() {
    const { offset, size } = this.#of(SHT_DYNSYM);
    const versions = this.#of(SHT_GNU_VERSYM).offset;
    for (let n = 0; n * SYMBOL_SIZE < size; n++) {
      const at = offset + n * SYMBOL_SIZE;
      const versionAt = versions + 2 * n;
      yield { at, name: this.#text(this.#file.readUInt32LE(at)), versionAt };
    }
  }

  renameVersion({ at }, like) {
    this.#file.copy(this.#file, at, like.at, like.at + 4);
    this.#file.copy(this.#file, at + 8, like.at + 8, like.at + 12);
  }

  renameSymbol({ at }, name) {
    this.#file.writeUInt32LE(this.#placeOf(name), at);
  }

  /** Lets one symbol mean another that the file imports already. */
  redirectSymbol({ at, versionAt }, to) {
    this.#file.copy(this.#file, at, to.at, to.at + 4);
    this.#file.copy(this.#file, versionAt, to.versionAt, to.versionAt + 2);
  }
}

/** Rewrites the references of the engine's native part to names that older systems have. */
export function olderNames(path) {
  const file = readFileSync(path);
  const references = new ElfReferences(file);
  const versions = [...references.versions()];
  const symbols = [...references.symbols()];
  for (const { from, to, names } of replacements) {
    const wanted = versions.find(({ name }) => name === from);
    const older = versions.find(({ name }) => name === to);
    if (wanted === undefined) continue;
    if (older === undefined) throw new Error(`the engine does not name the version ${to}`);
    references.renameVersion(wanted, older);
    for (const symbol of symbols) {
      if (!Object.hasOwn(names, symbol.name)) continue;
      const name = names[symbol.name];
      // getpid has no argument and no effect
      if (name === undefined)
        references.redirectSymbol(
          symbol,
          symbols.find((other) => other.name === "getpid"),
        );
      else references.renameSymbol(symbol, name);
    }
  }
  writeFileSync(path, file);
}
