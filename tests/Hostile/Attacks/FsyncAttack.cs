using System.Text;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>A disk that does not take what it was given: fsync says so, and nobody may be told that it is safe.</summary>
internal static class FsyncAttack
{
    public static Attack Attack { get; } = new(
        "fsync", "makes every fsync of the gateway fail with EIO, ENOSPC and EDQUOT (strace)", IsQuick: false, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        foreach (var error in (string[])["EIO", "ENOSPC", "EDQUOT"])
        {
            await TryAsync(stage, error);
        }
    }

    private static async Task TryAsync(Stage stage, string error)
    {
        var victim = await stage.StartAsync(new VictimSetup { Name = error });
        using var user = new User(victim, limitSeconds: 30);
        byte[] old = [1, 2, 3], other = [4, 5, 6];
        await user.PutAsync(User.Resource(1), old, stage.Cancellation);
        Answer fresh, replaced, deleted;
        await using (await Strace.InjectAsync(victim.Process, "fsync,fdatasync", error, path: null, stage.Cancellation))
        {
            fresh = await user.PutAsync(User.Resource(2), other, stage.Cancellation);
            replaced = await user.PutAsync(User.Resource(1), other, stage.Cancellation);
            deleted = await user.DeleteAsync(User.Resource(1), stage.Cancellation);
        }

        stage.Row(
            $"{error}: PUT, PUT over another, DELETE", $"{fresh.Status} {replaced.Status} {deleted.Status}", "503 or 507 each",
            fresh.Status is 503 or 507 && replaced.Status is 503 or 507 && deleted.Status is 503 or 507);
        var first = await user.GetAsync(User.Resource(1), stage.Cancellation);
        var second = await user.GetAsync(User.Resource(2), stage.Cancellation);
        stage.Row(
            $"{error}: GET of the old one, of the new one", $"{first.Status}{(first.Is(old) ? " old" : " not old")}, {second.Status}",
            "200 old, 404",
            first.Is(old) && second.Status == 404);
        var ready = await user.GetAsync("/health/ready", stage.Cancellation);
        var reasons = Encoding.UTF8.GetString(ready.Body);
        stage.Row($"{error}: readiness", $"{ready.Status} {Short(reasons)}", "503", ready.Status == 503);
        await victim.StopAsync();
    }

    private static string Short(string text) => text.Length > 30 ? text[..30] + "..." : text;
}
