using System.Diagnostics;
using Benchmarks.Processes;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>A node is down while a resource is replaced and another deleted, and who could tell it is restarted meanwhile.</summary>
internal static class AbsentAttack
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Attack Attack { get; } = new(
        "absent", "takes a node down while resources are replaced and deleted, restarts the other, and looks what the first serves",
        IsQuick: false,
        RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        var ports = Ports.Free(2);
        var first = await stage.StartAsync(new VictimSetup { Name = "first", RainPort = ports[0], Servers = [$"127.0.0.1:{ports[1]}"] });
        var absent = await stage.StartAsync(new VictimSetup { Name = "absent", RainPort = ports[1], Servers = [$"127.0.0.1:{ports[0]}"] });
        using var user = new User(first, limitSeconds: 60);
        using var reader = new User(absent);
        foreach (var id in (ulong[])[1, 2])
        {
            var put = await user.PutAsync($"{User.Resource(id)}?replicas=2", [1], stage.Cancellation);
            if (put.Status != 201)
            {
                throw new InvalidOperationException($"no replica in peace: {put.Status}");
            }
        }

        await absent.StopAsync();
        await user.DeleteAsync(User.Resource(1), stage.Cancellation);
        await user.PutAsync(User.Resource(2), [2], stage.Cancellation);
        await first.StopAsync();
        await first.StartAsync(stage.Cancellation);
        await absent.StartAsync(stage.Cancellation);
        var clock = Stopwatch.StartNew();
        Answer deleted, replaced;
        do
        {
            deleted = await reader.GetAsync(User.Resource(1), stage.Cancellation);
            replaced = await reader.GetAsync(User.Resource(2), stage.Cancellation);
            await Task.Delay(200, stage.Cancellation);
        }
        while ((deleted.Status == 200 || !replaced.Is([2])) && clock.Elapsed < Patience);

        stage.Row(
            "deleted while it was down", $"{deleted.Status} after {clock.Elapsed.TotalSeconds:F0} s", "404|410 within 30 s",
            deleted.Status is 404 or 410);
        stage.Row(
            "replaced while it was down", replaced.Is([2]) ? "the new one" : $"{replaced.Status}, the old one", "the new one within 30 s",
            replaced.Is([2]));
    }
}
