using CsCheck;

namespace MurkyWaters.Tests.Store.Steps;

/// <summary>
/// Random schedules over the store, stopped before every step that it makes on the disk, and with every step failing: what was answered is
/// there, whole, or something newer; of what was not, the old or the new; nobody holds anything, and no file is left that nothing names.
/// The schedules are the same ones each time, unless MURKY_STORE_STOPS says how often a store is to be stopped: then others are drawn, and
/// one that fails is made shorter and told with its seed.
/// </summary>
[Collection(nameof(Alone))]
public sealed class StoreStepsTests
{
    [Fact]
    public async Task Stopped_before_any_step_the_store_has_what_it_has_answered()
    {
        var stops = 0;
        await RunAsync(
            Steps.ScheduleCount, async schedule => Interlocked.Add(ref stops, await Steps.StopEverywhereAsync(schedule)));
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
        await RunAsync(
            Steps.FailedScheduleCount, async schedule => Interlocked.Add(ref runs, await Steps.FailEverywhereAsync(schedule, isForGood)));
        TestContext.Current.TestOutputHelper!.WriteLine($"{runs} runs");
        Assert.True(runs > Steps.FailedScheduleCount);
    }

    private static Task RunAsync(long count, Func<Schedule, Task> run) => Steps.AreDrawn
        ? Schedule.Any.SampleAsync(run, iter: count, threads: Environment.ProcessorCount)
        : Parallel.ForAsync(0, count, async (i, _) =>
        {
            var schedule = Schedule.Numbered((uint)i);
            try
            {
                await run(schedule);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"Schedule {i}, {schedule}", error);
            }
        });
}
