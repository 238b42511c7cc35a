namespace PouringRain.Protocol.Tests.Fetching;

public class FetchProgressTests
{
    private static readonly Instant Start = new(1_000_000_000);
    private readonly FetchProgress _progress = new(TimeSpan.FromSeconds(10), Start);

    [Fact]
    public void WithoutSymbolsItStalls() => Assert.Equal(At(10), _progress.StalledAt);

    [Fact]
    public void AFewSymbolsAreProgressAndFewerAreNone()
    {
        for (var i = 0; i < 7; i++)
        {
            _progress.OnSymbol(At(4));
        }

        Assert.Equal(At(10), _progress.StalledAt);
        _progress.OnSymbol(At(4));
        Assert.Equal(At(14), _progress.StalledAt);
    }

    [Fact]
    public void WhileOthersComeOnItWaitsItsTurnButNotForEver()
    {
        _progress.OnOthersCameOn(At(8));
        Assert.Equal(At(18), _progress.StalledAt);
        _progress.OnOthersCameOn(At(55));
        Assert.Equal(At(60), _progress.StalledAt);
        _progress.OnChangedWay(At(56));
        _progress.OnOthersCameOn(At(60));
        Assert.Equal(At(70), _progress.StalledAt);
    }

    private static Instant At(double seconds) => Start + TimeSpan.FromSeconds(seconds);
}
