using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using MurkyWaters.Cluster;
using MurkyWaters.Store;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;
using PouringRain.Protocol.Archiving;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Archive;

/// <summary>
/// Looks after what is in pieces. Each resource is looked after by the first of its places that answers: it asks all nodes what they have,
/// counts what can be lost, and has pieces made anew that nobody has, those first of which fewest are left. A node that is silent for a
/// while is waited for, unless it gets close. Thread-safe.
/// </summary>
internal sealed class PieceKeeper(
    ResourceStore store, ArchiveAsking asking, PieceReading reading, ClusterNodes nodes, Archives jobs, TimeSpan interval,
    TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>Resources that are looked at in one go, pieces made anew at once, and resources whose state is remembered.</summary>
    private const int PageSize = 64, RepairsAtOnce = 2, KnownMax = 100_000;

    /// <summary>Resources of which the versions of pieces are asked for in one look, and pieces that are at once.</summary>
    private const int LearnedMax = 64, LearnedAtOnce = 4;

    private static readonly TimeSpan RepairPatience = TimeSpan.FromHours(12), Poll = TimeSpan.FromMilliseconds(250);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<ResourceId, Counted> _known = new();
    private readonly ConcurrentDictionary<ResourceId, byte> _changed = new();
    private Task _looking = Task.CompletedTask;
    private Task _sweeping = Task.CompletedTask;
    private Instant _nextLook = time.GetInstant() + interval;
    private long _repaired, _failed;
    private bool _isDraining;
    private readonly Lock _aloneGate = new();
    private (long Count, long Bytes)? _alone;

    /// <summary>While this node gives away what it has: the pieces that nobody else has who is to stay, and their bytes; null until all
    /// was looked at since it began.</summary>
    public (long Count, long Bytes)? Alone
    {
        get
        {
            lock (_aloneGate)
            {
                return _alone;
            }
        }

        private set
        {
            lock (_aloneGate)
            {
                _alone = value;
            }
        }
    }

    /// <summary>What was counted last of a resource; null when it was not looked at here.</summary>
    public (int Survives, ImmutableArray<NodePieces> Places)? Find(ResourceId id) =>
        _known.TryGetValue(id, out var counted) ? (counted.Survives, counted.Places) : null;

    /// <summary>Pieces that were made anew, and how often that failed.</summary>
    public (long Repaired, long Failed) Figures => (Interlocked.Read(ref _repaired), Interlocked.Read(ref _failed));

    /// <summary>Something of a resource has changed here.</summary>
    public void NoteChanged(ResourceId id)
    {
        if (store.Catalog.MayHavePiecesOf(id))
        {
            _changed[id] = 0;
        }
    }

    /// <summary>Once a second.</summary>
    /// <param name="agent">Removes what is of no use any more.</param>
    public void Tick(ArchiveAgent agent)
    {
        if (_sweeping.IsCompleted && !_changed.IsEmpty)
        {
            _sweeping = Task.Run(() => SweepAsync(agent));
        }

        var now = time.GetInstant();
        if (nodes.Drains.IsWished != _isDraining)
        {
            // What a look found that began before is of no use.
            (_isDraining, Alone, _nextLook) = (!_isDraining, null, now);
        }

        if (_looking.IsCompleted && now >= _nextLook)
        {
            _nextLook = now + interval;
            _looking = Task.Run(() => LookAsync(_isDraining));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_looking, _sweeping);
        _stopping.Dispose();
    }

    private async Task SweepAsync(ArchiveAgent agent)
    {
        foreach (var (id, _) in _changed)
        {
            _changed.TryRemove(id, out _);
            try
            {
                await agent.RemoveOrphansAsync(id);
            }
            catch (StoreException)
            {
                // With the next change, or the next start's.
            }
        }
    }

    private async Task LookAsync(bool isDraining)
    {
        try
        {
            var due = new List<Counted>();
            var learned = 0;
            (long Count, long Bytes) alone = (0, 0);
            ResourceId? after = null;
            while (true)
            {
                var page = store.Catalog.FindInPiecesAfter(after, PageSize);
                foreach (var id in page)
                {
                    var counted = await CountAsync(id);
                    if (counted is not null && counted.Lost.Length + counted.Spare.Length > 0)
                    {
                        due.Add(counted);
                    }

                    foreach (var index in isDraining && counted is not null ? counted.Alone : [])
                    {
                        alone = (alone.Count + 1, alone.Bytes + LengthOf(counted!, index));
                    }

                    learned += counted is not null && learned < LearnedMax && await LearnAsync(counted) ? 1 : 0;
                }

                if (page.Count < PageSize)
                {
                    break;
                }

                after = page[^1];
            }

            Alone = isDraining && nodes.Drains.IsWished ? alone : null;
            await Parallel.ForEachAsync(
                due.OrderBy(counted => counted.Pieces), new ParallelOptions
                {
                    MaxDegreeOfParallelism = RepairsAtOnce,
                    CancellationToken = _stopping.Token,
                },
                async (counted, token) => await RepairAsync(counted, token));
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
        catch (StoreException)
        {
            // The disk's trouble is told by others.
        }
        catch (Exception error)
        {
            ArchiveLog.KeepingBroken(logger, error);
        }
    }

    /// <summary>Counts what there is of a resource, if it is this node that looks after it.</summary>
    private async Task<Counted?> CountAsync(ResourceId id)
    {
        if (store.FindInPieces(id) is not var (resource, coding) || !ErasureCodes.TryGet(coding, out var code))
        {
            _known.TryRemove(id, out _);
            return null;
        }

        await DropPartsAsync(id, resource.Manifest, code);
        var members = nodes.Members;
        var places = Placement.Of(members.Where(member => member.State == MemberState.Up), code.PieceCount).Holders(id);
        var self = nodes.Nodes.FirstOrDefault(node => node.IsSelf)?.Id;
        var order = OrderOf(id, resource.Manifest, code, ArchiveVerb.Look);
        var seen = await asking.AskAllAsync(asking.Reachable.Select(node => node.Id), order, _stopping.Token);
        var sets = seen.ToDictionary(answer => answer.Node, answer => new PieceSet(answer.Report.Pieces));
        var all = UnionOf(sets);
        var counted = new Counted(id, resource.Manifest, code, all.Count, ArchivePlaces.Survives(code, sets.Values), sets, [], [])
        {
            Alone = AloneOf(code, sets, members),
            Places = PlacesOf(code, sets),
        };
        if (_known.Count < KnownMax || _known.ContainsKey(id))
        {
            _known[id] = counted;
        }

        var wholes = seen.Count(answer => answer.Report.HasWhole);
        if (wholes > 0 && !code.IsSufficient(all) && !jobs.IsUnderWay(id))
        {
            // It was turned back while this node was away: what is known here is of no use, and the whole comes as any replica does.
            await asking.AskAsync(self ?? default, order with { Verb = ArchiveVerb.Drop }, _stopping.Token);
            _known.TryRemove(id, out _);
            return null;
        }

        if (!code.IsSufficient(all) && wholes == 0 && await FollowAsync(id, resource.Manifest, code))
        {
            return null;
        }

        // Somebody is silent for a while: what he has is not lost yet, and with one piece more than it takes there is time.
        var isSilent = members.Any(member => member.State == MemberState.Late && !sets.ContainsKey(member.Id));
        var isLooker = places.FirstOrDefault(place => seen.Any(
            answer => answer.Node == place && (answer.Report.IsInPieces || answer.Node == self))) == self;

        // What a node has that gives away what it has is to be elsewhere as well.
        var staying = StayingOf(sets, members);
        var stays = UnionOf(staying);

        // Where there are replicas somebody is turning it back; a single one was away when the others went.
        return !isLooker || wholes > 1 || jobs.IsUnderWay(id) || !code.IsSufficient(all)
            || (isSilent && all.Count > code.PartCount + 1) ? counted
            : counted with
            {
                Lost = [.. Enumerable.Range(0, code.PieceCount).Where(index => !stays.Contains(index))],
                Spare = isSilent || stays.Count < code.PieceCount ? [] : [.. SparesOf(staying)],
            };
    }

    /// <summary>What those have who are to stay: what a node has that gives it away is neither there for good, nor too much.</summary>
    private static Dictionary<NodeId, PieceSet> StayingOf(Dictionary<NodeId, PieceSet> sets, IEnumerable<ClusterMember> members)
    {
        var staying = members.Where(member => member.State is MemberState.Up or MemberState.Late).Select(member => member.Id).ToHashSet();
        return sets.Where(set => staying.Contains(set.Key)).ToDictionary();
    }

    private static PieceSet UnionOf(Dictionary<NodeId, PieceSet> sets) =>
        sets.Values.Aggregate(default(PieceSet), (left, right) => left.With(right));

    /// <summary>The pieces of this node that nobody has who is to stay, which it is itself unless it is drained.</summary>
    private ImmutableArray<int> AloneOf(ErasureCode code, Dictionary<NodeId, PieceSet> sets, IEnumerable<ClusterMember> members)
    {
        var alone = sets.GetValueOrDefault(store.NodeId).Without(UnionOf(StayingOf(sets, members)));
        return [.. Enumerable.Range(0, code.PieceCount).Where(alone.Contains)];
    }

    private static ImmutableArray<NodePieces> PlacesOf(ErasureCode code, Dictionary<NodeId, PieceSet> sets) =>
    [
        .. sets.Where(set => set.Value.Count > 0).OrderBy(set => set.Key.Value)
            .Select(set => new NodePieces(set.Key, [.. Enumerable.Range(0, code.PieceCount).Where(set.Value.Contains)])),
    ];

    private long LengthOf(Counted counted, int index) =>
        store.FindEntry(PieceShape.IdOf(counted.Id, counted.Manifest.Version.Tag, counted.Code.Name, index)) is { IsTombstone: false } entry
            ? entry.Resource.Manifest.Layout.Length : 0;

    /// <summary>Where the others have made other pieces of it while this node was away, this one knows it as they do.</summary>
    /// <returns>Whether it was so.</returns>
    private async Task<bool> FollowAsync(ResourceId id, Manifest manifest, ErasureCode code)
    {
        foreach (var other in ErasureCodes.Stored.Remove(code))
        {
            var look = OrderOf(id, manifest, other, ArchiveVerb.Look);
            var seen = await asking.AskAllAsync(asking.Reachable.Select(node => node.Id), look, _stopping.Token);
            var pieces = seen.Aggregate(default(PieceSet), (left, answer) => left.With(new PieceSet(answer.Report.Pieces)));
            if (other.IsSufficient(pieces)
                && await asking.AskAsync(store.NodeId, look with { Verb = ArchiveVerb.Shrink }, _stopping.Token) is { IsInPieces: true })
            {
                await asking.AskAsync(store.NodeId, OrderOf(id, manifest, code, ArchiveVerb.Drop), _stopping.Token);
                _known.TryRemove(id, out _);
                return true;
            }
        }

        return false;
    }

    /// <summary>Parts that were left here when they were encoded, for this node was killed before it was told that they may go.</summary>
    private async Task DropPartsAsync(ResourceId id, Manifest manifest, ErasureCode code)
    {
        if (code != ErasureCodes.Parts && store.Catalog.FindPiecesOf(id).Any(piece => store.FindEntry(piece) is
            { IsTombstone: false, Resource.Manifest.Piece: { } role } && role.ParentVersion == manifest.Version
            && role.Coding == ErasureCodes.Parts.Name))
        {
            await asking.AskAsync(store.NodeId, OrderOf(id, manifest, ErasureCodes.Parts, ArchiveVerb.Drop), _stopping.Token);
        }
    }

    /// <summary>Notes the versions of the pieces that there are, as long as they are there: one that is lost and made anew is compared with
    /// its own.</summary>
    /// <returns>Whether somebody was asked.</returns>
    private async Task<bool> LearnAsync(Counted counted)
    {
        var known = store.Catalog.FindPieceVersions(counted.Id, counted.Manifest.Version, counted.Code)
            ?? new Sha256Digest?[counted.Code.PieceCount];
        var there = UnionOf(counted.Sets);
        var unknown = Enumerable.Range(0, known.Length).Where(index => known[index] is null && there.Contains(index)).ToList();
        if (unknown.Count == 0 || !PieceShape.TryCreate(counted.Id, counted.Manifest, counted.Code, out var shape))
        {
            return false;
        }

        await Parallel.ForEachAsync(
            unknown, new ParallelOptions { MaxDegreeOfParallelism = LearnedAtOnce, CancellationToken = _stopping.Token },
            async (index, token) => known[index] = await reading.FindVersionAsync(shape, index, token));
        if (unknown.Exists(index => known[index] is not null))
        {
            await store.Catalog.NotePieceVersionsAsync(counted.Id, counted.Manifest.Version, counted.Code.Name, known);
        }

        return true;
    }

    /// <summary>Pieces that several nodes have, as when one was taken for lost and came back: those with most pieces leave
    /// theirs.</summary>
    private static IEnumerable<(NodeId Node, int Index)> SparesOf(Dictionary<NodeId, PieceSet> sets)
    {
        var left = sets.ToDictionary();
        for (var index = 0; index < PieceSet.CountMax; index++)
        {
            while (left.Where(set => set.Value.Contains(index)).Select(set => set.Key).ToList() is { Count: > 1 } holders)
            {
                var most = holders.OrderByDescending(holder => left[holder].Count).ThenBy(holder => holder.Value).First();
                left[most] = left[most].Without(PieceSet.Of(index));
                yield return (most, index);
            }
        }
    }

    /// <summary>Has lost pieces made anew, one after the other, each on the node that has fewest of the resource's.</summary>
    private async Task RepairAsync(Counted counted, CancellationToken cancellationToken)
    {
        foreach (var index in counted.Lost)
        {
            var up = nodes.Members.Where(member => member.State == MemberState.Up);
            var places = Placement.Of(up, PieceSet.CountMax).Holders(counted.Id);
            if (places.IsEmpty)
            {
                return;
            }

            var target = places.MinBy(place => counted.Sets.GetValueOrDefault(place).Count);
            ArchiveLog.Repairs(logger, counted.Id, index, target);
            var order = OrderOf(counted.Id, counted.Manifest, counted.Code, ArchiveVerb.Take) with
            {
                Index = index,
                Piece = store.Catalog.FindPieceVersions(counted.Id, counted.Manifest.Version, counted.Code)?[index],
            };
            var isDone = await TakeAsync(target, order, cancellationToken);
            Interlocked.Increment(ref isDone ? ref _repaired : ref _failed);
            if (isDone)
            {
                counted.Sets[target] = counted.Sets.GetValueOrDefault(target).With(index);
                await asking.AskAsync(
                    target, OrderOf(counted.Id, counted.Manifest, counted.Code, ArchiveVerb.Shrink), cancellationToken);
            }
        }

        foreach (var (node, index) in counted.Lost.Length > 0 ? [] : counted.Spare)
        {
            var order = OrderOf(counted.Id, counted.Manifest, counted.Code, ArchiveVerb.Leave) with { Index = index };
            await asking.AskAsync(node, order, cancellationToken);
        }

        await CountAsync(counted.Id);
    }

    private async Task<bool> TakeAsync(NodeId target, ArchiveOrder order, CancellationToken cancellationToken)
    {
        const int silencesMax = 5;
        var began = time.GetTimestamp();
        for (var silences = 0; silences < silencesMax && time.GetElapsedTime(began) < RepairPatience;)
        {
            var report = await asking.AskAsync(target, order, cancellationToken);
            if (report is { Progress: ArchiveProgress.Done } && ((report.Pieces >> order.Index) & 1) != 0)
            {
                return true;
            }

            if (report is { Progress: ArchiveProgress.Failed })
            {
                return false;
            }

            silences = report is null ? silences + 1 : 0;
            await Task.Delay(Poll, time, cancellationToken);
        }

        return false;
    }

    private static ArchiveOrder OrderOf(ResourceId id, Manifest manifest, ErasureCode code, ArchiveVerb verb) =>
        new() { Serial = 0, Verb = verb, Resource = id, Version = manifest.Version, Coding = code.Name };

    /// <summary>What was counted of a resource.</summary>
    private sealed record Counted(
        ResourceId Id, Manifest Manifest, ErasureCode Code, int Pieces, int Survives, Dictionary<NodeId, PieceSet> Sets,
        ImmutableArray<int> Lost, ImmutableArray<(NodeId Node, int Index)> Spare)
    {
        /// <summary>Pieces of this node that nobody else has who is to stay.</summary>
        public ImmutableArray<int> Alone { get; init; } = [];

        /// <summary>Who had what when it was counted.</summary>
        public ImmutableArray<NodePieces> Places { get; init; } = [];
    }
}
