using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Propagating;
using MurkyWaters.Servers;
using MurkyWaters.Tests.Fetching;
using MurkyWaters.Tests.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace MurkyWaters.Tests.Propagating;

public sealed class PropagatorTests : IAsyncLifetime
{
    private static readonly PropagationTimes Quick = new()
    {
        FirstPause = TimeSpan.FromMilliseconds(1),
        LongestPause = TimeSpan.FromMilliseconds(2),
    };

    private readonly TemporaryFolder _folder = new();
    private readonly MemoryRain _rain = new();
    private readonly TestLoggers _loggers = new("propagator");
    private readonly CancellationTokenSource _stopping = new();
    private readonly StoreFixture _store;
    private ServerTable _servers = null!;

    public PropagatorTests() => _store = new StoreFixture(StoreFixture.SmallBlocks(_folder["store"]));

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(
            _folder["servers.json"],
            """[{"host": "127.0.0.1", "port": 1980}, {"host": "127.0.0.1", "port": 1}, {"host": "127.0.0.1", "port": 2}]""",
            TestContext.Current.CancellationToken);
        _servers = await ServerTable.OpenAsync(
            _folder["servers.json"], new OwnEndPoints([new IPEndPoint(IPAddress.Loopback, 1980)]), NullLogger.Instance, TimeProvider.System,
            TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _store.Dispose();
        _stopping.Dispose();
        _loggers.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task ReplicasAreTheNodesThatHoldItAndThisOneOnce()
    {
        _rain.Propagations[Address(1980)] = PropagationState.Held;
        _rain.Propagations[Address(1)] = PropagationState.Held;
        _rain.Propagations[Address(2)] = PropagationState.Held;

        Assert.Equal(3, await CountAsync(3));
    }

    [Fact]
    public async Task ANodeCountsOnceHoweverManyAddressesItHas()
    {
        _rain.Propagations[Address(1)] = PropagationState.Held;
        _rain.Propagations[Address(2)] = PropagationState.Held;
        _rain.Nodes[Address(1)] = _rain.Nodes[Address(2)] = new NodeId(7);

        Assert.Equal(2, await CountAsync(3));
    }

    [Fact]
    public async Task ThisNodeAtAnAddressThatItDoesNotKnowAsItsOwnIsNoOtherNode()
    {
        _rain.Propagations[Address(1)] = PropagationState.Held;
        _rain.Propagations[Address(2)] = PropagationState.Held;
        _rain.Nodes[Address(2)] = _store.Store.NodeId;

        Assert.Equal(2, await CountAsync(3));
    }

    [Fact]
    public async Task AnExceptionThatNobodyExpectedIsToldAndCostsTheOthersNothing()
    {
        _rain.Propagations[Address(1)] = PropagationState.Held;
        _rain.Propagations[Address(2)] = PropagationState.Refused;
        var resources = new List<StoredResource>();
        for (var id = 1ul; id <= 20; id++)
        {
            resources.Add((await _store.PutAsync(id, Bytes.Random(100, (int)id))).Resource!);
        }

        // More than there are workers for a node; then what was wrong is over.
        var failuresLeft = 16;
        _rain.PropagationFailure = (_, node) =>
            node == Address(1) && Interlocked.Decrement(ref failuresLeft) >= 0 ? new InvalidOperationException("Out of the blue.") : null;
        var propagator = new Propagator(_store.Store, _rain, _servers, Quick, Notices(), _loggers, _stopping.Token);
        resources.ForEach(propagator.Start);

        foreach (var resource in resources)
        {
            Assert.Equal(2, await propagator.CountAsync(resource.Id, 2, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        }

        Assert.Equal(16, _loggers.Failures.Count);
        Assert.All(_loggers.Failures, failure => Assert.Contains("127.0.0.1:1 could not be told", failure, StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhenNobodyIsLeftWhoCouldHoldItTheCountIsSaidBeforeTheTimeIsUp()
    {
        _rain.Propagations[Address(1)] = PropagationState.Held;
        _rain.Propagations[Address(2)] = PropagationState.Refused;

        Assert.Equal(2, await CountAsync(3));
    }

    [Fact]
    public async Task ASilentNodeIsAskedAgainUntilItAnswers()
    {
        _rain.Propagations[Address(1)] = PropagationState.Held;
        var count = CountAsync(3);
        for (var i = 0; _servers.Snapshot()[2].State != "silent"; i++)
        {
            Assert.True(i < 10_000, "The silent node was never said to be silent.");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        Assert.False(count.IsCompleted);
        _rain.Propagations[Address(2)] = PropagationState.Held;

        Assert.Equal(3, await count);
        Assert.Equal("up", _servers.Snapshot()[2].State);
    }

    [Fact]
    public async Task TheTimeLimitIsKept()
    {
        Assert.Equal(1, await CountAsync(2, TimeSpan.FromMilliseconds(20)));
    }

    [Fact]
    public async Task WhatIsNotHereHasNoReplicas()
    {
        var propagator = new Propagator(_store.Store, _rain, _servers, Quick, Notices(), _loggers, _stopping.Token);

        Assert.Equal(0, await propagator.CountAsync(new ResourceId(77), 2, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
    }

    private ClassicNotices Notices() => new(_store.Store, _rain, _servers, new ClassicServerOptions(), _stopping.Token);

    private static PeerAddress Address(ushort port) => PeerAddress.FromIPv4(0x7F00_0001, port);

    private async Task<int> CountAsync(int replicas, TimeSpan? limit = null)
    {
        var resource = (await _store.PutAsync(1, Bytes.Random(100, 1))).Resource!;
        var propagator = new Propagator(_store.Store, _rain, _servers, Quick, Notices(), _loggers, _stopping.Token);
        propagator.Start(resource);
        return await propagator.CountAsync(resource.Id, replicas, limit ?? TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }
}
