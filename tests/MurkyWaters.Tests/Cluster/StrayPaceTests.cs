using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Cluster;

public class StrayPaceTests
{
    [Fact]
    public void ThePaceIsThatOfTheLastMinutesAndNothingWhileMoreComes()
    {
        var pace = new StrayPace();
        Assert.Equal(0, pace.BytesPerSecond);
        for (var second = 0; second <= 600; second++)
        {
            // In steps, as it is counted.
            pace.Note(At(second), 100_000 - (second / 30 * 30 * 100));
        }

        Assert.InRange(pace.BytesPerSecond, 90, 110);
        for (var second = 601; second <= 1000; second++)
        {
            pace.Note(At(second), 40_000);
        }

        Assert.Equal(0, pace.BytesPerSecond);
        pace.Note(At(1001), 50_000);
        pace.Note(At(1011), 40_000);
        Assert.Equal(1000, pace.BytesPerSecond);
    }

    private static Instant At(int second) => new(second * 1_000_000_000L);
}
