using System.Security.Cryptography;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>Records of the store that are changed, or gone, when the gateway starts; a step of a PUT that fails, and then the
/// power.</summary>
internal static class RecordsAttack
{
    private const int BodyBytes = 50_000;

    public static Attack Attack { get; } = new(
        "records", "changes a byte of a record, takes all records away, lets a folder not be flushed (strace) and kills the gateway",
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
        var records = Path.Combine(victim.StorePath, "records");
        var record = Directory.EnumerateFiles(records, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        var bytes = await File.ReadAllBytesAsync(record, stage.Cancellation);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(record, bytes, stage.Cancellation);
        await victim.StartAsync(stage.Cancellation);
        var kept = bodies[..2].Count(body => IsOnDisk(victim, body));
        var recordKept = Directory.EnumerateFiles(victim.StorePath, "*", SearchOption.AllDirectories)
            .Any(path => new FileInfo(path).Length == bytes.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes));
        var read = 0;
        for (var i = 0; i < 2; i++)
        {
            read += (await user.GetAsync(User.Resource((ulong)i), stage.Cancellation)).Is(bodies[i]) ? 1 : 0;
        }

        stage.Row(
            "a byte of one record of two changed", $"{kept} blobs on disk, record {(recordKept ? "kept" : "gone")}, {read} read",
            "2, kept, 1 or more",
            kept == 2 && recordKept && read >= 1);

        await victim.StopAsync();
        Directory.Move(records, records + ".away");
        var started = await victim.TryStartAsync(stage.Cancellation);
        kept = bodies[..2].Count(body => IsOnDisk(victim, body));
        stage.Row("all records away", $"{kept} blobs on disk, {(started ? "started" : "refused to start")}", "2 blobs", kept == 2);
        await victim.DisposeAsync();

        foreach (var folder in (string[])["records", "blobs"])
        {
            await FailAsync(stage, folder, bodies[0], bodies[2]);
        }
    }

    private static async Task FailAsync(Stage stage, string folder, byte[] old, byte[] fresh)
    {
        var victim = await stage.StartAsync(new VictimSetup { Name = $"failing-{folder}" });
        using var user = new User(victim);
        await user.PutAsync(User.Resource(1), old, stage.Cancellation);
        Answer put;
        await using (await Strace.InjectAsync(
            victim.Process, "open,openat", "EMFILE", Path.Combine(victim.StorePath, folder), stage.Cancellation))
        {
            put = await user.PutAsync(User.Resource(1), fresh, stage.Cancellation);
            await victim.Process.KillAsync();
        }

        await victim.StartAsync(stage.Cancellation);
        var got = await user.GetAsync(User.Resource(1), stage.Cancellation);
        var what = got.Is(old) ? "old" : got.Is(fresh) ? "new" : "neither";
        stage.Row(
            $"EMFILE opening {folder}/ in a PUT, then kill -9", $"{put.Status}, then {got.Status} {what}", "old or new; new if it was 20x",
            put.IsSuccess ? what == "new" : what is "old" or "new");
        await victim.StopAsync();
    }

    private static bool IsOnDisk(Victim victim, byte[] body) =>
        Directory.EnumerateFiles(victim.StorePath, "*", SearchOption.AllDirectories)
            .Any(path => new FileInfo(path).Length == body.Length && File.ReadAllBytes(path).AsSpan().SequenceEqual(body));
}
