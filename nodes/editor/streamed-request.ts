// A request of the dialog that shows each line of its answer at once, with buttons that start and stop it.

/** The results are below the last field, outside a window of usual size. */
export function reveal(item: JQuery): void {
  item[0]?.scrollIntoView({ block: "nearest" });
}

export interface StreamedRequestOptions<Line> {
  /** the text for a missing answer */
  say(key: "forbidden" | "unavailable"): string;
  readonly url: string;
  readonly start: JQuery;
  readonly stop: JQuery;
  /** where the results are shown */
  readonly list: JQuery;
  body(): object;
  begin(): void;
  line(line: Line): void;
  end(complete: boolean): void;
}

export class StreamedRequest<Line> {
  readonly #options: StreamedRequestOptions<Line>;
  #running: JQuery.jqXHR | undefined;
  #taken = 0;

  constructor(options: StreamedRequestOptions<Line>) {
    this.#options = options;
    options.start.on("click", () => {
      this.start();
    });
    options.stop.on("click", () => {
      this.stop();
    });
    options.start.add(options.stop).on("keydown", (event) => {
      if (event.key !== "Escape" || this.#running === undefined) return;
      event.stopPropagation();
      this.stop();
    });
  }

  stop(): void {
    this.#running?.abort();
  }

  start(): void {
    // a second click must not send a wrong password a second time
    if (this.#running !== undefined) return;
    const { list, start, stop, url } = this.#options;
    this.#taken = 0;
    list.empty().attr("aria-busy", "true");
    this.#options.begin();
    start.attr("aria-disabled", "true").find("i").addClass("fa-spinner fa-spin");
    stop.show();
    const request = $.ajax({
      ...{ url, method: "POST", contentType: "application/json", dataType: "text" },
      data: JSON.stringify(this.#options.body()),
      xhr: () => {
        const plain = $.ajaxSettings.xhr?.() ?? new XMLHttpRequest();
        plain.onprogress = () => {
          this.#take(plain.responseText, false);
        };
        return plain;
      },
    });
    this.#running = request;
    void request
      .done((text: string) => {
        this.#take(text, true);
      })
      .fail((failed, reason) => {
        if (reason !== "abort") this.#say(failed.status === 401 || failed.status === 403 ? "forbidden" : "unavailable");
      })
      .always((_: unknown, reason: string) => {
        this.#ended(reason === "success");
      });
  }

  #ended(complete: boolean): void {
    const { list, start, stop } = this.#options;
    this.#running = undefined;
    // the focus stays at the buttons for users of the keyboard
    if (stop.is(":focus")) start.trigger("focus");
    start.removeAttr("aria-disabled").find("i").removeClass("fa-spinner fa-spin");
    stop.hide();
    list.removeAttr("aria-busy");
    this.#options.end(complete);
  }

  #take(text: string, whole: boolean): void {
    const lines = text.slice(this.#taken).split("\n");
    if (!whole) lines.pop();
    for (const line of lines) {
      this.#taken += line.length + 1;
      if (line !== "") this.#options.line(JSON.parse(line) as Line);
    }
  }

  #say(key: "forbidden" | "unavailable"): void {
    const text = this.#options.say(key);
    reveal($("<li>").addClass("dlms-failed").text(text).appendTo(this.#options.list));
  }
}
