using Benchmarks.Processes;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>No socket can be made while something is first fetched, and then they can again.</summary>
internal static class SocketsAttack
{
    public static Attack Attack { get; } = new(
        "sockets", "lets no socket be made (EMFILE, strace) during the first fetch, then fetches and replicates", IsQuick: false, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        var ports = Ports.Free(2);
        var honest = await stage.StartAsync(new VictimSetup { Name = "honest", RainPort = ports[0], Servers = [$"127.0.0.1:{ports[1]}"] });
        var victim = await stage.StartAsync(new VictimSetup { RainPort = ports[1], Servers = [$"127.0.0.1:{ports[0]}"] });
        using var writer = new User(honest);
        using var user = new User(victim, limitSeconds: 30);
        byte[] body = [1, 2, 3];
        await writer.PutAsync(User.Resource(1), body, stage.Cancellation);
        Answer failed;
        await using (await Strace.InjectAsync(victim.Process, "socket", "EMFILE", path: null, stage.Cancellation))
        {
            failed = await user.GetAsync(User.Resource(1), stage.Cancellation);
        }

        stage.Row("no socket: GET through the rain", $"{failed.Status}", "200 or 503 or 504", failed.Status is 200 or 503 or 504);
        var got = await user.RainAsync(User.Resource(1), stage.Cancellation);
        stage.Row("sockets again: GET through the rain", $"{got.Status}", "200", got.Is(body));
        var put = await user.PutAsync($"{User.Resource(2)}?replicas=2", body, stage.Cancellation);
        stage.Row("sockets again: PUT with two replicas", $"{put.Status}", "201", put.Status == 201);
    }
}
