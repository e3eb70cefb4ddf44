declare module "node-red-node-test-helper" {
  import type { Node } from "node-red";
  import type { SinonSpy } from "sinon";

  interface TestHelper {
    init(runtimePath: string, settings?: object): void;
    settings(settings: object): object;
    load(nodes: unknown, flow: object[], credentials?: object): Promise<void>;
    unload(): Promise<void>;
    getNode(id: string): Node;
    setFlows(flow: object[], type: "full" | "flows" | "nodes", credentials?: object): Promise<void>;
    request(): {
      get(path: string): Promise<{ status: number; body: unknown }>;
      post(path: string): { send(body: object): Promise<{ status: number; text: string }> };
    };
    log(): SinonSpy;
  }
  const helper: TestHelper;
  export = helper;
}
