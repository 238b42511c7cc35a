using System.Diagnostics;
using System.Text.Json;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>The settings file is gone for a moment, as with a mount that is lost, or says nothing: writes stay under keys.</summary>
internal static class SettingsAttack
{
    private const string Key = "5f1c9a7be2034d68-honest";
    private static readonly TimeSpan Absence = TimeSpan.FromSeconds(1.6);

    public static Attack Attack { get; } =
        new("settings", "takes appsettings.json with its keys away for 1.6 s, then leaves {} of it, and writes without a key",
            IsQuick: true, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        var folder = stage.PathOf("victim");
        var file = Path.Combine(folder, "appsettings.json");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { Gateway = new { Keys = Key } }), stage.Cancellation);
        var victim = await stage.StartAsync(new VictimSetup { Key = Key });
        using var owner = new User(victim, key: Key);
        using var stranger = new User(victim, "127.0.0.2");
        await owner.PutAsync(User.Resource(1), [1], stage.Cancellation);

        File.Move(file, file + ".away");
        var (tried, taken) = await WriteAsync(stranger, Absence, stage.Cancellation);
        stage.Row("file away for 1.6 s: keyless PUT and DELETE", $"{taken} of {tried} taken", "0", taken == 0);

        await File.WriteAllTextAsync(file, "{}", stage.Cancellation);
        (tried, taken) = await WriteAsync(stranger, Absence, stage.Cancellation);
        stage.Row("file is {} for 1.6 s: keyless PUT and DELETE", $"{taken} of {tried} taken", "0", taken == 0);

        File.Move(file + ".away", file, overwrite: true);
        (tried, taken) = await WriteAsync(stranger, Absence, stage.Cancellation);
        stage.Row("file is back: keyless PUT and DELETE", $"{taken} of {tried} taken", "0", taken == 0);

        var isThere = (await owner.GetAsync(User.Resource(1), stage.Cancellation)).Is([1]);
        stage.Row("what the owner stored", isThere ? "there" : "gone", "there", isThere);

        // Said aloud, the removal is followed: else nothing above would have been tried.
        await File.WriteAllTextAsync(file, """{ "Gateway": { "Keys": "" } }""", stage.Cancellation);
        var clock = Stopwatch.StartNew();
        while (taken == 0 && clock.Elapsed < TimeSpan.FromSeconds(20))
        {
            (_, taken) = await WriteAsync(stranger, TimeSpan.FromSeconds(0.2), stage.Cancellation);
        }

        stage.Row("\"Keys\": \"\" written out: keyless PUT", taken > 0 ? "taken" : "refused", "taken", taken > 0);
    }

    private static async Task<(int Tried, int Taken)> WriteAsync(User user, TimeSpan time, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        int tried = 0, taken = 0;
        while (clock.Elapsed < time)
        {
            Answer[] answers =
            [
                await user.PutAsync(User.Resource(2), [2], cancellation), await user.DeleteAsync(User.Resource(1), cancellation),
            ];
            tried += answers.Length;
            taken += answers.Count(answer => answer.Status is >= 200 and < 300);
            await Task.Delay(50, cancellation);
        }

        return (tried, taken);
    }
}
