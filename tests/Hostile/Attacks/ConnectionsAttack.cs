using System.Collections.Concurrent;
using System.Globalization;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>Thousands of connections from one address that are open and do next to nothing, at gateways that may have few files
/// open.</summary>
internal static class ConnectionsAttack
{
    private const int ConnectionCount = 5000;
    private const int BodyBytes = 8 << 20;
    private const double MillisecondsMax = 1000;
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(4);

    public static Attack Attack { get; } = new(
        "connections", "5,000 connections, idle, slow in head or body, slow readers, streams, at nofile 256, 384, 1024 and the default",
        IsQuick: false, RunAsync)
    {
        Limit = TimeSpan.FromMinutes(8),
    };

    private static async Task RunAsync(Stage stage)
    {
        foreach (var count in (int?[])[256, 384, 1024, null])
        {
            var name = count?.ToString(CultureInfo.InvariantCulture) ?? "default";
            var victim = stage.Keep(new Victim(
                new VictimSetup { Name = $"nofile-{name}", FileCountMax = count }, stage.Options, stage.PathOf($"nofile-{name}")));
            if (!await victim.TryStartAsync(stage.Cancellation))
            {
                var code = victim.IsAlive ? "never ready" : $"exit code {await victim.Process.WaitAsync(stage.Cancellation)}";
                stage.Row($"nofile {name}: start", code, "starts, or says why: exit code 2", code == "exit code 2");
                continue;
            }

            using var user = new User(victim, limitSeconds: 5);
            await user.PutAsync(User.Resource(1), new byte[BodyBytes], stage.Cancellation);
            await user.PutAsync(User.Resource(2), [1], stage.Cancellation);
            (string Kind, string Request)[] kinds =
            [
                ("idle", ""),
                ("slow head", $"GET /resources/2 HTTP/1.1\r\nHost: {victim.Http}\r\nX-Slow: "),
                ("slow body", $"PUT /resources/3 HTTP/1.1\r\nHost: {victim.Http}\r\nContent-Length: 100000\r\n\r\nx"),
                ("slow reader", $"GET /resources/1 HTTP/1.1\r\nHost: {victim.Http}\r\n\r\n"),
                ("event stream", $"GET /transfers/events HTTP/1.1\r\nHost: {victim.Http}\r\n\r\n"),
            ];
            foreach (var (kind, request) in kinds)
            {
                await TryAsync(stage, victim, user, $"nofile {name}, {kind}", request);
                if (!victim.IsAlive)
                {
                    await victim.StartAsync(stage.Cancellation);
                }
            }

            await victim.StopAsync();
        }
    }

    private static async Task TryAsync(Stage stage, Victim victim, User user, string name, string request)
    {
        var connections = new ConcurrentBag<RawConnection>();
        try
        {
            await using var watch = Watch.Start(user, User.Resource(2), stage.Cancellation);
            await Parallel.ForAsync(
                0, ConnectionCount, new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = stage.Cancellation },
                async (_, cancellation) =>
                {
                    if (victim.IsAlive
                        && await RawConnection.TryOpenAsync(victim, "127.0.0.2", TimeSpan.FromSeconds(1), cancellation,
                            receiveBufferBytes: 4096)
                            is { } connection)
                    {
                        connections.Add(connection);
                        if (request.Length > 0)
                        {
                            await connection.TrySendAsync(request, cancellation);
                        }
                    }
                });
            await Task.Delay(Hold, stage.Cancellation);
            var open = victim.IsAlive ? victim.Process.OpenFileCount() : 0;
            var put = await user.PutAsync(User.Resource(4), [4], stage.Cancellation);
            await watch.StopAsync();
            var held = victim.IsAlive && watch.Count > 0 && watch.FailureCount == 0 && watch.MedianMilliseconds <= MillisecondsMax
                && put.IsSuccess;
            stage.Row(
                $"{name} x 5,000", victim.IsAlive
                    ? FormattableString.Invariant(
                        $"{open} files, GET {watch.MedianMilliseconds:F0} ms {watch.FailureCount}/{watch.Count} failed, PUT {put.Status}")
                    : "the process ended",
                "alive, no GET fails, PUT 20x", held);
        }
        finally
        {
            foreach (var connection in connections)
            {
                connection.Dispose();
            }
        }
    }
}
