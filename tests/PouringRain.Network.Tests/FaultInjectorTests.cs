using PouringRain.Protocol;

namespace PouringRain.Network.Tests;

public class FaultInjectorTests
{
    private static readonly PeerAddress Peer = PeerAddress.FromIPv4(1, 1);

    [Fact]
    public void Without_faults_everything_passes_in_order()
    {
        var passed = Pass(new DatagramFaults(0, 0, 0, 1), 1000);
        Assert.Equal(Enumerable.Range(0, 1000), passed);
    }

    [Fact]
    public void Losses_and_duplicates_come_as_often_as_asked()
    {
        var passed = Pass(new DatagramFaults(0.1, 0, 0, 2), 100_000);
        Assert.InRange(passed.Count, 89_500, 90_500);
        passed = Pass(new DatagramFaults(0, 0.1, 0, 3), 100_000);
        Assert.InRange(passed.Count, 109_500, 110_500);
        Assert.Equal(100_000, passed.Distinct().Count());
    }

    [Fact]
    public void Held_back_datagrams_come_a_little_later_and_none_is_lost()
    {
        var passed = Pass(new DatagramFaults(0, 0, 0.1, 4), 100_000);
        Assert.Equal(100_000, passed.Distinct().Count());
        var late = 0;
        for (var i = 1; i < passed.Count; i++)
        {
            late += passed[i] < passed[i - 1] ? 1 : 0;
        }

        Assert.InRange(late, 8_000, 10_100);
        Assert.All(passed.Index(), p => Assert.InRange(p.Index - p.Item, -10, 10));
    }

    [Fact]
    public void What_nothing_follows_is_passed_on_after_a_while()
    {
        var passed = 0;
        var injector = new FaultInjector(new DatagramFaults(0, 0, 1, 5), 1, (_, _) => passed++);
        injector.Pass(new Instant(0), Peer, [1]);
        Assert.Equal(0, passed);
        Assert.NotEqual(Instant.Never, injector.NextTimeout);
        injector.Release(injector.NextTimeout);
        Assert.Equal(1, passed);
        Assert.Equal(Instant.Never, injector.NextTimeout);
    }

    [Fact]
    public void A_seed_means_the_same_again_and_directions_differ()
    {
        var faults = new DatagramFaults(0.3, 0.3, 0.3, 6);
        Assert.Equal(Pass(faults, 1000), Pass(faults, 1000));
        Assert.NotEqual(Pass(faults, 1000), Pass(faults, 1000, direction: 2));
    }

    private static List<int> Pass(DatagramFaults faults, int count, ulong direction = 1)
    {
        var passed = new List<int>();
        var injector = new FaultInjector(faults, direction, (_, datagram) => passed.Add(BitConverter.ToInt32(datagram)));
        for (var i = 0; i < count; i++)
        {
            injector.Pass(new Instant(i), Peer, BitConverter.GetBytes(i));
        }

        injector.Release(Instant.Never);
        return passed;
    }
}
