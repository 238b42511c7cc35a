using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>More downloads through the rain at once than the heap can hold.</summary>
internal static class MemoryAttack
{
    private const int DownloadCount = 64;
    private const int ResourceBytes = 200_000_000;
    private static readonly TimeSpan LengthMax = TimeSpan.FromSeconds(100);

    /// <summary>How long a reader may be without a byte before it is thought to hang.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <summary>Until what nobody reads any more has ended.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(20);

    public static Attack Attack { get; } = new(
        "memory", "64 downloads of 200 MB through the rain at once, with a heap of 768 and of 384 MiB", IsQuick: false, RunAsync)
    {
        Limit = TimeSpan.FromMinutes(8),
    };

    private static async Task RunAsync(Stage stage)
    {
        var honest = await stage.StartAsync(new VictimSetup { Name = "honest" });
        using (var writer = new User(honest, limitSeconds: 60))
        {
            // The same bytes under each id: a fetch is for an id, whatever is in it.
            var body = RandomNumberGenerator.GetBytes(ResourceBytes);
            for (var id = 1ul; id <= DownloadCount + 1; id++)
            {
                var put = await writer.PutAsync(User.Resource(id), id > DownloadCount ? [1, 2, 3] : body, stage.Cancellation);
                if (put.Status != 201)
                {
                    throw new InvalidOperationException($"a PUT of 200 MB ended with {put.Status}");
                }
            }
        }

        foreach (var heap in (int[])[768, 384])
        {
            var setup = new VictimSetup
            {
                Name = $"heap-{heap}",
                HeapBytesMax = (long)heap << 20,
                Servers = [$"{honest.Rain}"],
            };
            var victim = await stage.StartAsync(setup);
            await TryAsync(stage, victim, heap);
            await victim.StopAsync();
        }
    }

    private static async Task TryAsync(Stage stage, Victim victim, int heap)
    {
        using var user = new User(victim);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stage.Cancellation);
        stop.CancelAfter(LengthMax);
        await using var watch = Watch.Start(user, "/health/live", stage.Cancellation);
        var clock = Stopwatch.StartNew();
        var ends = await Task.WhenAll(Enumerable.Range(1, DownloadCount).Select(id => DownloadAsync(victim, (ulong)id, stop.Token)));
        var seconds = clock.Elapsed.TotalSeconds;
        await watch.StopAsync();
        int Count(string end) => ends.Count(one => one.End == end);
        var gigabytes = ends.Sum(one => one.Bytes) / 1e9;
        var peak = victim.IsAlive ? victim.Process.MemoryBytes(peak: true) >> 20 : 0;
        var log = victim.Log.Contains("OutOfMemoryException", StringComparison.Ordinal) ? ", OutOfMemoryException" : "";
        stage.Row(
            $"{heap} MiB: 64 x 200 MB, {gigabytes:F1} GB in {seconds:F0} s, peak {peak} MiB",
            $"{Count("whole")} whole, {Count("put off")} put off, {Count("reading")} reading, "
                + $"{Count("hung")} hung, {Count("broken")} broken{log}",
            "none hung or broken, no OutOfMemory", victim.IsAlive && Count("broken") + Count("hung") == 0 && log.Length == 0);
        stage.Row(
            $"{heap} MiB: GET /health/live beside them", $"{watch.MedianMilliseconds:F1} ms, {watch.FailureCount} of {watch.Count} failed",
            "none failed", watch.FailureCount == 0);
        clock.Restart();
        var after = await user.GetAsync(User.Resource(DownloadCount + 1), stage.Cancellation);
        while (after.Status != 200 && clock.Elapsed < Aftermath)
        {
            await Task.Delay(500, stage.Cancellation);
            after = await user.GetAsync(User.Resource(DownloadCount + 1), stage.Cancellation);
        }

        stage.Row($"{heap} MiB: a small GET through the rain after them", $"{after.Status}", "200", after.Status == 200);
    }

    /// <returns>How it ended, or stood when the time was over.</returns>
    private static async Task<(string End, long Bytes)> DownloadAsync(Victim victim, ulong id, CancellationToken cancellation)
    {
        using var connection = await RawConnection.TryOpenAsync(victim, "127.0.0.2", TimeSpan.FromSeconds(20), CancellationToken.None);
        if (connection is null)
        {
            return ("broken", 0);
        }

        var head = $"GET /resources/{id} HTTP/1.1\r\nHost: {victim.Http}\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n";
        await connection.TrySendAsync(head, CancellationToken.None);
        var (start, count, isEnded, silent) = await connection.CountAsync(cancellation);
        var answer = Encoding.Latin1.GetString(start);
        var headBytes = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        var end = !isEnded ? count > 0 && silent > Silence ? "hung" : "reading"
            : answer.StartsWith("HTTP/1.1 503", StringComparison.Ordinal) ? "put off"
            : answer.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) && count - headBytes == ResourceBytes ? "whole"
            : "broken";
        return (end, count);
    }
}
