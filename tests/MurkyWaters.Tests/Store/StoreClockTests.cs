using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>The store has no other clock than the one that it is given.</summary>
public sealed class StoreClockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SetClock _clock = new();
    private readonly StoreFixture _store;

    public StoreClockTests() => _store = new StoreFixture(StoreFixture.SmallBlocks(_folder.FullPath) with { Time = _clock });

    [Fact]
    public async Task What_was_replaced_is_rained_until_nobody_has_wanted_it_for_its_lifetime()
    {
        var tag = (await _store.PutAsync(1, Bytes.Random(2500, 1))).Resource!.Manifest.Version.Tag;
        Assert.NotNull(_store.Store.Find(new ResourceId(1)));
        await _store.PutAsync(1, Bytes.Random(2500, 2));

        _clock.Advance(_store.Options.SupersededLifetime - TimeSpan.FromSeconds(1));
        _store.Store.Tick();
        Assert.NotNull(_store.Store.Find(new ResourceId(1), tag));
        _clock.Advance(_store.Options.SupersededLifetime - TimeSpan.FromSeconds(1));
        _store.Store.Tick();
        Assert.NotNull(_store.Store.Find(new ResourceId(1), tag));
        _clock.Advance(_store.Options.SupersededLifetime);
        _store.Store.Tick();
        Assert.Null(_store.Store.Find(new ResourceId(1), tag));
    }

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }
}
