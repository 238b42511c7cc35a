using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using MurkyWaters.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Cluster;

/// <summary>
/// Which nodes are to be drained, by the wish of somebody who has to take it back. With a registry it is a job there, of the kind
/// <c>drain</c>, whose id is the node's, and the node notes in its store that there is one; without, or while that is away, the node's own
/// store has it. Thread-safe.
/// </summary>
internal sealed class Drains : IAsyncDisposable
{
    private const string Kind = "drain";

    /// <summary>How long nodes that were told at the same moment may not know of each other.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan TurnPatience = TimeSpan.FromSeconds(5);
    private static readonly byte[] Document = "{}"u8.ToArray();

    private readonly NodeId _self;
    private readonly int _replicas;
    private readonly IClusterRegistry? _registry;
    private readonly Func<ImmutableArray<ClusterNode>> _nodes;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DrainNote _note;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private volatile DrainOrigin _origin;
    private Instant? _wishedAt;
    private long _revision, _deletedRevision;
    private Task _moving = Task.CompletedTask;

    /// <summary>Reads what the store has noted.</summary>
    /// <param name="options">How many are to keep each resource.</param>
    /// <param name="store">Has the note.</param>
    /// <param name="registry">Has the jobs; null for none.</param>
    /// <param name="nodes">The nodes that were heard.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears of what happens.</param>
    public Drains(
        ClusterOptions options, ResourceStore store, IClusterRegistry? registry, Func<ImmutableArray<ClusterNode>> nodes, TimeProvider time,
        ILogger logger)
    {
        (_self, _replicas, _registry, _nodes, _time, _logger) = (store.NodeId, options.Replicas, registry, nodes, time, logger);
        _note = new DrainNote(store.Files, store.NodeId, logger);
        _origin = _note.Read();
    }

    /// <summary>Whether this node is to be drained.</summary>
    public bool IsWished => _origin != DrainOrigin.None;

    /// <summary>The nodes that are to be drained, as far as is known here.</summary>
    public ImmutableHashSet<NodeId> Wished
    {
        get
        {
            var wished = (_registry?.View.Jobs ?? []).Where(job => job.Kind == Kind)
                .Select(job => NodeId.TryParse(job.Id, out var id) ? id : default).Where(id => id != default)
                .Concat(_nodes().Where(node => node.Status.IsDraining && node.State != MemberState.Gone && node.Id != _self)
                    .Select(node => node.Id));
            return [.. IsWished ? wished.Append(_self) : wished];
        }
    }

    /// <summary>Once a second: follows what the registry says, and takes back what cannot be.</summary>
    public void Tick()
    {
        if (!_moving.IsCompleted || !_gate.Wait(0, CancellationToken.None))
        {
            return;
        }

        var isGiven = false;
        try
        {
            if (_registry is { } registry)
            {
                isGiven = Follow(registry);
            }

            YieldToOthers();
        }
        finally
        {
            if (!isGiven)
            {
                _gate.Release();
            }
        }
    }

    /// <summary>Has a node drained from now on.</summary>
    /// <exception cref="StoreException">The store cannot note it.</exception>
    public Task<DrainResult> StartAsync(NodeId id, CancellationToken cancellationToken) => ChangeAsync(
        id, isNodeEnough: id == _self,
        async registry => await StartAsync(registry, id, cancellationToken),
        async () => IsWished ? DrainResult.Taken
            : FindRefusal(id, Wished) is { } refusal ? new DrainResult(DrainOutcome.Refused, refusal)
            : await NoteAsync(DrainOrigin.Node),
        cancellationToken);

