using MurkyWaters.Cluster;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Tests.Cluster;

/// <summary>Writes that have conditions, with others whose answers are written down here.</summary>
public sealed class ConditionalWritesTests : IAsyncDisposable
{
    private static readonly ResourceId Id = new(7);
    private static readonly Manifest First = VersionAt(1000), Second = VersionAt(2000), Third = VersionAt(3000);

    private readonly TurnsInMemory _registry = new();
    private readonly Queue<SurveyResult> _surveys = [];
    private readonly Queue<Manifest?> _looks = [];
    private Manifest? _here;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task TheConditionIsAboutTheNewestVersionWhereverItIs()
    {
        // Nothing anywhere.
        Ask(null);
        await using (var write = await EnterAsync())
        {
            Assert.Null(write.NewestOf(null)?.Manifest);
            Assert.Equal(First, write.NewestOf(Stored(First))?.Manifest);
        }

        // What is here.
        _here = Second;
        Ask(First);
        await using (var write = await EnterAsync())
        {
            Assert.Equal(Second, write.NewestOf(Stored(Second))?.Manifest);
            Assert.Equal(Second.Stamp, write.NewestStamp);

            // It was evicted meanwhile, or a newer one came.
            Assert.Equal(Second, write.NewestOf(null)?.Manifest);
            Assert.Equal(Third, write.NewestOf(Stored(Third))?.Manifest);
        }

        // What is elsewhere.
        Ask(Third);
        _looks.Enqueue(Third);
        await using (var write = await EnterAsync())
        {
            Assert.Equal(Third, write.NewestOf(Stored(Second))?.Manifest);
            Assert.Equal(Third.Stamp, write.NewestStamp);
        }

        // It was deleted elsewhere: nothing need be brought here.
        Ask(Manifest.CreateTombstone("lt", 2500));
        await using (var write = await EnterAsync())
        {
            Assert.Null(write.NewestOf(Stored(Second))?.Manifest);
            Assert.Equal(2500, write.NewestStamp);
        }

        Assert.Equal(0, _registry.Count);
    }

    [Fact]
    public async Task ADeletionHereIsNoVersion()
    {
        _here = Manifest.CreateTombstone("lt", 2500);
        Ask(Second);
        await using var write = await EnterAsync();
        Assert.Null(write.NewestOf(Stored(_here))?.Manifest);
    }

    [Fact]
    public async Task ANewerVersionThatIsNotThereYetIsLookedForAgain()
    {
        Ask(Second);
        _looks.Enqueue(null);
        Ask(Second);
        _looks.Enqueue(First);
        Ask(Second);
        _looks.Enqueue(Third);
        await using var write = await EnterAsync();
        Assert.Equal(Third, write.NewestOf(Stored(First))?.Manifest);
    }

    [Fact]
    public async Task WhatIsKnownByNameOnlyIsNotGuessedAt()
    {
        for (var i = 0; i < 7; i++)
        {
            Ask(Second);
            _looks.Enqueue(null);
        }

        var refused = await Assert.ThrowsAsync<ClusterUnavailableException>(EnterAsync);
        Assert.Contains("newer version of resource 7", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_surveys);
        Assert.Equal(0, _registry.Count);
    }

