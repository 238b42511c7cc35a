using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Deploying;
using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using MurkyWaters.Tests.Fetching;
using MurkyWaters.Tests.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace MurkyWaters.Tests.Deploying;

/// <summary>What a node does with what it is asked to have.</summary>
public sealed class DeployAgentTests : IAsyncLifetime
{
    private static readonly PeerAddress Server = PeerAddress.FromIPv4(0x7F00_0001, 1);
    private readonly TemporaryFolder _folder = new();
    private readonly MemoryRain _rain = new() { Pace = new SemaphoreSlim(1000) };
    private readonly byte[] _bytes = Bytes.Random(20_000, 1);
    private StoreFixture _store = null!;
    private FetchTable _fetches = null!;
    private DeployAgent _agent = null!;
    private DeployOrder _order = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = new StoreFixture(StoreFixture.SmallBlocks(_folder["store"]) with { InlineBytes = 0 });
        await File.WriteAllTextAsync(_folder["servers.json"], "[{\"host\": \"127.0.0.1\", \"port\": 1}]", Token);
        _fetches = new FetchTable(new FetchContext
        {
            Store = _store.Store,
            Transport = _rain,
            Servers = await ServerTable.OpenAsync(
                _folder["servers.json"], new OwnEndPoints([]), NullLogger.Instance, TimeProvider.System, Token),
            Logger = NullLogger.Instance,
            Time = TimeProvider.System,
            Options = new FetchOptions(),
            Budget = new FetchBudget(1 << 20, 4, 1 << 20, TimeProvider.System),
            Grace = TimeSpan.Zero,
        });
        _agent = new DeployAgent(_store.Store, _fetches, Groups(), TimeProvider.System, NullLogger.Instance);
        Assert.True(ResourceLayout.TryCreate(_bytes.Length, 1000, 100, out var layout));
        var manifest = Manifest.Create(
            layout, "lt", 1, Sha256Digest.Of(_bytes), "text/plain", null, BlockDigest.OfBlocks(layout, _bytes));
        _rain.Hold(Server, FetchFixture.Id, manifest, _bytes);
        _order = new DeployOrder
        {
            Deployment = 7,
            Resource = FetchFixture.Id,
            Version = manifest.Version,
            Length = _bytes.Length,
        };
    }

    public async ValueTask DisposeAsync()
    {
        _rain.Pace!.Release(1_000_000);
        await _agent.DisposeAsync();
        await _fetches.DisposeAsync();
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task ItIsFetchedAndReadBackOnceHoweverOftenItIsOrdered()
    {
        var report = await EndAsync(_order);
        Assert.Equal((DeployProgress.Done, Sha256Digest.Of(_bytes)), (report.Progress, report.Receipt));
        Assert.Equal((20, 20), (report.Blocks, report.BlockCount));
        Assert.Equal(_bytes, await _store.ReadAsync(1));
        Assert.Same(report, _agent.Obey(_order));

        // One that has forgotten, or is asked anew, reads it back again and fetches nothing.
        var rounds = _rain.RoundCount;
        Assert.Equal(DeployProgress.Done, (await EndAsync(_order with { Deployment = 8 })).Progress);
        Assert.Equal((rounds, 2), (_rain.RoundCount, _agent.Figures.Done));
    }

    [Fact]
    public async Task ItIsHeldToItsRate()
    {
        HoldRain();
        var order = _order with { RateBytesPerSecond = 70_000 };
        await FetchFixture.EventuallyAsync(
            () => _agent.Obey(order) is not null && _rain.OptionsOfLast?.Ceiling is { IsHeld: true, RateBytesPerSecond: 70_000 },
            "it is held");
        _rain.Pace!.Release(1000);
        Assert.Equal(DeployProgress.Done, (await EndAsync(order)).Progress);
        Assert.False(_rain.OptionsOfLast!.Ceiling!.IsHeld);
    }

    [Fact]
    public async Task WhatComesBackWrongFromTheDiskIsNamedAndIsNoCopyAnyMore()
    {
        await EndAsync(_order);
        var file = Directory.EnumerateFiles(Path.Combine(_folder["store"], "blobs"), "*", SearchOption.AllDirectories).Single();
        var kept = await File.ReadAllBytesAsync(file, Token);
        kept[13_500] ^= 1;
        await File.WriteAllBytesAsync(file, kept, Token);
        var report = await EndAsync(_order with { Deployment = 8 });
        Assert.Equal(
            (DeployProgress.Failed, "What was read back is not what was written (block 13)."), (report.Progress, report.Reason));
        Assert.Equal(default, report.Receipt);
        Assert.Null(_store.Store.FindEntry(FetchFixture.Id));
        Assert.Equal(1, _agent.Figures.Failed);
    }

    [Fact]
    public async Task WhatIsNewerStaysAndIsSaid()
    {
        await _store.PutAsync(1, Bytes.Random(100, 2));
        var report = await EndAsync(_order);
        Assert.Equal((DeployProgress.Failed, "What is there is newer, and stays."), (report.Progress, report.Reason));
        await _store.DeleteAsync(1);
        report = await EndAsync(_order with { Deployment = 8 });
        Assert.Equal((DeployProgress.Failed, "It was deleted."), (report.Progress, report.Reason));
    }

    [Fact]
    public async Task WhatHasNoRoomIsNotBegun()
    {
        var report = await EndAsync(_order with { Length = long.MaxValue / 4 });
        Assert.Equal(
            (DeployProgress.Failed, "Its disk has no room for 2305843009213693951 bytes."), (report.Progress, report.Reason));
        Assert.Equal(0, _rain.RoundCount);
    }

    [Fact]
    public async Task WhatNobodyHasIsTriedAgainAndLeftWhenToldSo()
    {
        var order = _order with { Version = Sha256Digest.Of("another"u8) };
        await FetchFixture.EventuallyAsync(
            () => _agent.Obey(order) is { Progress: DeployProgress.Waiting, Reason.Length: > 0 }, "it waits");
        Assert.EndsWith(" It is tried again.", _agent.Obey(order)!.Reason, StringComparison.Ordinal);
        _agent.Obey(order with { IsStop = true });
        await FetchFixture.EventuallyAsync(() => _agent.Obey(order)!.Progress == DeployProgress.Stopped, "it is left");
    }

    [Fact]
    public async Task StoppedItsFetchEndsAndAnOrderThatComesLateBeginsNothing()
    {
        HoldRain();
        await FetchFixture.EventuallyAsync(() => _agent.Obey(_order) is { Progress: DeployProgress.Receiving }, "it fetches");
        await FetchFixture.EventuallyAsync(() => _rain.RoundCount > 0, "it rains");
        _agent.Obey(_order with { IsStop = true });
        await FetchFixture.EventuallyAsync(() => _agent.Obey(_order)!.Progress == DeployProgress.Stopped, "it is left");
        await FetchFixture.EventuallyAsync(() => _fetches.ActiveCount == 0, "the fetch ends");
        Assert.Equal(DeployProgress.Stopped, _agent.Obey(_order with { Deployment = 8, IsStop = true })!.Progress);
        Assert.Equal(DeployProgress.Stopped, _agent.Obey(_order with { Deployment = 8 })!.Progress);
    }

    [Fact]
    public async Task WhatIsToComeOnAGroupWhereItDoesNotListenIsFetched()
    {
        var report = await EndAsync(_order with { Mode = DeployMode.Group, Group = "239.77.0.1:7855" });
        Assert.Equal(DeployProgress.Done, report.Progress);
    }

    private DeployGroups Groups(params IPEndPoint[] groups) =>
        new(new DeployGroupOptions { Groups = groups, Interface = "lo" }, null, _store.Store, NullLogger.Instance);

    /// <summary>No block comes any more.</summary>
    private void HoldRain()
    {
        while (_rain.Pace!.Wait(0, Token))
        {
        }
    }

    private async Task<DeployReport> EndAsync(DeployOrder order)
    {
        await FetchFixture.EventuallyAsync(() => _agent.Obey(order)!.IsFinal, "it has ended");
        return _agent.Obey(order)!;
    }
}