    /// <summary>Has a node drained no more.</summary>
    /// <exception cref="StoreException">The store cannot note it.</exception>
    public Task<DrainResult> StopAsync(NodeId id, CancellationToken cancellationToken) => ChangeAsync(
        id, isNodeEnough: false,
        async registry =>
        {
            while (await FindJobAsync(registry, id, cancellationToken) is { } job)
            {
                await registry.Jobs.DeleteAsync(Kind, job.Id, job.Revision, null, cancellationToken);
                _deletedRevision = Math.Max(_deletedRevision, job.Revision);
            }

            return null;
        },
        async () => id == _self && IsWished ? await NoteAsync(DrainOrigin.None) : DrainResult.Taken,
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _moving;
        _stopping.Dispose();
        _gate.Dispose();
    }

    /// <summary>Changes a wish, one at a time: in the registry, where there is one, then here.</summary>
    /// <param name="id">Whose.</param>
    /// <param name="isNodeEnough">Whether this node alone may have it while the registry is away.</param>
    /// <param name="inRegistry">Changes it there; gives null when it is to be changed here as well.</param>
    /// <param name="here">Changes it here.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    private async Task<DrainResult> ChangeAsync(
        NodeId id, bool isNodeEnough, Func<IClusterRegistry, Task<DrainResult?>> inRegistry, Func<Task<DrainResult>> here,
        CancellationToken cancellationToken)
    {
        if (FindElsewhere(id) is { } elsewhere)
        {
            return elsewhere;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_registry is { } registry && await inRegistry(registry) is { } result)
            {
                return result;
            }

            return await here();
        }
        catch (ClusterUnavailableException error)
        {
            return isNodeEnough ? await here() : new DrainResult(DrainOutcome.Unavailable, error.Message);
        }
        finally
        {
            _gate.Release();
        }
    }

    private static async Task<ClusterJob?> FindJobAsync(IClusterRegistry registry, NodeId id, CancellationToken cancellationToken) =>
        (await registry.Jobs.ListAsync(Kind, cancellationToken)).FirstOrDefault(job => job.Id == id.ToString());

    private DrainResult? FindElsewhere(NodeId id)
    {
        if (id == _self)
        {
            return null;
        }

        var heard = _nodes().FirstOrDefault(node => node.Id == id && node.State != MemberState.Gone);
        if (_registry is { } registry)
        {
            return heard is not null || registry.View.Nodes.Any(seen => seen.Node.Id == id && seen.Presence != NodePresence.Gone)
                ? null : new DrainResult(DrainOutcome.Unknown);
        }

        return heard is null ? new DrainResult(DrainOutcome.Unknown) : new DrainResult(
            DrainOutcome.Elsewhere, "Without etcd a node is asked to drain itself.",
            Uri.TryCreate(heard.Status.Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null);
    }

    private async Task<DrainResult> StartAsync(IClusterRegistry registry, NodeId id, CancellationToken cancellationToken)
    {
        // One after the other: each sees those that are drained already.
        await using var turn = await registry.TryLockAsync(Kind, TurnPatience, cancellationToken);
        if (turn is null)
        {
            return new DrainResult(DrainOutcome.Unavailable, "Other nodes are asked to drain just now.");
        }

        var jobs = await registry.Jobs.ListAsync(Kind, cancellationToken);
        if (jobs.Any(job => job.Id == id.ToString()) || (id == _self && IsWished))
        {
            return DrainResult.Taken;
        }

        var wished = Wished.Union(jobs.Select(job => NodeId.TryParse(job.Id, out var drained) ? drained : default));
        if (FindRefusal(id, wished) is { } refusal)
        {
            return new DrainResult(DrainOutcome.Refused, refusal);
        }

        if (await registry.Jobs.PutAsync(Kind, id.ToString(), Document, 0, turn, cancellationToken) is { } written)
        {
            return id == _self ? await NoteAsync(DrainOrigin.Registry, written.Revision) : DrainResult.Taken;
        }

        // Whoever was before this has written the same, or the turn was lost.
        return await FindJobAsync(registry, id, cancellationToken) is not null
            ? DrainResult.Taken
            : new DrainResult(DrainOutcome.Unavailable, "The turn was lost on the way; nothing was changed.");
    }

    private string? FindRefusal(NodeId id, IReadOnlySet<NodeId> wished)
    {
        var nodes = _nodes().Select(node => (node.Id, node.State)).ToList();
        nodes.AddRange((_registry?.View.Nodes ?? [])
            .Where(seen => seen.Presence != NodePresence.Gone && nodes.TrueForAll(node => node.Id != seen.Node.Id))
            .Select(seen => (seen.Node.Id, MemberState.Late)).ToArray());
        return DrainRoom.FindRefusal(id, nodes, wished.Where(other => other != id).ToHashSet(), _replicas);
    }

    /// <summary>Notes what the registry says now; a wish that this node alone has is brought there.</summary>
    /// <returns>Whether that goes on, and frees the gate when it is done.</returns>
    private bool Follow(IClusterRegistry registry)
    {
        var revision = registry.Status.Revision;
        var view = registry.View;
        if (view.Version == 0)
        {
            return false;
        }

        // What was deleted here may be in the view for a moment, and what was written may be missing.
        var isThere = view.Jobs.Any(job => job.Kind == Kind && job.Id == _self.ToString() && job.Revision > _deletedRevision);
        if (isThere && _origin != DrainOrigin.Registry)
        {
            NoteOfRegistry(DrainOrigin.Registry);
        }
        else if (!isThere && _origin == DrainOrigin.Registry && revision >= _revision)
        {
            NoteOfRegistry(DrainOrigin.None);
        }
        else if (!isThere && _origin == DrainOrigin.Node && registry.Status.IsConnected)
        {
            _moving = MoveAsync(registry);
            return true;
        }

        return false;
    }

    private async Task MoveAsync(IClusterRegistry registry)
    {
        try
        {
            if (await registry.Jobs.PutAsync(Kind, _self.ToString(), Document, 0, null, _stopping.Token) is { } job)
            {
                await NoteAsync(DrainOrigin.Registry, job.Revision);
            }
        }
        catch (Exception error) when (error is ClusterUnavailableException or StoreException or OperationCanceledException)
        {
            // The wish is where it was, and the next beat tries again.
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Two nodes that were told at once, each by itself, did not know of each other, and one that had just started knew nobody.
    /// When too few would be left the wish is taken back, but for that of the node with the least id.</summary>
    private void YieldToOthers()
    {
        if (_origin != DrainOrigin.Node || _wishedAt is not { } wishedAt || _time.GetInstant() - wishedAt > Settling)
        {
            return;
        }

        var others = Wished.Remove(_self);
        if ((others.IsEmpty || others.Any(other => other.Value < _self.Value)) && FindRefusal(_self, others) is { } refusal)
        {
            try
            {
                Note(DrainOrigin.None);
                ClusterLog.DrainYields(_logger, refusal);
            }
            catch (StoreException)
            {
                // The store has said so. The next beat tries again.
            }
        }
    }

    private async Task<DrainResult> NoteAsync(DrainOrigin origin, long revision = 0)
    {
        _revision = Math.Max(_revision, revision);
        await Task.Run(() => Note(origin), CancellationToken.None);
        return DrainResult.Taken;
    }

    /// <summary>The registry has it for good, whether or not the disk takes the note.</summary>
    private void NoteOfRegistry(DrainOrigin origin)
    {
        Become(origin);
        try
        {
            _note.Write(origin);
        }
        catch (StoreException)
        {
            // The store has said so. The next process asks the registry again.
        }
    }

    private void Note(DrainOrigin origin)
    {
        _note.Write(origin);
        Become(origin);
    }

    private void Become(DrainOrigin origin)
    {
        var wasWished = IsWished;
        _origin = origin;
        if (wasWished == IsWished)
        {
            return;
        }

        _wishedAt = IsWished ? _time.GetInstant() : null;
        if (IsWished)
        {
            ClusterLog.DrainBegins(_logger);
        }
        else
        {
            ClusterLog.DrainEnds(_logger);
        }
    }
}
