using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>Hundreds of uploads that have begun and stand still.</summary>
internal static class UploadsAttack
{
    private const int UploadCount = 600;
    private const int AddressCount = 50;
    private const int SentBytes = 300_000;
    private const long GrowthMax = 300 << 20;

    public static Attack Attack { get; } = new(
        "uploads", "600 uploads from 50 addresses that have sent 300 kB and stand still", IsQuick: false, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        var victim = await stage.StartAsync(new VictimSetup());
        using var user = new User(victim);
        await user.PutAsync(User.Resource(1), new byte[1 << 20], stage.Cancellation);
        var before = victim.Process.MemoryBytes();
        var part = new byte[SentBytes];
        List<RawConnection> uploads = [];
        try
        {
            await using var watch = Watch.Start(user, User.Resource(1), stage.Cancellation);
            for (var i = 0; i < UploadCount; i++)
            {
                var upload = await RawConnection.OpenAsync(victim, $"127.0.3.{(i % AddressCount) + 1}", stage.Cancellation);
                uploads.Add(upload);
                await upload.TrySendAsync(
                    $"PUT /resources/{1000 + i} HTTP/1.1\r\nHost: {victim.Http}\r\nContent-Length: 50000000\r\n\r\n", stage.Cancellation);
                await upload.TrySendAsync(part, stage.Cancellation);
            }

            await Task.Delay(2000, stage.Cancellation);
            var growth = victim.Process.MemoryBytes() - before;
            var open = uploads.Count(upload => !upload.IsEnded());
            await watch.StopAsync();
            var put = await user.PutAsync(User.Resource(2), new byte[1 << 20], stage.Cancellation);
            stage.Row(
                "600 open uploads", $"{growth >> 20} MiB more, {open} open", $"{GrowthMax >> 20} MiB more", growth <= GrowthMax);
            stage.Row(
                "GET and PUT beside them", $"{watch.MedianMilliseconds:F1} ms, {watch.FailureCount} failed, PUT {put.Status}",
                "no GET fails, PUT 201",
                watch.FailureCount == 0 && put.Status == 201);
        }
        finally
        {
            uploads.ForEach(upload => upload.Dispose());
        }
    }
}
