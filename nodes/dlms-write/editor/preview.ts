// Shows the bytes of the value in the dlms-write dialog while it is typed.
import type { PreviewAnswer, RefusalAnswer } from "../../admin/answers";
import { t } from "./texts";

/** The bytes are asked for when no key was pressed for this time. */
const typingPauseMs = 200;

export class ValuePreview {
  readonly #place: JQuery;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(place: JQuery) {
    this.#place = place;
  }

  /** A sentence in place of bytes. */
  say(key: "fromMessage" | "none"): void {
    this.#stop();
    this.#show(t(`preview.${key}`), false);
  }

  ask(question: object): void {
    this.#stop();
    const number = this.#asked;
    this.#waiting = setTimeout(() => {
      void $.ajax({
        ...{ url: "dlms/write-preview", method: "POST", contentType: "application/json" },
        data: JSON.stringify(question),
      }).then(
        ({ raw, text }: PreviewAnswer) => {
          if (number === this.#asked) this.#show(`${raw}\n${text}`, false);
        },
        (failed: JQuery.jqXHR) => {
          const { error } = (failed.responseJSON ?? {}) as Partial<RefusalAnswer>;
          if (number === this.#asked) this.#show(error?.message ?? "", true);
        },
      );
    }, typingPauseMs);
  }

  #stop(): void {
    clearTimeout(this.#waiting);
    this.#asked++;
  }

  #show(text: string, bad: boolean): void {
    this.#place.toggleClass("dlms-bad", bad).text(text);
  }
}
