using System.Diagnostics;
using System.Globalization;

namespace EndToEnd.FailingDisk;

/// <summary>
/// Every call with which an operation changes the disk fails, once or from there on, with EIO, ENOSPC and EMFILE. The checker knows
/// nothing but the promise: what was answered as stored reads back, also after <c>kill -9</c>; what was not is the old version or the
/// new one; nothing but 503 and 507 is said of a disk; and when the disk takes bytes again, so does the gateway.
/// </summary>
public sealed class FailingDiskTests
{
    private const int InputOutputError = 5, TooManyFiles = 24, NoSpace = 28;
    private static readonly int[] Errors = [InputOutputError, NoSpace, TooManyFiles];

    private static readonly DiskOperation[] Writing =
        [new PutOperation(isOver: false), new PutOperation(isOver: true), new PatchOperation(), new DeleteOperation()];

    /// <summary>Every fifth call of what a client writes, others for each error, and of failures that last every ninth.</summary>
    [Fact]
    public async Task What_was_answered_as_stored_is_stored_whichever_call_of_the_disk_fails() =>
        await RunAsync(Writing, 5, 9, pointsMin: 30);

    /// <summary>Every call, and those of what comes from other nodes too. Some minutes.</summary>
    [Fact(Explicit = true)]
    public async Task What_was_answered_as_stored_is_stored_whichever_call_of_the_disk_fails_of_all() =>
        await RunAsync([.. Writing, new FetchOperation(), new PropagateOperation()], 1, 1, pointsMin: 500);

    private static async Task RunAsync(DiskOperation[] operations, int step, int stepLasting, int pointsMin)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "LD_PRELOAD is Linux's");
        using var folder = new TestFolder();
        var library = await DiskFaults.CompileAsync(folder);
        var clock = Stopwatch.StartNew();
        var counts = await Task.WhenAll(
            operations.Select(operation => Task.Run(() => RunAsync(library, folder, operation, step, stepLasting))));
        var output = TestContext.Current.TestOutputHelper;
        foreach (var (operation, (points, failures)) in operations.Zip(counts))
        {
            output?.WriteLine($"{operation.Name}: {points} points, {failures} of them refused");
        }

        output?.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture, $"{counts.Sum(count => count.Points)} points in {clock.Elapsed.TotalSeconds:F0} s"));
        Assert.All(counts, count => Assert.True(count.Failures > 0, "nothing was ever refused"));
        Assert.True(counts.Sum(count => count.Points) >= pointsMin);
    }

    private static async Task<(int Points, int Failures)> RunAsync(
        string library, TestFolder folder, DiskOperation operation, int step, int stepLasting)
    {
        await using var node = await FailingNode.StartAsync(library, folder, operation.Name, isTold: operation is PropagateOperation);
        var ledger = new Ledger(node, operation);
        var id = 1ul;
        var (points, failures) = (0, 0);
        for (var round = 0; round < 2 * Errors.Length; round++)
        {
            var error = Errors[round / 2];
            var isLasting = round % 2 == 1;
            var by = isLasting ? stepLasting : step;
            for (var call = 1 + (round / 2 % by); ; call += by)
            {
                var where = $"{operation.Name}, error {error} at call {call}{(isLasting ? " and after" : "")}";
                var point = await operation.PrepareAsync(node, id++);
                node.Faults.Arm(call, isLasting ? long.MaxValue : call, error);
                var status = await operation.RunAsync(node, point);
                var hits = node.Faults.Hits;
                node.Faults.Disarm();
                if (hits == 0)
                {
                    Assert.True(operation.IsSuccess(status), $"{operation.Name} without an error: {status}");
                    break;
                }

                where += $" ({node.Faults.LastHit}): {status}";
                points++;
                failures += operation.IsSuccess(status) ? 0 : 1;
                Assert.True(operation.IsSuccess(status) || status is 503 or 507 || (status == 0 && operation is FetchOperation), where);
                await ledger.CheckAsync(point, operation.IsSuccess(status), where);

                // Half of them are left as they are until the kill; all the others show that it works again at once.
                await node.WaitUntilReadyAsync();
                if (point.Id % 2 == 0)
                {
                    Assert.True(operation.IsSuccess(await operation.RetryAsync(node, point)), $"not when the disk was well again: {where}");
                    await ledger.CheckAsync(point, isStored: true, where);
                }

                const int pointsPerKill = 24;
                if (points % pointsPerKill == 0)
                {
                    await ledger.KillAsync();
                }
            }
        }

        await ledger.KillAsync();
        return (points, failures);
    }

    /// <summary>What was seen of every point since the last kill.</summary>
    private sealed class Ledger(FailingNode node, DiskOperation operation)
    {
        private readonly Dictionary<ulong, (DiskPoint Point, byte[]? Seen, string Where)> _seen = [];

        /// <summary>Reads a resource: it is the new version if that was answered, else the old or the new.</summary>
        public async Task CheckAsync(DiskPoint point, bool isStored, string where)
        {
            var seen = await ReadAsync(point, where);
            Assert.True(
                Same(seen, point.New) || (!isStored && Same(seen, point.Old)),
                $"{(seen is null ? "nothing" : "other bytes")} after {where}");
            _seen[point.Id] = (point, seen, where);
        }

        /// <summary>Kills the gateway, and reads all of it again.</summary>
        public async Task KillAsync()
        {
            await node.KillAndStartAgainAsync();
            foreach (var (point, seen, where) in _seen.Values)
            {
                var again = await ReadAsync(point, where);
                Assert.True(
                    Same(again, seen) || (operation.IsRepeated && Same(again, point.New)),
                    $"another version after kill -9 than before it: {where}");
            }

            _seen.Clear();
        }

        private async Task<byte[]?> ReadAsync(DiskPoint point, string where)
        {
            var (status, body) = await operation.ReadAsync(node, point);
            Assert.True(status is 200 or 404 or 410 or 504, $"GET answered {status} after {where}\n{node.Gateway.Log}");
            return status == 200 ? body : null;
        }

        private static bool Same(byte[]? left, byte[]? right) =>
            left is null ? right is null : right is not null && left.AsSpan().SequenceEqual(right);
    }
}
