using Microsoft.Extensions.Logging;
using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Propagating;

/// <summary>
/// What one other node is to be told, resource by resource: always the version that is newest here when its turn comes. A few at a
/// time; a node that is silent is asked again after growing pauses, and what it could not be told within the limit is dropped.
/// It works as long as there is work, and then ends.
/// </summary>
internal sealed class NodeQueue
{
    /// <summary>Fetches that the other node is asked to run at once.</summary>
    private const int ConcurrencyMax = 8;

    /// <summary>Ids are all that waits here; this many are 16 MB.</summary>
    private const int WaitingCountMax = 1_000_000;

    private readonly ResourceStore _store;
    private readonly TimeProvider _time;
    private readonly IRainTransport _transport;
    private readonly ServerTable _servers;
    private readonly PropagationTimes _times;
    private readonly PeerAddress _node;
    private readonly ushort _rainPort;
    private readonly Action<ResourceId, Sha256Digest, PeerAddress, PropagationResult> _onSettled;
    private readonly ILogger _logger;
    private readonly CancellationToken _stopping;
    private readonly Lock _gate = new();
    private readonly Queue<(ResourceId Id, DateTimeOffset Deadline)> _waiting = new();
    private readonly HashSet<ResourceId> _waitingIds = [];
    private int _runnerCount;
    private TimeSpan _pause;

    public NodeQueue(
        ResourceStore store, IRainTransport transport, ServerTable servers, PropagationTimes times, PeerAddress node, ushort rainPort,
        Action<ResourceId, Sha256Digest, PeerAddress, PropagationResult> onSettled, ILogger logger, CancellationToken stopping)
    {
        _store = store;
        _time = store.Options.Time;
        _transport = transport;
        _servers = servers;
        _times = times;
        _node = node;
        _rainPort = rainPort;
        _onSettled = onSettled;
        _logger = logger;
        _stopping = stopping;
    }

    /// <summary>Puts a resource at the end; one that waits already keeps its place.</summary>
    public void Add(ResourceId id)
    {
        lock (_gate)
        {
            if (_waitingIds.Count >= WaitingCountMax || !_waitingIds.Add(id))
            {
                return;
            }

            _waiting.Enqueue((id, _time.GetUtcNow() + _times.GiveUpAfter));
            if (_runnerCount < ConcurrencyMax)
            {
                _runnerCount++;
                _ = Task.Run(RunAsync, CancellationToken.None);
            }
        }
    }

    private async Task RunAsync()
    {
        while (true)
        {
            (ResourceId Id, DateTimeOffset Deadline) item;
            TimeSpan pause;
            lock (_gate)
            {
                if (_stopping.IsCancellationRequested || !_waiting.TryDequeue(out item))
                {
                    _runnerCount--;
                    return;
                }

                _waitingIds.Remove(item.Id);
                pause = _pause;
            }

            try
            {
                if (pause > TimeSpan.Zero)
                {
                    await Task.Delay(pause, _time, _stopping);
                }

                await TellAsync(item.Id, item.Deadline);
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                // The node stops. The next start may propagate again.
            }
            catch (Exception error)
            {
                // Whatever it is, the others in the queue have nothing to do with it, and it may be over by the next time.
                PropagationLog.TellingFailed(_logger, error, item.Id, _node.ToString());
                AskLater(item.Id, item.Deadline);
            }
        }
    }

    private async Task TellAsync(ResourceId id, DateTimeOffset deadline)
    {
        if (_store.FindEntry(id) is not { } entry)
        {
            return;
        }

        var version = entry.Resource.Manifest;
        var result = await AskAsync(id, version, untilHeld: false, _times.FirstAnswerWithin);
        while (result.State is PropagationState.Accepted or PropagationState.Asked && _time.GetUtcNow() < deadline)
        {
            Answered();
            if (_store.FindEntry(id)?.Resource.Manifest.Version != version.Version)
            {
                // Replaced meanwhile: the new version has put itself in the queue.
                return;
            }

            result = await AskAsync(id, version, untilHeld: true, _times.HeldWithin);
        }

        if (result.State != PropagationState.Unanswered)
        {
            Answered();
            _onSettled(id, version.Version, _node, result);
            return;
        }

        _servers.NoteAnswer(_node, ServerState.Silent);
        if (_time.GetUtcNow() >= deadline)
        {
            _onSettled(id, version.Version, _node, result);
            return;
        }

        AskLater(id, deadline);
    }

    /// <summary>Puts a resource at the end once more, and has the whole queue pause, longer each time.</summary>
    private void AskLater(ResourceId id, DateTimeOffset deadline)
    {
        lock (_gate)
        {
            if (_time.GetUtcNow() >= deadline)
            {
                return;
            }

            _pause = _pause == TimeSpan.Zero
                ? _times.FirstPause
                : TimeSpan.FromTicks(Math.Min(2 * _pause.Ticks, _times.LongestPause.Ticks));
            if (_waitingIds.Add(id))
            {
                _waiting.Enqueue((id, deadline));
            }
        }
    }

    private Task<PropagationResult> AskAsync(ResourceId id, Manifest version, bool untilHeld, TimeSpan limit) =>
        _transport.PropagateAsync(id, version, _rainPort, _node, untilHeld, limit, _stopping);

    private void Answered()
    {
        _servers.NoteAnswer(_node, ServerState.Up);
        lock (_gate)
        {
            _pause = TimeSpan.Zero;
        }
    }
}
