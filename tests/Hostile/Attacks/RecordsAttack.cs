using System.Security.Cryptography;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>A row of the store's catalog that is changed, or a catalog that is gone, when the gateway starts; a step of a PUT that fails,
/// and then the power.</summary>
internal static class RecordsAttack
{
    /// <summary>More than what stands in the catalog.</summary>
    private const int BodyBytes = 100_000;

    public static Attack Attack { get; } = new(
        "records",
        "changes a byte of a manifest in the catalog, takes the catalog away, lets a folder not be opened (strace) and kills the gateway",
        IsQuick: false, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        byte[][] bodies = [.. Enumerable.Range(0, 3).Select(_ => RandomNumberGenerator.GetBytes(BodyBytes))];
        var victim = await stage.StartAsync(new VictimSetup());
        using var user = new User(victim);
        for (var i = 0; i < 2; i++)
        {
            await user.PutAsync(User.Resource((ulong)i), bodies[i], stage.Cancellation);
        }

        await victim.StopAsync();
        var catalog = Path.Combine(victim.StorePath, "catalog.db");
        var bytes = await File.ReadAllBytesAsync(catalog, stage.Cancellation);
        bytes[bytes.AsSpan().IndexOf("PRM3"u8) + 40] ^= 1;
        await File.WriteAllBytesAsync(catalog, bytes, stage.Cancellation);
        await victim.StartAsync(stage.Cancellation);
        var kept = bodies[..2].Count(body => IsOnDisk(victim, body));
        var read = 0;
        for (var i = 0; i < 2; i++)
        {
            read += (await user.GetAsync(User.Resource((ulong)i), stage.Cancellation)).Is(bodies[i]) ? 1 : 0;
        }

        var manifestsKept = Directory.GetFiles(Path.Combine(victim.StorePath, "quarantine"), "*.manifest").Length;
        stage.Row(
            "a byte of one manifest of two changed", $"{kept} blobs on disk, {manifestsKept} manifests in quarantine, {read} read",
            "2, 1, 1",
            kept == 2 && manifestsKept == 1 && read == 1);

        await victim.StopAsync();
        File.Move(catalog, catalog + ".away");
        var started = await victim.TryStartAsync(stage.Cancellation);
        kept = bodies[..2].Count(body => IsOnDisk(victim, body));
        stage.Row("the catalog away", $"{kept} blobs on disk, {(started ? "started" : "refused to start")}", "2 blobs", kept == 2);
        await victim.DisposeAsync();

        foreach (var name in (string[])["catalog.db-wal", "blobs"])
        {
            await FailAsync(stage, name, bodies[0], bodies[2]);
        }
    }

    private static async Task FailAsync(Stage stage, string name, byte[] old, byte[] fresh)
    {
        var victim = await stage.StartAsync(new VictimSetup { Name = $"failing-{name}" });
        using var user = new User(victim);
        await user.PutAsync(User.Resource(1), old, stage.Cancellation);
        Answer put;
        await using (await Strace.InjectAsync(
            victim.Process, "open,openat", "EMFILE", Path.Combine(victim.StorePath, name), stage.Cancellation))
        {
            put = await user.PutAsync(User.Resource(1), fresh, stage.Cancellation);
            await victim.Process.KillAsync();
        }

        await victim.StartAsync(stage.Cancellation);
        var got = await user.GetAsync(User.Resource(1), stage.Cancellation);
        var what = got.Is(old) ? "old" : got.Is(fresh) ? "new" : "neither";
        stage.Row(
            $"EMFILE opening {name} in a PUT, then kill -9", $"{put.Status}, then {got.Status} {what}", "old or new; new if it was 20x",
            put.IsSuccess ? what == "new" : what is "old" or "new");
        await victim.StopAsync();
    }

    private static bool IsOnDisk(Victim victim, byte[] body) =>
        Directory.EnumerateFiles(victim.StorePath, "*", SearchOption.AllDirectories)
            .Any(path => new FileInfo(path).Length == body.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(body));
}
