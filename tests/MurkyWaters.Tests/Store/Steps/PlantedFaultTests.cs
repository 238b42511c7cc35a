namespace MurkyWaters.Tests.Store.Steps;

/// <summary>That the schedules find what they are for: with a fault planted the property does not hold, within as many runs as are made of
/// it by default.</summary>
[Collection(nameof(Alone))]
public sealed class PlantedFaultTests
{
    /// <summary>A wait for the disk that is left out, or comes after the row is on it: of a file's bytes, of a folder's names.</summary>
    [Theory]
    [InlineData(nameof(Omission.File))]
    [InlineData(nameof(Omission.Folder))]
    [InlineData(nameof(Omission.Log))]
    [InlineData(nameof(Omission.LateFile))]
    [InlineData(nameof(Omission.LateFolder))]
    public async Task A_wait_that_is_not_made_is_found(string omission)
    {
        var broken = await FindAsync(schedule => Steps.StopEverywhereAsync(schedule, Enum.Parse<Omission>(omission)));
        Assert.Contains("The machine stopped before step", broken, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lease_that_keeps_nothing_is_found()
    {
        var broken = await FindAsync(schedule => Steps.StopEverywhereAsync(schedule, forgetsLeases: true));
        Assert.Contains("a file has gone under a lease", broken, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_that_is_answered_before_its_row_is_written_is_found()
    {
        var broken = await FindAsync(schedule => Steps.StopEverywhereAsync(schedule, answersEarly: true));
        Assert.Contains(", and may be ", broken, StringComparison.Ordinal);
    }

    /// <summary>What the property says against the first schedule that breaks it.</summary>
    private static async Task<string> FindAsync(Func<Schedule, Task> run)
    {
        var broken = "";
        for (var i = 0u; i < Steps.DefaultScheduleCount && broken.Length == 0; i++)
        {
            var schedule = Schedule.Numbered(i);
            try
            {
                await run(schedule);
            }
            catch (Exception error)
            {
                broken = error.ToString();
            }
        }

        Assert.True(broken.Length > 0, "nobody has noticed");
        return broken;
    }
}
