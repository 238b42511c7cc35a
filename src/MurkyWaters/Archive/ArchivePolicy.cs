using Microsoft.Extensions.Logging;
using MurkyWaters.Cluster;
using MurkyWaters.Replicating;
using MurkyWaters.Store;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>Has archived what has not been read for long, each resource by the first of its holders that answers. Never by force: while
/// there are too few nodes it waits. Thread-safe.</summary>
internal sealed class ArchivePolicy(
    ResourceStore store, Archives jobs, Replicator replicator, ClusterNodes nodes, TimeSpan after, long bytesMin, TimeProvider time,
    ILogger logger)
    : IAsyncDisposable
{
    /// <summary>Jobs that are begun in one go; there are more in an hour.</summary>
    private const int JobsAtOnce = 64, PageSize = 1000;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1), First = TimeSpan.FromMinutes(5);

    private readonly CancellationTokenSource _stopping = new();
    private Instant _next = time.GetInstant() + First;
    private Task _running = Task.CompletedTask;

    /// <summary>Once a second.</summary>
    public void Tick()
    {
        if (after > TimeSpan.Zero && _running.IsCompleted && time.GetInstant() >= _next)
        {
            _next = time.GetInstant() + Interval;
            _running = Task.Run(RunAsync);
        }
    }

    /// <summary>What it would do now.</summary>
    /// <param name="limit">Resources that are named at most.</param>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public ArchivePlan Plan(int limit)
    {
        var items = new List<ColdResource>();
        var (count, bytes, smallCount, smallBytes) = (0L, 0L, 0L, 0L);
        foreach (var cold in after > TimeSpan.Zero ? FindCold() : [])
        {
            if (cold.Length < bytesMin)
            {
                (smallCount, smallBytes) = (smallCount + 1, smallBytes + cold.Length);
                continue;
            }

            (count, bytes) = (count + 1, bytes + cold.Length);
            if (items.Count < limit)
            {
                items.Add(cold);
            }
        }

        var members = nodes.Members;
        var code = ErasureCodes.All[0];
        var places = ArchivePlaces.Choose(new ResourceId(0), code, members);
        var isPossible = false;
        var survives = places.IsEmpty ? "No node has places just now." : ArchivePlaces.Describe(code, places, members, out isPossible);
        return new ArchivePlan(after, bytesMin, items, count, bytes, smallCount, smallBytes, survives, isPossible);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private IEnumerable<ColdResource> FindCold()
    {
        store.SettleReads();
        var before = (time.GetUtcNow() - after).ToUnixTimeMilliseconds();
        var reachable = nodes.Members.Where(member => member.IsReachable).Select(member => member.Id).ToHashSet();
        ResourceId? last = null;
        while (true)
        {
            var page = store.Catalog.FindCold(before, last, PageSize);
            foreach (var (id, length, lastRead, name) in page)
            {
                if (!replicator.HasOthers || replicator.PlacesOf(id).FirstOrDefault(reachable.Contains) == store.NodeId)
                {
                    yield return new ColdResource(id, length, DateTimeOffset.FromUnixTimeMilliseconds(lastRead), name);
                }
            }

            if (page.Count < PageSize)
            {
                yield break;
            }

            last = page[^1].Id;
        }
    }

    private async Task RunAsync()
    {
        try
        {
            var plan = Plan(JobsAtOnce);
            foreach (var cold in plan.IsPossible ? plan.Items : [])
            {
                if (_stopping.IsCancellationRequested || jobs.IsUnderWay(cold.Id)
                    || store.FindEntry(cold.Id) is not { IsTombstone: false } entry)
                {
                    continue;
                }

                var result = await jobs.StartAsync(
                    ArchiveJobKind.Archive, cold.Id, entry.Resource.Manifest, ErasureCodes.All[0], isForced: false, from: null,
                    _stopping.Token);
                if (result.Outcome != ArchiveOutcome.Taken)
                {
                    return;
                }
            }
        }
        catch (Exception error) when (error is StoreException or OperationCanceledException)
        {
            // The next round tries again.
        }
        catch (Exception error)
        {
            ArchiveLog.KeepingBroken(logger, error);
        }
    }
}
