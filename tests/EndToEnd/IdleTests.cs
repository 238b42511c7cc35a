using System.Globalization;

namespace EndToEnd;

/// <summary>A gateway that nobody asks for anything leaves the processor alone.</summary>
public sealed class IdleTests
{
    /// <summary>What a start leaves to be done is done by then: code compiled again, a first look at the store.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5), Span = TimeSpan.FromSeconds(5);

    /// <summary>Two socket loops look ten times a second, the node's beat and the settings once or twice: some 50 wake-ups, where timers of
    /// the framework and workers that spin once made 200.</summary>
    private const double WakeUpsMax = 100;

    [Fact]
    public async Task An_idle_gateway_hardly_wakes_up()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Wake-ups are counted by Linux.");
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["idle"], ports[0], ports[1..], []);
        await Task.Delay(Settling, TestContext.Current.CancellationToken);
        var before = WakeUps(gateway.Process.Id);
        await Task.Delay(Span, TestContext.Current.CancellationToken);
        var after = WakeUps(gateway.Process.Id);
        var perSecond = after.Sum(thread => thread.Value - before.GetValueOrDefault(thread.Key)) / Span.TotalSeconds;
        TestContext.Current.TestOutputHelper?.WriteLine($"{perSecond:F1} wake-ups a second");
        Assert.InRange(perSecond, 0, WakeUpsMax);
    }

    /// <summary>How often each thread has waited and gone on.</summary>
    private static Dictionary<string, long> WakeUps(int process)
    {
        const string name = "voluntary_ctxt_switches:";
        var counts = new Dictionary<string, long>();
        foreach (var thread in Directory.GetDirectories($"/proc/{process}/task"))
        {
            try
            {
                var line = File.ReadLines(Path.Combine(thread, "status")).First(line => line.StartsWith(name, StringComparison.Ordinal));
                counts.Add(thread, long.Parse(line[name.Length..], CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // It has just ended.
            }
        }

        return counts;
    }
}
