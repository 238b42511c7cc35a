using MurkyWaters.Archive;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters;

/// <summary>What is kept in pieces.</summary>
public sealed partial class MurkyNode
{
    /// <summary>What is whole somewhere is mostly found sooner.</summary>
    private static readonly TimeSpan AnswersSoon = TimeSpan.FromMilliseconds(100);

    /// <summary>All jobs that are known here, the newest first.</summary>
    public IReadOnlyList<ArchiveJobSnapshot> ArchiveJobs => _archives.All;

    /// <summary>One of them, by its 16 hexadecimal digits; null when it is not known.</summary>
    public ArchiveJobSnapshot? FindArchiveJob(string id) => _archives.Find(id);

    /// <summary>Who this node is.</summary>
    public NodeId Id => _store.NodeId;

    /// <summary>The data node: blocks, and programs over them and over the streams of other nodes.</summary>
    public CodingDesk Coding { get; }

    /// <summary>The time by the clock that the nodes have in common, milliseconds of Unix time.</summary>
    public long ClusterMs => _nodes.ClusterMs;

    /// <summary>How a resource is kept whose bytes are in pieces; null for any other.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public ArchivedState? FindArchived(ResourceId id) => _store.FindInPieces(id) is var (_, coding) ? ArchivedOf(id, coding) : null;

    /// <summary>As above, of one whose coding is known.</summary>
    public ArchivedState ArchivedOf(ResourceId id, string coding) =>
        _keeper.Find(id) is var (survives, places) ? new(coding, survives, places) : new(coding, null, []);

    /// <summary>Whether it is known here which version each piece of a resource is, for tests.</summary>
    internal bool KnowsPiecesOf(ResourceId id) => _reading.FindKnown(id) is { } shape
        && _store.Catalog.FindPieceVersions(id, shape.Parent.Version, shape.Code) is { } versions
        && versions.All(version => version is not null);

    /// <summary>What is in pieces, in figures.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public ArchiveFigures ArchiveFigures
    {
        get
        {
            var (inPieces, pieces, bytes) = _store.Catalog.SumPieces();
            var (repaired, failed) = _keeper.Figures;
            var (paths, pathsFailed) = _agent.Paths!.Figures;
            return new ArchiveFigures(
                inPieces, pieces, bytes, _archives.All.CountBy(job => job.Phase).ToDictionary(), repaired, failed,
                paths, pathsFailed);
        }
    }

    /// <summary>What the policy would have archived now, and what it leaves.</summary>
    /// <param name="limit">Resources that are named at most.</param>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public ArchivePlan PlanArchive(int limit) => _policy.Plan(limit);

    /// <summary>Has a resource turned into pieces. It goes on whatever restarts meanwhile, until it has ended.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="coding">The coding's name, or <c>parts</c> for the parts as they are, which can be encoded where they lie; null for the
    /// usual one.</param>
    /// <param name="isForced">Whether it is to be although less is survived than the coding can do.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="StoreException">The store cannot note it.</exception>
    public async Task<ArchiveResult> StartArchiveAsync(
        ResourceId id, string? coding, bool isForced, CancellationToken cancellationToken)
    {
        var code = ErasureCodes.All[0];
        if (coding is not null && !ErasureCodes.TryGet(coding, out code))
        {
            return new ArchiveResult(
                ArchiveOutcome.Refused,
                $"There is no coding {coding}: {string.Join(", ", ErasureCodes.Stored.Select(known => known.Name))}.");
        }

        var opened = await OpenAsync(id, new OpenOptions { DemandLength = 0 }, cancellationToken);
        if (opened.Reader is not { } reader)
        {
            return new ArchiveResult(ArchiveOutcome.NoResource, Search: opened);
        }

        await using (reader)
        {
            var from = (reader as ArchivedReader)?.Code;
            return from is not null && (from != ErasureCodes.Parts || from == code)
                ? new ArchiveResult(ArchiveOutcome.Refused, from == code ? "It is in parts already." : "It is archived already.")
                : await _archives.StartAsync(ArchiveJobKind.Archive, id, reader.Manifest, code, isForced, from, cancellationToken);
        }
    }

