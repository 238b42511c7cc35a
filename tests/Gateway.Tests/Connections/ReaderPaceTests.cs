using Gateway.Connections;

namespace Gateway.Tests.Connections;

public sealed class ReaderPaceTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly ReaderPace _pace = new(100, TimeSpan.FromSeconds(10));

    [Fact]
    public void A_reader_may_pause_for_the_grace()
    {
        for (var i = 0; i < 10; i++)
        {
            Assert.True(_pace.TryWait(Second, 0));
        }

        Assert.False(_pace.TryWait(Second, 0));
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(1_000_000_000_000, true)]
    [InlineData(99, false)]
    [InlineData(1, false)]
    public void A_reader_at_the_least_rate_goes_on_for_ever_and_one_below_does_not(long takenBytes, bool isForEver)
    {
        var waits = 0;
        while (waits < 10_000 && _pace.TryWait(Second, takenBytes))
        {
            waits++;
        }

        Assert.Equal(isForEver, waits == 10_000);
    }

    [Fact]
    public void What_a_reader_takes_wins_five_graces_and_no_more()
    {
        Assert.True(_pace.TryWait(Second, 1_000_000_000));
        for (var pause = 0; pause < 100; pause++)
        {
            for (var i = 0; i < 49; i++)
            {
                Assert.True(_pace.TryWait(Second, 0));
            }

            Assert.True(_pace.TryWait(Second, 1_000_000_000));
        }

        Assert.False(_pace.TryWait(TimeSpan.FromSeconds(50.5), 0));
    }
}
