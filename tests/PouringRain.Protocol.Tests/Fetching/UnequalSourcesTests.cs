using Simulation;

namespace PouringRain.Protocol.Tests.Fetching;

/// <summary>Sources that differ much, or go away: what the others carry is the measure. Uplinks of 20 Mbit/s, 20 ms round trip.</summary>
public class UnequalSourcesTests
{
    private const long Uplink = 2_500_000;
    private readonly SimContent _content = SimContent.Create(Scene.RandomBytes(16_000_000), blockBytes: 1 << 20);

    [Theory]
    [InlineData(10)]
    [InlineData(40)]
    public void AMuchSlowerSourceCostsNothing(int timesSlower)
    {
        var alone = Seconds(sources: 4, _ => { });
        var together = Seconds(sources: 5, scene => scene.Servers[4].Uplink.RateBytesPerSecond = Uplink / timesSlower);
        Assert.True(together <= 1.02 * alone, $"{together} s, and {alone} s without it");
    }

    [Fact]
    public void ASourceThatTurnsSlowInMidTransferCostsItsPartOnly()
    {
        var alone = Seconds(sources: 4, _ => { });
        var together = Seconds(sources: 5, scene => scene.World.After(
            TimeSpan.FromSeconds(0.7), () => scene.Servers[4].Uplink.RateBytesPerSecond = Uplink / 50));
        Assert.True(together <= 1.02 * alone, $"{together} s, and {alone} s without it");
    }

    [Fact]
    public void ASourceThatIsCutCostsItsPartOnly()
    {
        const double cutAt = 0.7;
        var unit = (double)_content.Bytes.Length / Uplink;
        var all = Seconds(sources: 5, _ => { });
        var cut = Seconds(sources: 5, scene => scene.World.After(
            TimeSpan.FromSeconds(cutAt), () => scene.World.Network.SetCut(scene.Servers[4].Address, true)));

        // What is left after the cut takes five quarters of the time.
        var ideal = cutAt + ((all - cutAt) * 5 / 4);
        Assert.True(cut <= ideal + (0.03 * unit), $"{cut} s, ideal {ideal} s");
    }

    private double Seconds(int sources, Action<Scene> plan)
    {
        var scene = new Scene { World = { TimerLateness = TimeSpan.FromMicroseconds(500) } };
        scene.World.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(10) };
        for (var i = 0; i < sources; i++)
        {
            scene.AddServer(_content, uplink: Uplink).Uplink.QueueBytes = 256 * 1024;
        }

        plan(scene);
        using var client = scene.Fetch();
        scene.RunToCompletion(client, _content);
        return (client.Ended!.Value - client.Started).TotalSeconds;
    }
}
