using System.Diagnostics;
using System.Globalization;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>Guesses keys as fast as it can.</summary>
internal static class GuessesAttack
{
    private const string Key = "5f1c9a7be2034d68-honest";
    private const int GuesserCount = 8;
    private const double Seconds = 5;

    /// <summary>A person who mistypes, not a machine.</summary>
    private const double GuessesPerSecondMax = 50;

    public static Attack Attack { get; } =
        new("guesses", "guesses keys for 5 s, eight at a time, from one address", IsQuick: true, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        var victim = await stage.StartAsync(new VictimSetup { Settings = [$"Gateway:Keys={Key}", "Gateway:ProtectReads=true"], Key = Key });
        using var owner = new User(victim, key: Key);
        await owner.PutAsync(User.Resource(1), [1], stage.Cancellation);
        await using var watch = Watch.Start(owner, User.Resource(1), stage.Cancellation);
        var clock = Stopwatch.StartNew();
        int judged = 0, refused = 0;
        await Task.WhenAll(Enumerable.Range(0, GuesserCount).Select(async guesser =>
        {
            var random = new Random(guesser);
            while (clock.Elapsed.TotalSeconds < Seconds)
            {
                using var user = new User(victim, "127.0.0.2", random.NextInt64().ToString("x16", CultureInfo.InvariantCulture));
                var answer = await user.GetAsync(User.Resource(1), stage.Cancellation);
                Interlocked.Add(ref judged, answer.Status == 401 ? 1 : 0);
                Interlocked.Add(ref refused, answer.Status != 401 ? 1 : 0);
            }
        }));
        await watch.StopAsync();
        var perSecond = judged / Seconds;
        stage.Row(
            "guesses that were judged", $"{perSecond:F0}/s, {refused / Seconds:F0}/s put off", $"{GuessesPerSecondMax}/s",
            perSecond <= GuessesPerSecondMax);
        stage.Row(
            "GET by the owner beside them", $"{watch.MedianMilliseconds:F1} ms, {watch.FailureCount} of {watch.Count} failed",
            "none failed",
            watch.FailureCount == 0 && watch.Count > 0);
        var put = await owner.PutAsync(User.Resource(2), [2], stage.Cancellation);
        stage.Row("PUT by the owner after them", $"{put.Status}", "201", put.Status == 201);
    }
}