    /// <summary>Has a resource that is in pieces turned into replicas.</summary>
    /// <exception cref="StoreException">The store cannot note it.</exception>
    public async Task<ArchiveResult> StartRestoreAsync(ResourceId id, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(id, new OpenOptions { DemandLength = 0 }, cancellationToken);
        if (opened.Reader is not { } reader)
        {
            return new ArchiveResult(ArchiveOutcome.NoResource, Search: opened);
        }

        await using (reader)
        {
            return reader is not ArchivedReader archived
                ? new ArchiveResult(ArchiveOutcome.Refused, "It is not archived.")
                : await _archives.StartAsync(
                    ArchiveJobKind.Restore, id, archived.Manifest, archived.Code, isForced: false, from: null, cancellationToken);
        }
    }

    /// <summary>Another node of the cluster that answers, and says where its gateway is; null for any other. Nothing is ever sent to an
    /// address that has come in another way.</summary>
    private CodingPeer? FindCodingPeer(NodeId id)
    {
        var text = _nodes.Nodes.FirstOrDefault(
            node => node.Id == id && !node.IsSelf && node.State is MemberState.Up or MemberState.Draining or MemberState.Late)?.Status.Url;
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.UserInfo.Length == 0
            && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)
            ? new CodingPeer(_store.NodeId, id, url, _nodes.ClusterMs) : null;
    }

    /// <summary>Opens what others have: whole, or else in pieces. What the nodes know of it is asked while silent servers are waited for,
    /// so that nobody waits longer for being told that there is nothing; only a node that has just started, of whose servers one is silent,
    /// takes some seconds to know whom to ask.</summary>
    /// <returns>Null when it has come to be here meanwhile.</returns>
    private async Task<OpenResult?> OpenElsewhereAsync(ResourceId id, OpenOptions options, CancellationToken cancellationToken)
    {
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var opening = _fetches.OpenAsync(id, options, cancellationToken);
        Task<ReplicaVersion?>? newest = null;
        try
        {
            if (await Task.WhenAny(opening, Task.Delay(AnswersSoon, _options.Time, cancellationToken)) != opening)
            {
                newest = AskNewestAsync(id, asking.Token);
            }

            if (await opening is not { Status: OpenStatus.NotFound or OpenStatus.Unanswered } result)
            {
                return await opening;
            }

            newest ??= AskNewestAsync(id, asking.Token);
            return await newest is { IsNone: false, IsDeleted: false } version
                && await _reading.FindAsync(id, version.Tag, cancellationToken) is { } shape
                ? await _reading.OpenAsync(shape, options, cancellationToken) : result;
        }
        finally
        {
            await asking.CancelAsync();
            if (newest is not null)
            {
                await newest;
            }
        }
    }

    /// <summary>What the other nodes say is newest of a resource; null when that is not wanted any more.</summary>
    private async Task<ReplicaVersion?> AskNewestAsync(ResourceId id, CancellationToken cancellationToken)
    {
        try
        {
            return (await _replicator.SurveyAsync(id, cancellationToken)).Newest;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Somebody is to keep a version whose bytes nobody has: if it is in pieces, what it is is kept.</summary>
    private async Task<bool> AdoptAsync(ResourceId id, ReplicaVersion version)
    {
        if (await _reading.FindAsync(id, version.Tag, _stopping.Token) is not { } shape
            || !ReplicaVersion.Of(shape.Parent).IsSameAs(version))
        {
            return false;
        }

        using (await _store.EnterAsync(id, CancellationToken.None))
        {
            if (_store.FindResource(id) is not { } known || ReplicaVersion.Of(known.Manifest) < version)
            {
                await _store.CommitInPiecesAsync(new StoredResource(id, shape.Parent, Retention.Kept), shape.Code.Name);
            }
        }

        return true;
    }
}
