using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Cluster;
using MurkyWaters.Store;
using MurkyWaters.Tests.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Tests.Cluster;

/// <summary>The wish to drain a node, and what becomes of it.</summary>
public sealed class DrainsTests : IDisposable
{
    private static readonly NodeId Other = new(2);
    private readonly TemporaryFolder _folder = new();
    private readonly LaterTime _time = new();
    private readonly List<(NodeId Id, MemberState State, string Url)> _others =
    [
        (new(2), MemberState.Up, ""), (new(3), MemberState.Up, "http://three.example:8080/rain/"), (new(4), MemberState.Up, "file:///etc"),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TheWishOutlivesTheProcessAndIsTakenBackByTheNodeAlone()
    {
        NodeId self;
        await using (var node = Open())
        {
            self = node.Id;
            Assert.False(node.Drains.IsWished);
            Assert.Equal(DrainResult.Taken, await node.Drains.StartAsync(self, Token));
            Assert.Equal(DrainResult.Taken, await node.Drains.StartAsync(self, Token));
            Assert.Contains(self, node.Drains.Wished);
        }

        await using (var node = Open())
        {
            node.Drains.Tick();
            Assert.True(node.Drains.IsWished);
            Assert.Equal(DrainResult.Taken, await node.Drains.StopAsync(self, Token));
            Assert.Equal(DrainResult.Taken, await node.Drains.StopAsync(self, Token));
            Assert.False(node.Drains.IsWished);
        }

        await using var last = Open();
        Assert.False(last.Drains.IsWished);
        Assert.Empty(last.Drains.Wished);
    }

    [Fact]
    public async Task TheNoteOfAnotherNodeSaysNothingAndWhatIsNoNoteIsSetAside()
    {
        await using (var node = Open())
        {
            await node.Drains.StartAsync(node.Id, Token);
        }

        var path = Path.Combine(_folder["store"], "drain");
        await File.WriteAllTextAsync(path, $"{Other} node\n", Token);
        await using (var node = Open())
        {
            Assert.False(node.Drains.IsWished);
        }

        await File.WriteAllTextAsync(path, "???", Token);
        await using (var node = Open())
        {
            Assert.False(node.Drains.IsWished);
        }

        Assert.Equal("???", await File.ReadAllTextAsync(Path.Combine(_folder["store"], "quarantine", "drain"), Token));
    }

    [Fact]
    public async Task WithoutARegistryAnotherNodeIsAskedItself()
    {
        await using var node = Open();
        Assert.Equal((DrainOutcome.Elsewhere, null), Of(await node.Drains.StartAsync(Other, Token)));
        Assert.Equal((DrainOutcome.Elsewhere, new Uri("http://three.example:8080/rain/")), Of(await node.Drains.StartAsync(new(3), Token)));
        Assert.Equal((DrainOutcome.Elsewhere, new Uri("http://three.example:8080/rain/")), Of(await node.Drains.StopAsync(new(3), Token)));
        Assert.Equal((DrainOutcome.Elsewhere, null), Of(await node.Drains.StartAsync(new(4), Token)));
        Assert.Equal((DrainOutcome.Unknown, null), Of(await node.Drains.StartAsync(new(99), Token)));
    }

    [Fact]
    public async Task TooFewThatWouldBeLeftAreAReasonToRefuse()
    {
        _others.RemoveAt(0);
        await using var node = Open();
        var result = await node.Drains.StartAsync(node.Id, Token);
        Assert.Equal(DrainOutcome.Refused, result.Outcome);
        Assert.Contains("Cluster:Replicas is 3", result.Detail, StringComparison.Ordinal);
        Assert.False(node.Drains.IsWished);
    }

    [Fact]
    public async Task WithARegistryAnyNodeIsAskedOfAny()
    {
        using var cluster = new MemoryCluster();
        await using var node = Open(cluster);
        cluster.Add(new RegisteredNode { Id = Other });
        Assert.Equal(DrainResult.Taken, await node.Drains.StartAsync(Other, Token));
        Assert.Equal(DrainResult.Taken, await node.Drains.StartAsync(Other, Token));
        Assert.Equal([Other.ToString()], cluster.Drained);
        Assert.Contains(Other, node.Drains.Wished);

        // Which makes one more too many.
        Assert.Equal(DrainOutcome.Refused, (await node.Drains.StartAsync(node.Id, Token)).Outcome);
        Assert.Equal(DrainResult.Taken, await node.Drains.StopAsync(Other, Token));
        Assert.Empty(cluster.Drained);
        Assert.Equal(DrainOutcome.Unknown, (await node.Drains.StartAsync(new(99), Token)).Outcome);

        Assert.Equal(DrainResult.Taken, await node.Drains.StartAsync(node.Id, Token));
        node.Drains.Tick();
        Assert.True(node.Drains.IsWished);
        Assert.Equal([node.Id.ToString()], cluster.Drained);
    }

    [Fact]
    public async Task ANodeFollowsWhatOthersWishOfItAlsoWhileTheRegistryIsAway()
    {
        using var cluster = new MemoryCluster();
        NodeId self;
        await using (var node = Open(cluster))
        {
            self = node.Id;
            var other = cluster.Open();
            await other.Jobs.PutAsync("drain", self.ToString(), "{}"u8.ToArray(), 0, null, Token);
            Assert.False(node.Drains.IsWished);
            node.Drains.Tick();
            Assert.True(node.Drains.IsWished);
        }

        // A start that finds nobody to ask goes by what was noted.
        cluster.IsAway = true;
        await using (var node = Open(cluster))
        {
            node.Drains.Tick();
            Assert.True(node.Drains.IsWished);
            Assert.Equal(DrainOutcome.Unavailable, (await node.Drains.StopAsync(self, Token)).Outcome);
            Assert.Equal(DrainOutcome.Unavailable, (await node.Drains.StartAsync(Other, Token)).Outcome);
            cluster.IsAway = false;
            node.Drains.Tick();
            Assert.True(node.Drains.IsWished);
            Assert.Equal(DrainResult.Taken, await node.Drains.StopAsync(self, Token));
            node.Drains.Tick();
            Assert.False(node.Drains.IsWished);
        }
    }

    [Fact]
    public async Task AWishThatTheNodeAloneHasIsBroughtToTheRegistryWhenItIsThere()
    {
        using var cluster = new MemoryCluster { IsAway = true };
        await using var node = Open(cluster);
        Assert.Equal(DrainResult.Taken, await node.Drains.StartAsync(node.Id, Token));
        Assert.True(node.Drains.IsWished);
        cluster.IsAway = false;
        await Fetching.FetchFixture.EventuallyAsync(
            () =>
            {
                node.Drains.Tick();
                return cluster.Drained.Any();
            },
            "the job is there");
        Assert.Equal([node.Id.ToString()], cluster.Drained);
        await cluster.Open().Jobs.DeleteAsync(
            "drain", node.Id.ToString(), (await cluster.Open().Jobs.ListAsync("drain", Token))[0].Revision, null, Token);
        await Fetching.FetchFixture.EventuallyAsync(
            () =>
            {
                node.Drains.Tick();
                return !node.Drains.IsWished;
            },
            "the wish is taken back");
        Assert.Empty(cluster.Drained);
    }

    [Fact]
    public async Task WhatWasJustTakenBackOrWrittenIsNotUndoneByAnOlderView()
    {
        using var cluster = new MemoryCluster();
        await using var node = Open(cluster);
        node.Drains.Tick();
        cluster.IsSlow = true;
        await node.Drains.StartAsync(node.Id, Token);
        node.Drains.Tick();
        Assert.True(node.Drains.IsWished);
        cluster.IsSlow = false;
        cluster.Show();
        node.Drains.Tick();
        Assert.True(node.Drains.IsWished);
        cluster.IsSlow = true;
        await node.Drains.StopAsync(node.Id, Token);
        node.Drains.Tick();
        Assert.False(node.Drains.IsWished);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OfTwoThatWereToldAtOnceTheLesserGoesOn(bool isOtherLess)
    {
        await using var node = Open();
        Assert.Equal(DrainResult.Taken, await node.Drains.StartAsync(node.Id, Token));
        _others[0] = (isOtherLess ? new NodeId(1) : new NodeId(Bits128.MaxValue), MemberState.Draining, "");
        node.Drains.Tick();
        Assert.Equal(!isOtherLess, node.Drains.IsWished);
    }

    [Fact]
    public async Task OneThatDidNotKnowAllNodesYetIsDrainedNoMoreWhenItDoes()
    {
        _others.RemoveRange(1, 2);
        await using var node = Open();
        Assert.Equal(DrainResult.Taken, await node.Drains.StartAsync(node.Id, Token));
        _others.Add((new NodeId(3), MemberState.Up, ""));
        node.Drains.Tick();
        Assert.False(node.Drains.IsWished);
    }

    [Fact]
    public async Task OneThatHasBeenDrainedForLongGoesOnWhateverComesLater()
    {
        await using var node = Open();
        await node.Drains.StartAsync(node.Id, Token);
        _time.Passed = TimeSpan.FromMinutes(1);
        _others[0] = (new NodeId(1), MemberState.Draining, "");
        node.Drains.Tick();
        Assert.True(node.Drains.IsWished);
    }

    private static (DrainOutcome Outcome, Uri? Url) Of(DrainResult result) => (result.Outcome, result.Url);

    private Party Open(MemoryCluster? cluster = null)
    {
        var store = ResourceStore.Open(StoreFixture.SmallBlocks(_folder["store"]), NullLogger.Instance);
        var self = store.NodeId;
        var drains = new Drains(
            new ClusterOptions(), store, cluster?.Open(),
            () =>
            [
                new ClusterNode { Id = self, IsSelf = true, Status = new NodeStatus() },
                .. _others.Select(other => new ClusterNode
                {
                    Id = other.Id,
                    State = other.State,
                    Status = new NodeStatus { Url = other.Url, IsDraining = other.State == MemberState.Draining },
                }).ToImmutableArray(),
            ],
            _time, NullLogger.Instance);
        return new Party(self, store, drains);
    }

    private sealed class LaterTime : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => TimeSpan.TicksPerHour + Passed.Ticks;
    }

    private sealed record Party(NodeId Id, ResourceStore Store, Drains Drains) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Drains.DisposeAsync();
            Store.Dispose();
        }
    }
}
