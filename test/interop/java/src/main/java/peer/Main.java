package peer;

import java.util.Arrays;

/** Entry point of the interop peer: `server`, `client`, `fleet`, `push`, `bench-decode` or `bench-push`. */
public final class Main {
    private Main() {
    }

    public static void main(String[] args) throws Exception {
        if (args.length == 0) {
            throw new IllegalArgumentException("usage: server|client|fleet|push|bench-decode|bench-push [--name value ...]");
        }
        Options options = new Options(Arrays.copyOfRange(args, 1, args.length));
        switch (args[0]) {
            case "server" -> MeterServer.run(options);
            case "client" -> MeterClient.run(options);
            case "fleet" -> Fleet.run();
            case "push" -> PushSender.run(options);
            case "bench-decode" -> DecodeBench.run(options);
            case "bench-push" -> PushBench.run(options);
            default -> throw new IllegalArgumentException("unknown command " + args[0]);
        }
    }
}
