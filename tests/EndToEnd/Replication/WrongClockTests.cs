namespace EndToEnd.Replication;

/// <summary>Five nodes of which one's clock is an hour behind and one's an hour ahead.</summary>
public sealed class WrongClockTests
{
    private const string Library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

    [Fact]
    public async Task Whoever_writes_last_wins_whatever_his_clock()
    {
        Assert.SkipUnless(File.Exists(Library), "libfaketime is not installed");
        using var folder = new TestFolder();
        await using var group = await NodeGroup.StartAsync(folder, 5, _ => [], index => index switch
        {
            0 => Faked("-3600"),
            1 => Faked("+3600"),
            _ => null,
        });
        for (var round = 0; round < 6; round++)
        {
            for (var i = 1; i <= 10; i++)
            {
                // Whoever's turn it is, the clock before may have been two hours ahead.
                await group.PutAsync((round + i) % 5, $"{i}", 1000 + round);
                if (round == 5 && i % 3 == 0)
                {
                    await group.DeleteAsync((round + i + 2) % 5, $"{i}");
                }
            }
        }

        await group.SettleAsync(3);
        var offsets = group.Nodes.Select(node => node.Log.Contains("too far ahead", StringComparison.Ordinal));
        Assert.DoesNotContain(true, offsets);
    }

    private static ProcessLimits Faked(string offset) => new()
    {
        Environment = new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = Library,
            ["FAKETIME"] = offset,
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
            ["DONT_FAKE_MONOTONIC"] = "1",
        },
    };
}
