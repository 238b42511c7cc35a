using PouringRain.Coding;

namespace PouringRain.Protocol.Tests.Fetching;

public class SourceIsolationTests
{
    private static readonly Instant Now = new(1_000_000_000);
    private static readonly IFountainCode Code = FountainCodes.TryGet("raptorq", out var code)
        ? code
        : throw new InvalidOperationException();

    private readonly List<FetchPath> _paths = [PathTo(1), PathTo(2)];
    private readonly List<CollectingBlock> _open = [new(0, 160, 16, Code), new(1, 160, 16, Code)];

    [Fact]
    public void SourcesTakeTurnsAlone_UntilAllHaveGivenTwoBlocks()
    {
        var isolation = new SourceIsolation(_paths, _open);
        var block = _open[0];
        isolation.Assign(Now, block);
        Assert.Null(block.IsolatedSource);

        Assert.Null(WrongBy(isolation, block, _paths[0], _paths[1]));
        foreach (var path in (FetchPath[])[_paths[0], _paths[1], _paths[0], _paths[1]])
        {
            isolation.Assign(Now, block);
            Assert.Same(path, block.IsolatedSource);
            Assert.Same(path, SourceIsolation.OnRight(block));
            isolation.EndIfTrusted(Now);
        }

        Assert.Null(block.IsolatedSource);
    }

    [Fact]
    public void WhoFailsAloneTwiceHasLied()
    {
        var isolation = new SourceIsolation(_paths, _open);
        Assert.Null(WrongBy(isolation, _open[0], _paths[0]));
        Assert.Same(_paths[0], Assert.Single(_open[0].IsolatedFailures));
        Assert.Same(_paths[1], isolation.NextFor(Now, _open[0]));
        Assert.Same(_paths[0], WrongBy(isolation, _open[1], _paths[0]));
    }

    /// <summary>One that is only listened to contributes like any other and is found out like any other; only it is not asked.</summary>
    [Fact]
    public void ASourceWithoutAPathIsFoundOutButNotAsked()
    {
        var isolation = new SourceIsolation(_paths, _open);
        var listened = new SymbolSource(PeerAddress.FromIPv4(3, 1)) { State = SourceState.Raining };
        Assert.Null(WrongBy(isolation, _open[0], listened, _paths[0]));
        for (var i = 0; i < 4; i++)
        {
            isolation.Assign(Now, _open[0]);
            Assert.Contains(_open[0].IsolatedSource!, _paths);
            Assert.False(_open[0].IsOpenTo(listened));
        }

        isolation.End();
        Assert.True(_open[0].IsOpenTo(listened));
        Assert.Null(WrongBy(isolation, _open[0], listened));
        Assert.Same(listened, WrongBy(isolation, _open[1], listened));
    }

    private static SymbolSource? WrongBy(SourceIsolation isolation, CollectingBlock block, params SymbolSource[] sources)
    {
        block.Restart();
        foreach (var source in sources)
        {
            block.Contribute(source);
            block.Contribute(source);
        }

        return isolation.OnWrong(block);
    }

    private static FetchPath PathTo(uint address) =>
        new(PeerAddress.FromIPv4(address, 1), default, default, Now, isBackground: false, new PathCeiling(null, []))
        {
            State = SourceState.Raining,
        };
}
