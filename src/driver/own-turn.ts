/** The turn on a shared line for unsolicited frames of a link, such as a keep-alive. */
import type { LineUser, SharedLine } from "./shared-line";

/** Waits for a turn on the line, and records whether it holds one. */
export class OwnTurn {
  readonly #line: SharedLine;
  readonly #user: LineUser;
  /** called when the turn is granted */
  readonly #run: () => void;
  #state: "none" | "awaited" | "held" = "none";

  constructor(line: SharedLine, user: LineUser, run: () => void) {
    this.#line = line;
    this.#user = user;
    this.#run = run;
  }

  get awaited(): boolean {
    return this.#state === "awaited";
  }

  get held(): boolean {
    return this.#state === "held";
  }

  /** @param turn undefined: the turn is granted already */
  begin(turn: Promise<void> | undefined): void {
    this.#state = "awaited";
    if (turn === undefined) this.#run();
    else turn.then(this.#run, this.#run);
  }

  hold(): void {
    this.#state = "held";
  }

  end(): void {
    if (this.#state === "held") this.#line.release(this.#user);
    this.#state = "none";
  }
}
