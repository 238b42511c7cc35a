using System.Diagnostics;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>A thousand pages that nobody closes.</summary>
internal static class StreamsAttack
{
    private const int StreamCount = 1000;
    private const int AddressCount = 50;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(8);

    public static Attack Attack { get; } = new(
        "streams", "1,000 event streams from 50 addresses, with the default limit and with none", IsQuick: false, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        await TryAsync(stage, "the default limit", [], coresMax: 0.3);

        // Whoever takes the limit away pays half a thousandth of a core for a page.
        await TryAsync(stage, "MaxEventStreams=0", ["Gateway:MaxEventStreams=0"], coresMax: 0.5);
    }

    private static async Task TryAsync(Stage stage, string name, string[] settings, double coresMax)
    {
        var victim = await stage.StartAsync(new VictimSetup { Name = $"streams-{settings.Length}", Settings = settings });
        using var user = new User(victim);
        await user.PutAsync(User.Resource(1), [1], stage.Cancellation);
        List<RawConnection> streams = [];
        try
        {
            var before = victim.Process.MemoryBytes();
            for (var i = 0; i < StreamCount; i++)
            {
                var stream = await RawConnection.OpenAsync(victim, $"127.0.3.{(i % AddressCount) + 1}", stage.Cancellation);
                streams.Add(stream);
                await stream.TrySendAsync(
                    $"GET /transfers/events HTTP/1.1\r\nHost: {victim.Http}\r\nAccept: text/event-stream\r\n\r\n", stage.Cancellation);
            }

            await Task.Delay(1000, stage.Cancellation);
            await using var watch = Watch.Start(user, User.Resource(1), stage.Cancellation);
            var (clock, used) = (Stopwatch.StartNew(), victim.Process.CpuSeconds());
            await Task.Delay(Length, stage.Cancellation);
            var cores = (victim.Process.CpuSeconds() - used) / clock.Elapsed.TotalSeconds;
            await watch.StopAsync();
            var megabytes = (victim.Process.MemoryBytes() - before) >> 20;
            stage.Row(
                $"{name}: 1,000 event streams", $"{cores:F2} cores, {megabytes} MiB, GET {watch.MedianMilliseconds:F1} ms",
                FormattableString.Invariant($"{coresMax} cores, no GET fails"), cores <= coresMax && watch.FailureCount == 0);
        }
        finally
        {
            streams.ForEach(stream => stream.Dispose());
        }

        await victim.StopAsync();
    }
}