    [Theory]
    [InlineData(3, 2, true)]
    [InlineData(3, 1, false)]
    [InlineData(2, 1, false)]
    [InlineData(1, 1, true)]
    [InlineData(1, 0, false)]
    [InlineData(0, 0, false)]
    public async Task MostHoldersHaveToAnswer(int holders, int answered, bool isEnough)
    {
        _here = First;
        // One that does not answer at once may do so later.
        for (var i = 0; i < (isEnough ? 3 : 7); i++)
        {
            Ask(First, holders, isEnough && i < 2 ? 0 : answered);
        }

        if (isEnough)
        {
            await (await EnterAsync()).DisposeAsync();
        }
        else
        {
            var refused = await Assert.ThrowsAsync<ClusterUnavailableException>(EnterAsync);
            Assert.Contains($"{answered} of the {holders} nodes", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, _registry.Count);
    }

    [Fact]
    public async Task NobodyGoesOnWithoutTheRegistryOrATurn()
    {
        _registry.IsAway = true;
        await Assert.ThrowsAsync<ClusterUnavailableException>(EnterAsync);
        Assert.Throws<ClusterUnavailableException>(Create().ThrowIfAway);
        (_registry.IsAway, _registry.IsBusy) = (false, true);
        var refused = await Assert.ThrowsAsync<ClusterUnavailableException>(EnterAsync);
        Assert.Contains("no turn", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATurnThatWasLostWritesNothing()
    {
        TurnsInMemory.MemoryTurn? turn = null;
        _registry.Began = began => turn = began;
        Ask(null);
        await using var write = await EnterAsync();
        write.ThrowIfLost();
        turn!.IsHeld = false;
        Assert.Throws<ClusterUnavailableException>(write.ThrowIfLost);

        // And does not wait for anybody.
        await write.SettleAsync(First);
    }

    [Fact]
    public async Task TheTurnEndsWhenMostHoldersKnow()
    {
        Ask(null);
        await using var write = await EnterAsync();

        // One that asks is slower than the answers of others: the version is not among what they know.
        Ask(null, knowing: 3);
        Ask(First, knowing: 0);
        Ask(First, knowing: 1);
        Ask(First, knowing: 2);
        await write.SettleAsync(First);
        Assert.Empty(_surveys);
    }

    [Fact]
    public async Task WhoHasLostNeedsNoTurn()
    {
        _registry.Began = _ => Assert.Fail("There is a turn.");
        Ask(Second);
        _looks.Enqueue(Second);
        await using var write = await Create().EnterAsync(Id, found => found == First, Cancellation);
        Assert.True(write.IsRefused);
        Assert.Equal(Second, write.NewestOf(Stored(First))?.Manifest);
        Assert.Throws<ClusterUnavailableException>(write.ThrowIfLost);
        await write.SettleAsync(First);
        Assert.Empty(_surveys);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OfTwoAtATimeTheSecondSeesWhatTheFirstHasMade(bool areAtOneNode)
    {
        var one = Create(firstLooks: 2);
        var other = areAtOneNode ? one : Create(firstLooks: 1);
        Ask(null);
        var first = await one.EnterAsync(Id, _ => true, Cancellation);
        Assert.False(first.IsRefused);
        var second = other.EnterAsync(Id, _ => true, Cancellation);
        Assert.False(second.IsCompleted);
        _here = First;
        Ask(First);
        await first.DisposeAsync();
        await using var write = await second;
        Assert.Equal(First, write.NewestOf(Stored(First))?.Manifest);
    }

    private static Manifest VersionAt(long stamp)
    {
        byte[] bytes = [1, 2, 3];
        Assert.True(ResourceLayout.TryCreate(bytes.Length, 64 * 1024, 1024, out var layout));
        return Manifest.Create(layout, "lt", stamp, Sha256Digest.Of(bytes), "text/plain", null, BlockDigest.OfBlocks(layout, bytes));
    }

    private static StoredResource? Stored(Manifest? manifest) =>
        manifest is null ? null : new StoredResource(Id, manifest, Retention.Kept);

    private static SurveyResult Survey(Manifest? newest, int holders, int answered, int knowing) =>
        new(1, Id, newest is null ? ReplicaVersion.None : ReplicaVersion.Of(newest), holders - 1, answered)
        {
            Holders = holders,
            HoldersAnswered = answered,
            HoldersKnowing = knowing,
        };

    private void Ask(Manifest? newest, int holders = 3, int answered = 3, int knowing = 3) =>
        _surveys.Enqueue(Survey(newest, holders, answered, knowing));

    /// <summary>The first look, before there is a turn, finds what is here.</summary>
    private Task<ConditionalWrite> EnterAsync() => Create(firstLooks: 1).EnterAsync(Id, _ => true, Cancellation);

    private ConditionalWrites Create(int firstLooks = 0) => new(
        _registry,
        (_, _) => Task.FromResult(firstLooks-- > 0 ? Survey(null, 3, 3, 3) : _surveys.Dequeue()),
        (_, _) => Task.FromResult(_looks.Dequeue()),
        _ => _here,
        TimeProvider.System)
    {
        LookPause = TimeSpan.FromMilliseconds(0.1),
    };
}
