using MurkyWaters.Cluster;

namespace MurkyWaters.Engines.Tests;

[Collection(nameof(EtcdCollection))]
public sealed class TurnsTests(EtcdServers servers) : EtcdTest(servers)
{
    [Fact]
    public async Task Two_hundred_who_want_one_key_have_it_one_after_the_other()
    {
        var registries = Enumerable.Range(0, 4).Select(_ => Open()).ToList();
        var (holders, fences) = (0, new List<long>());
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            await using var turn = await registries[i % registries.Count].TryLockAsync("resource-1", EtcdServers.HangLimit, Limit);
            Assert.NotNull(turn);
            Assert.Equal(1, Interlocked.Increment(ref holders));
            Assert.True(turn.IsHeld);
            fences.Add(turn.Fence);
            await Task.Yield();
            Assert.Equal(0, Interlocked.Decrement(ref holders));
        }));

        Assert.Equal(200, fences.Count);
        Assert.Equal(fences.Order().Distinct(), fences);
        Assert.Empty(await Servers.ListAsync($"{Root}turns/"));
    }

    [Fact]
    public async Task Who_does_not_get_it_in_time_gets_nothing_and_stands_in_nobodys_way()
    {
        var (first, second) = (Open(), Open());
        await using (var turn = await first.TryLockAsync("k", TimeSpan.Zero, Limit))
        {
            Assert.NotNull(turn);
            Assert.Null(await second.TryLockAsync("k", TimeSpan.FromMilliseconds(100), Limit));
            Assert.Null(await first.TryLockAsync("k", TimeSpan.FromMilliseconds(100), Limit));
            await using var other = await second.TryLockAsync("another", TimeSpan.Zero, Limit);
            Assert.NotNull(other);
        }

        await using var next = await second.TryLockAsync("k", TimeSpan.Zero, Limit);
        Assert.NotNull(next);
    }

    [Fact]
    public async Task A_turn_lasts_longer_than_its_lease()
    {
        var (first, second) = (Open(new() { TurnLease = TimeSpan.FromSeconds(1) }), Open());
        await using var turn = await first.TryLockAsync("k", TimeSpan.Zero, Limit);
        Assert.Null(await second.TryLockAsync("k", TimeSpan.FromSeconds(4), Limit));
        Assert.True(turn!.IsHeld);
        Assert.False(turn.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_holder_that_is_cut_off_knows_that_it_lost_its_turn_before_another_has_it()
    {
        var (cut, relays) = OpenRelayed();
        var other = Open();
        var lost = await cut.TryLockAsync("k", EtcdServers.HangLimit, Limit);
        Assert.NotNull(lost);
        foreach (var relay in relays)
        {
            relay.Cut();
        }

        await using var turn = await other.TryLockAsync("k", EtcdServers.HangLimit, Limit);
        Assert.NotNull(turn);
        Assert.False(lost.IsHeld);
        Assert.True(turn.Fence > lost.Fence);
        await UntilAsync(() => lost.Lost.IsCancellationRequested);
        await lost.DisposeAsync();
        foreach (var relay in relays)
        {
            relay.Heal();
        }

        await UntilAsync(() => cut.Status.IsConnected);
        Assert.True(turn.IsHeld);
        Assert.Null(await cut.TryLockAsync("k", TimeSpan.Zero, Limit));
    }

    [Fact]
    public async Task Without_etcd_nobody_waits()
    {
        var (registry, relays) = OpenRelayed();
        await UntilAsync(() => registry.Status.IsConnected);
        foreach (var relay in relays)
        {
            relay.Cut();
        }

        await Assert.ThrowsAsync<ClusterUnavailableException>(() => registry.TryLockAsync("k", EtcdServers.HangLimit, Limit));
        await UntilAsync(() => !registry.Status.IsConnected);
        Assert.NotNull(registry.Status.Trouble);
        await Assert.ThrowsAsync<ClusterUnavailableException>(() => registry.TryLockAsync("k", EtcdServers.HangLimit, Limit));
        await Assert.ThrowsAsync<ClusterUnavailableException>(
            () => registry.Jobs.PutAsync("drain", "1", "{}"u8.ToArray(), 0, null, Limit));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("ü")]
    public async Task A_key_that_could_reach_elsewhere_is_refused(string key) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Open().TryLockAsync(key, TimeSpan.Zero, Limit));
}
