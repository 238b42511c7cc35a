using System.Security.Cryptography;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>A store on a file system of 96 MiB that fills up under it.</summary>
internal static class FullDiskAttack
{
    private const long DiskBytes = 96 << 20;
    private const int LargeBytes = 10 << 20;

    public static Attack Attack { get; } = new(
        "full-disk", "PUT, chunked PUT, PATCH, DELETE and fetches on a small file system that is nearly or wholly full", IsQuick: false,
        RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        var disk = await stage.MountAsync("disk", DiskBytes);
        var honest = await stage.StartAsync(new VictimSetup { Name = "honest" });
        var victim = await stage.StartAsync(new VictimSetup { StorePath = Path.Combine(disk.Path, "data"), Servers = [$"{honest.Rain}"] });
        using var writer = new User(honest, limitSeconds: 30);
        using var user = new User(victim, limitSeconds: 40);
        var large = RandomNumberGenerator.GetBytes(LargeBytes);
        await writer.PutAsync(User.Resource(50), large, stage.Cancellation);
        await ReserveAsync(stage, disk, user, large);
        await FillAsync(stage, disk, user, large);
        await ImmutableAsync(stage, disk, victim, user, large);
    }

    /// <summary>60 MB are free: 10 of them are to be had, however they come.</summary>
    private static async Task ReserveAsync(Stage stage, SmallDisk disk, User user, byte[] large)
    {
        await disk.FillAsync(60_000_000, stage.Cancellation);
        var chunked = await user.SendAsync("PUT", User.Resource(1), large, [("Transfer-Encoding", "chunked")], stage.Cancellation);
        stage.Row("60 MB free: chunked PUT of 10 MiB", $"{chunked.Status}", "201", chunked.Status == 201);
        var upload = await Uploads.BeginAsync(user, 2, null, stage.Cancellation);
        var patched = await Uploads.AppendAsync(user, upload, large, 0, isLast: true, stage.Cancellation);
        stage.Row("60 MB free: resumable upload of 10 MiB", $"{patched.Status}", "201", patched.Status == 201);
        await user.DeleteAsync(User.Resource(1), stage.Cancellation);
        await user.DeleteAsync(User.Resource(2), stage.Cancellation);
        disk.Empty();
    }

    private static async Task FillAsync(Stage stage, SmallDisk disk, User user, byte[] large)
    {
        byte[] old = RandomNumberGenerator.GetBytes(1 << 20);
        await user.PutAsync(User.Resource(3), old, stage.Cancellation);
        await user.PutAsync(User.Resource(5), old[1..], stage.Cancellation);
        var upload = await Uploads.BeginAsync(user, 4, LargeBytes, stage.Cancellation);
        await Uploads.AppendAsync(user, upload, large[..(LargeBytes / 2)], 0, isLast: false, stage.Cancellation);

        await disk.FillAsync(3 << 20, stage.Cancellation);
        var put = await user.PutAsync(User.Resource(3), large, stage.Cancellation);
        var kept = await user.GetAsync(User.Resource(3), stage.Cancellation);
        stage.Row(
            "3 MiB free: PUT of 10 MiB over 1 MiB", $"{put.Status}, {(kept.Is(old) ? "old kept" : "old lost")}", "507, old kept",
            put.Status == 507 && kept.Is(old));

        var last = await Uploads.AppendAsync(user, upload, large[(LargeBytes / 2)..], LargeBytes / 2, isLast: true, stage.Cancellation);
        var offset = await Uploads.OffsetAsync(user, upload, stage.Cancellation);
        stage.Row(
            "3 MiB free: last PATCH of 5 MiB", $"{last.Status}, offset {offset:N0}", "507, offset 5 to 8 MiB",
            last.Status == 507 && offset is >= LargeBytes / 2 and < LargeBytes);

        var rain = await user.RainAsync(User.Resource(50), stage.Cancellation);
        var again = await user.RainAsync(User.Resource(50), stage.Cancellation);
        stage.Row(
            "3 MiB free: fetch of 10 MiB, and again", $"{rain.Status} {again.Status}", "200 and whole, both",
            rain.Is(large) && again.Is(large));

        await disk.FillAsync(0, stage.Cancellation);
        rain = await user.RainAsync(User.Resource(50), stage.Cancellation);
        stage.Row("nothing free: fetch of 10 MiB", $"{rain.Status}", "200 and whole", rain.Is(large));
        put = await user.PutAsync(User.Resource(6), old, stage.Cancellation);
        stage.Row("nothing free: PUT of 1 MiB", $"{put.Status}", "507", put.Status == 507);
        var deleted = await user.DeleteAsync(User.Resource(5), stage.Cancellation);
        stage.Row("nothing free: DELETE", $"{deleted.Status}", "204 or 507", deleted.Status is 204 or 507);
        kept = await user.GetAsync(User.Resource(3), stage.Cancellation);
        stage.Row("nothing free: GET of what is kept", kept.Is(old) ? "the old bytes" : $"{kept.Status}", "the old bytes", kept.Is(old));

        disk.Empty();
        offset = await Uploads.OffsetAsync(user, upload, stage.Cancellation);
        var resumed = offset is >= 0 and <= LargeBytes
            ? await Uploads.AppendAsync(user, upload, large[(int)offset..], offset, isLast: true, stage.Cancellation) : last;
        var whole = await user.GetAsync(User.Resource(4), stage.Cancellation);
        stage.Row(
            "room again: the upload goes on", $"{resumed.Status}, {(whole.Is(large) ? "whole" : "not whole")}", "201, whole",
            resumed.IsSuccess && whole.Is(large));
        put = await user.PutAsync(User.Resource(7), old, stage.Cancellation);
        stage.Row("room again: PUT", $"{put.Status}", "201", put.Status == 201);
    }

    private static async Task ImmutableAsync(Stage stage, SmallDisk disk, Victim victim, User user, byte[] large)
    {
        if (!await disk.TryMakeImmutableAsync(stage.Cancellation))
        {
            stage.Row("folders that take nothing", "the file system knows no such folders", "", held: null);
            return;
        }

        var put = await user.PutAsync(User.Resource(8), [1], stage.Cancellation);
        var deleted = await user.DeleteAsync(User.Resource(3), stage.Cancellation);
        var read = await user.GetAsync(User.Resource(3), stage.Cancellation);
        var ready = await user.GetAsync("/health/ready", stage.Cancellation);
        stage.Row(
            "folders that take nothing: PUT, DELETE, GET, readiness", $"{put.Status} {deleted.Status} {read.Status} {ready.Status}",
            "503|507 503|507 200 503",
            put.Status is 503 or 507 && deleted.Status is 503 or 507 && read.Status == 200 && ready.Status == 503 && victim.IsAlive);
        var rain = await user.RainAsync(User.Resource(50), stage.Cancellation);
        stage.Row("folders that take nothing: fetch of 10 MiB", $"{rain.Status}", "200 and whole", rain.Is(large));
    }
}
