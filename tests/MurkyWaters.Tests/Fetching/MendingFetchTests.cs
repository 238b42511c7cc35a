using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using MurkyWaters.Tests.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Fetching;

/// <summary>A fetch that mends is held to the ceiling of repair; what a reader waits for, and what was just made, is not.</summary>
public sealed class MendingFetchTests : IAsyncLifetime
{
    private static readonly PeerAddress Server = PeerAddress.FromIPv4(0x7F00_0001, 1);
    private readonly TemporaryFolder _folder = new();
    private readonly MemoryRain _rain = new() { Pace = new SemaphoreSlim(0) };
    private readonly FetchCeiling _ceiling = FetchCeiling.Of(1_000_000)!;
    private StoreFixture _store = null!;
    private FetchTable _fetches = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private bool IsHeld => _rain.OptionsOfLast?.Ceiling is { IsHeld: true };

    public async ValueTask InitializeAsync()
    {
        _store = new StoreFixture(StoreFixture.SmallBlocks(_folder["store"]));
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
            RepairCeiling = _ceiling,
            Grace = TimeSpan.Zero,
        });
        var bytes = Bytes.Random(20_000, 1);
        Assert.True(ResourceLayout.TryCreate(bytes.Length, 1000, 100, out var layout));
        _rain.Hold(Server, FetchFixture.Id, Manifest.Create(
            layout, "lt", 1, Sha256Digest.Of(bytes), "text/plain", null, BlockDigest.OfBlocks(layout, bytes)), bytes);
    }

    public async ValueTask DisposeAsync()
    {
        _rain.Pace!.Release(1_000_000);
        await _fetches.DisposeAsync();
        _store.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task ItIsHeldUntilSomebodyReadsAndAgainWhenNobodyDoes()
    {
        var fetch = _fetches.KeepFrom(FetchFixture.Id, [Server], isMending: true)!;
        await FetchFixture.EventuallyAsync(() => IsHeld && fetch.Manifest is not null, "it is held");

        var reader = fetch.TryJoin(0, 1000)!;
        await FetchFixture.EventuallyAsync(() => !IsHeld, "it is let go for the reader");

        await reader.DisposeAsync();
        await FetchFixture.EventuallyAsync(() => IsHeld, "it is held again");

        var last = _rain.OptionsOfLast!.Ceiling!;
        _rain.Pace!.Release(1000);
        await fetch.Completion.WaitAsync(Token);
        Assert.Equal(FetchEndReason.Completed, fetch.End);
        Assert.False(last.IsHeld);
    }

    [Fact]
    public async Task WhatWasJustMadeIsNotHeldAlsoWhenItWasBeingMended()
    {
        var fetch = _fetches.KeepFrom(FetchFixture.Id, [Server], isMending: true)!;
        await FetchFixture.EventuallyAsync(() => IsHeld, "it is held");

        Assert.Same(fetch, _fetches.KeepFrom(FetchFixture.Id, [Server], isMending: false));
        await FetchFixture.EventuallyAsync(() => !IsHeld, "it is let go");

        Assert.Same(fetch, _fetches.KeepFrom(FetchFixture.Id, [Server], isMending: true));
        _rain.Pace!.Release(1);
        await FetchFixture.EventuallyAsync(() => _rain.BlockCount > 0, "a block has come");
        Assert.False(IsHeld);
    }
}
