using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace EndToEnd;

/// <summary>Nodes that are killed with <c>kill -9</c> whenever it pleases the seed, while pieces are made, made anew, and turned
/// back.</summary>
[Collection(nameof(Alone))]
public sealed class ArchiveKillTests(ITestOutputHelper output)
{
    /// <summary>Two pieces each: of two nodes that are gone four, which is one fewer than may be.</summary>
    private const int NodeCount = 8, Length = 6_000_001;

    private static readonly TimeSpan DownAfter = TimeSpan.FromSeconds(10);

    /// <summary>However it goes, another node reads the right bytes all the while, and the job ends by itself.</summary>
    [Theory(Explicit = true)]
    [InlineData(1, 10)]
    public async Task Whoever_is_killed_whenever_there_is_always_enough_to_read_and_the_job_ends(int seed, int rounds)
    {
        var random = new Random(seed);
        using var folder = new TestFolder();
        await using var nodes = await ArchiveNodes.StartAsync(
            folder, NodeCount, NodeCount, string.Create(CultureInfo.InvariantCulture, $"Cluster:DownAfterSeconds={DownAfter.TotalSeconds}"),
            "Archive:LookSeconds=1", "Cluster:RepairBytesPerSecond=500000");
        var bytes = new byte[Length];
        new TestBytes(8, Length).ReadExactly(bytes);
        var clock = Stopwatch.StartNew();
        await nodes.PutAsync(0, bytes);
        var reads = 0;
        for (var round = 0; round < rounds; round++)
        {
            await ArchiveAsync();
            await RepairAsync();
            await RestoreAsync();
        }

        Tell($"{3 * rounds} kills, {reads} reads");

        async Task ArchiveAsync()
        {
            var (runner, victim, reader) = Draw();
            var job = await nodes.ArchiveAsync(runner, isForced: true);
            var delay = await KillInMidstAsync(victim, reader, TimeSpan.FromSeconds(4));
            await nodes[victim].StartAgainAsync();
            await nodes.EndAsync(runner, job);
            await SettleAsync();
            Tell($"archive by {runner}: {victim} killed after {delay.TotalMilliseconds:F0} ms");
        }

        // One is gone for long enough that its pieces are made anew; meanwhile another one dies, be it who makes them or who helps.
        async Task RepairAsync()
        {
            var (lost, victim, reader) = Draw(areAllOthers: true);
            await nodes.KillAsync(lost);
            var delay = await KillInMidstAsync(victim, reader, DownAfter + TimeSpan.FromSeconds(8));
            await nodes[victim].StartAgainAsync();
            await GatewayProcess.WaitUntilAsync(
                async () => (await nodes.CountPiecesAsync()).Values.Sum() == 16, "what was lost is made anew");
            await nodes[lost].StartAgainAsync();
            await SettleAsync();
            Tell($"repair of {lost}: {victim} killed after {delay.TotalMilliseconds:F0} ms");
        }

        async Task RestoreAsync()
        {
            var (runner, victim, reader) = Draw();
            var job = await nodes.RestoreAsync(runner);
            var delay = await KillInMidstAsync(victim, reader, TimeSpan.FromSeconds(3));
            await nodes[victim].StartAgainAsync();
            await nodes.EndAsync(runner, job);
            await GatewayProcess.WaitUntilAsync(
                async () => (await nodes.CountPiecesAsync()).Values.Sum() == 0, "no piece is left");
            await ReadAsync(victim);
            Tell($"turned back by {runner}: {victim} killed after {delay.TotalMilliseconds:F0} ms");
        }

        async Task SettleAsync()
        {
            await nodes.SeeEachOtherAsync();
            await GatewayProcess.WaitUntilAsync(
                async () => (await nodes.CountPiecesAsync()).Values.Sum() == 16, "each piece is there once");
        }

        // Half of the time the one that runs the job is the victim.
        (int First, int Victim, int Reader) Draw(bool areAllOthers = false)
        {
            var order = Enumerable.Range(0, NodeCount).ToArray();
            random.Shuffle(order);
            return (order[0], areAllOthers || random.Next(2) == 0 ? order[1] : order[0], order[2]);
        }

        // Reads without a pause, from before the kill until after it.
        async Task<TimeSpan> KillInMidstAsync(int victim, int reader, TimeSpan limit)
        {
            var delay = random.NextDouble() * limit;
            var killing = Task.Run(async () =>
            {
                await Task.Delay(delay, TestContext.Current.CancellationToken);
                await nodes.KillAsync(victim);
            });
            while (!killing.IsCompleted)
            {
                await ReadAsync(reader);
            }

            await killing;
            await ReadAsync(reader);
            return delay;
        }

        async Task ReadAsync(int reader)
        {
            Assert.Equal((HttpStatusCode.OK, true), await nodes.GetAsync(reader, bytes));
            reads++;
        }

        void Tell(FormattableString what) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds,7:F1} s {FormattableString.Invariant(what)}"));
    }
}
