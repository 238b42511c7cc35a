using CsCheck;

namespace MurkyWaters.Tests.Store.Steps;

/// <summary>
/// Random schedules over the store, stopped before every step that it makes on the disk, and with every step failing: what was answered is
/// there, whole, or
/// something newer; of what was not, the old or the new; nobody holds anything, and no file is left that nothing names. A schedule that
/// fails is made
/// shorter, and told with its seed. MURKY_STORE_STOPS says how often it is stopped.
/// </summary>
[Collection(nameof(Alone))]
public sealed class StoreStepsTests
{
    [Fact]
    public async Task Stopped_before_any_step_the_store_has_what_it_has_answered()
    {
        var stops = 0;
        await Schedule.Any.SampleAsync(
            async schedule => Interlocked.Add(ref stops, await Steps.StopEverywhereAsync(schedule)),
            iter: Steps.ScheduleCount, threads: Environment.ProcessorCount);
        TestContext.Current.TestOutputHelper!.WriteLine($"{stops} stops");
        Assert.True(stops > Steps.ScheduleCount);
    }

    [Fact]
    public Task Whichever_step_fails_once_the_store_has_what_it_has_answered() => FailAsync(isForGood: false);

    /// <summary>Run when it is asked for.</summary>
    [Fact(Explicit = true)]
    public Task From_whichever_step_on_all_fail_the_store_has_what_it_has_answered() => FailAsync(isForGood: true);

    private static async Task FailAsync(bool isForGood)
    {
        var runs = 0;
        await Schedule.Any.SampleAsync(
            async schedule => Interlocked.Add(ref runs, await Steps.FailEverywhereAsync(schedule, isForGood)),
            iter: Steps.FailedScheduleCount, threads: Environment.ProcessorCount);
        TestContext.Current.TestOutputHelper!.WriteLine($"{runs} runs");
        Assert.True(runs > Steps.FailedScheduleCount);
    }
}
