namespace MurkyWaters.Tests.Store.Steps;

/// <summary>Runs schedules on disks that stop or fail.</summary>
internal static class Steps
{
    /// <summary>After so many stops the catalog is lost, too.</summary>
    private const int RebuiltEvery = 5;

    /// <summary>How many schedules are run by default.</summary>
    public const int DefaultScheduleCount = 20;

    /// <summary>How often a store is stopped, about.</summary>
    public static long StopCount { get; } =
        long.TryParse(Environment.GetEnvironmentVariable("MURKY_STORE_STOPS"), out var count) ? count : 100 * DefaultScheduleCount;

    /// <summary>Whether schedules are drawn that nobody has seen before.</summary>
    public static bool AreDrawn => Environment.GetEnvironmentVariable("MURKY_STORE_STOPS") is not null;

    /// <summary>How many schedules that is: each is stopped before all of its steps, which makes more than a hundred.</summary>
    public static long ScheduleCount => (StopCount + 99) / 100;

    /// <summary>How many schedules are run once for each of their steps.</summary>
    public static long FailedScheduleCount => (ScheduleCount + 3) / 4;

    /// <summary>Runs a schedule once, and opens what a killed process and a stopped machine leave before each of its steps.</summary>
    /// <returns>How many stops.</returns>
    public static async Task<int> StopEverywhereAsync(
        Schedule schedule, Omission omitted = Omission.None, bool forgetsLeases = false, bool answersEarly = false)
    {
        using var folder = TemporaryFolder.InMemory();
        var disk = new RecordedDisk(folder["store"]) { Omitted = omitted };
        var run = new ScheduleRun(schedule, disk, folder["store"]) { ForgetsLeases = forgetsLeases, AnswersEarly = answersEarly };
        var stops = new List<Stop>();
        disk.Before = (step, operation) =>
        {
            // What is promised first: what comes to be promised meanwhile may be there or not.
            var model = run.Model.Copy();
            stops.Add(new Stop(step, operation, model, disk.Copy()));
            return null;
        };
        try
        {
            await run.RunAsync();
            await run.FinishAsync();
            stops.Add(new Stop(disk.StepCount + 1, "the end", run.Model.Copy(), disk.Copy()));
        }
        finally
        {
            disk.Before = null;
            await run.CloseAsync();
        }

        foreach (var stop in stops)
        {
            await CheckAsync(stop, folder["killed"], null, schedule, disk);
            if (stop.Step % RebuiltEvery == 0)
            {
                await CheckAsync(stop, folder["lost"], null, schedule, disk, isCatalogLost: true);
            }

            await CheckAsync(stop, folder["stopped"], new Random(unchecked((schedule.Seed * 1009) + stop.Step)), schedule, disk);
        }

        return 2 * stops.Count;
    }

    /// <summary>Runs a schedule once for each of its steps, of which that one fails; or all do from there on, until the schedule is
    /// over.</summary>
    /// <returns>How many runs.</returns>
    public static async Task<int> FailEverywhereAsync(Schedule schedule, bool isForGood)
    {
        for (var failAt = 1; ; failAt++)
        {
            if (!await FailAsync(schedule, failAt, isForGood))
            {
                return failAt;
            }
        }
    }

    private static async Task<bool> FailAsync(Schedule schedule, int failAt, bool isForGood)
    {
        int[] errors = [DiskErrorNumbers.InputOutput, DiskErrorNumbers.NoSpace, DiskErrorNumbers.TooManyFiles];
        var random = new Random(unchecked((schedule.Seed * 1013) + failAt));
        var fault = new Fault(errors[random.Next(errors.Length)], IsLate: random.Next(2) == 0);
        var stopAt = failAt + random.Next(1, 20);
        using var folder = TemporaryFolder.InMemory();
        var disk = new RecordedDisk(folder["store"]);
        var run = new ScheduleRun(schedule, disk, folder["store"]);
        var stops = new List<Stop>();
        disk.Before = (step, operation) =>
        {
            if (step == stopAt)
            {
                var model = run.Model.Copy();
                stops.Add(new Stop(step, operation, model, disk.Copy()));
            }

            return step == failAt || (isForGood && step > failAt) ? fault : null;
        };
        try
        {
            await run.RunAsync();
            await run.FinishAsync();
            stops.Add(new Stop(disk.StepCount + 1, "the end", run.Model.Copy(), disk.Copy()));
        }
        catch (Exception error)
        {
            var trace = string.Join(", ", disk.Trace.TakeLast(60));
            throw new InvalidOperationException($"{fault} at step {failAt} of {schedule}: {error.Message}\n{trace}", error);
        }
        finally
        {
            disk.Before = null;
            await run.CloseAsync();
        }

        foreach (var stop in stops)
        {
            try
            {
                await CheckAsync(stop, folder["killed"], null, schedule, disk);
                await CheckAsync(stop, folder["stopped"], new Random(random.Next()), schedule, disk);
            }
            catch (InvalidOperationException error)
            {
                throw new InvalidOperationException($"{fault} at step {failAt}: {error.Message}", error);
            }
        }

        return disk.FaultCount > 0;
    }

    private static async Task CheckAsync(
        Stop stop, string folder, Random? random, Schedule schedule, RecordedDisk disk, bool isCatalogLost = false)
    {
        try
        {
            stop.Image.Write(folder, random);
            await (isCatalogLost
                ? ImageCheck.CheckWithoutCatalogAsync(folder, stop.Model)
                : ImageCheck.CheckAsync(folder, stop.Model, machineStopped: random is not null, hadFaults: disk.FaultCount > 0));
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error)
        {
            var trace = disk.Trace.Take(stop.Step).TakeLast(40);
            var who = isCatalogLost ? "process killed and the catalog lost" : random is null ? "process killed" : "machine stopped";
            var what = $"The {who} before step {stop.Step} ({stop.Operation}) of {schedule}";
            throw new InvalidOperationException($"{what}: {error.Message}\n{string.Join(", ", trace)}", error);
        }
    }

    /// <summary>A moment before a step.</summary>
    private sealed record Stop(int Step, string Operation, ModelImage Model, DiskImage Image);
}
