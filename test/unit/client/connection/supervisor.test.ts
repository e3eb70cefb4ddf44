import assert from "node:assert/strict";
import type { Association } from "../../../../src/client/association/association";
import { Supervisor } from "../../../../src/client/connection/supervisor";
import { DlmsConnectionError, type DlmsError, DlmsLinkError } from "../../../../src/errors/index";
import { VirtualClock } from "../../../support/virtual-clock";

const timeouts = { reconnectMin: 1000, reconnectMax: 60_000, close: 2000, establish: 600_000 };

/** Makes associations that hold until the test drops them, or fails with `error`. */
function supervised(error?: DlmsError): { readonly clock: VirtualClock; readonly supervisor: Supervisor } {
  const clock = new VirtualClock();
  const channel = { usable: false, destroy: () => Promise.resolve(), close: () => Promise.resolve() };
  const supervisor = new Supervisor({
    clock,
    timeouts,
    random: () => 1,
    establish: () =>
      error === undefined ? Promise.resolve({ channel } as unknown as Association) : Promise.reject(error),
    accountRisk: () => "none",
    lock: () => undefined,
    onState: () => undefined,
    note: () => undefined,
  });
  return { clock, supervisor };
}

describe("a request in the pause after a failure", () => {
  it("reports the earlier failure first, then the request that was not sent", async () => {
    const { supervisor } = supervised();
    const active = await supervisor.ensure("read 1-0:99.1.0*255/7");
    const request = "read 1-0:99.1.0*255/7";
    const text = `server 1 ended the session (DISC) (${request})`;
    const failed = new DlmsLinkError("LINK_DISCONNECTED", text, { request });
    await supervisor.discard(active, failed, true);
    const code = "DLMS_LINK_DISCONNECTED";
    await assert.rejects(supervisor.ensure("read 1-0:1.7.0*255/2"), {
      code,
      message: `${text}; the next try is in 1 s (read 1-0:1.7.0*255/2 was not sent)`,
    });
    await assert.rejects(supervisor.ensure("read 1-0:99.1.0*255/7"), {
      code,
      message: `${text}; the next try is in 1 s (${request} was not sent again)`,
    });
    // without knowledge of the request, the failure is still reported as an earlier one
    await assert.rejects(supervisor.ensure(), {
      code,
      message: `${text}; the next try is in 1 s (the request was not sent)`,
    });
    await supervisor.close(() => Promise.resolve());
  });

  it("keeps the failure's details and reports the time of the next attempt", async () => {
    const failure = new DlmsConnectionError("CONN_REFUSED", "tcp meter:4059: refused", { details: { port: 4059 } });
    const { supervisor, clock } = supervised(failure);
    await assert.rejects(supervisor.ensure("read 1-0:1.7.0*255/2"), (error) => error === failure);
    await assert.rejects(supervisor.ensure("read 1-0:1.7.0*255/2"), (error: DlmsError) => {
      assert.equal(
        error.message,
        "tcp meter:4059: refused; the next try is in 1 s (read 1-0:1.7.0*255/2 was not sent)",
      );
      assert.deepEqual(error.details, { port: 4059, nextTryInMs: 1000, retryAfter: 1 });
      assert.equal(error.cause, failure);
      return true;
    });
    await supervisor.close(() => Promise.resolve());
    assert.equal(clock.pending, 0);
  });
});
