using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace MurkyWaters.Propagating;

/// <summary>
/// Tells nodes of 2012 of what was put here, as they told each other: one PROPAGATE for each, to which their format has no answer, so that
/// none of them counts as a holder. They fetch from this node's rain port; one that this node would not answer there is not told.
/// It works as long as there is work, and then ends. Thread-safe.
/// </summary>
internal sealed class ClassicNotices
{
    private const int WaitingCountMax = 100_000;

    /// <summary>Each notice makes a node of 2012 fetch something: what is offered at the
    /// start of this node must not all come at once.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly ResourceStore _store;
    private readonly IRainTransport _transport;
    private readonly ServerTable _servers;
    private readonly ClassicServerOptions _answers;
    private readonly CancellationToken _stopping;
    private readonly Lock _gate = new();
    private readonly Queue<ResourceId> _waiting = new();
    private readonly HashSet<ResourceId> _waitingIds = [];
    private bool _isRunning;

    public ClassicNotices(
        ResourceStore store, IRainTransport transport, ServerTable servers, ClassicServerOptions answers, CancellationToken stopping)
    {
        _store = store;
        _transport = transport;
        _servers = servers;
        _answers = answers;
        _stopping = stopping;
    }

    /// <summary>Tells them of a resource, in the background.</summary>
    public void Tell(ResourceId id)
    {
        if (_answers.Allowed.IsEmpty || _servers.ClassicAddresses().Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            if (_waiting.Count >= WaitingCountMax || !_waitingIds.Add(id))
            {
                return;
            }

            _waiting.Enqueue(id);
            if (!_isRunning)
            {
                _isRunning = true;
                _ = Task.Run(RunAsync, CancellationToken.None);
            }
        }
    }

    private async Task RunAsync()
    {
        while (true)
        {
            ResourceId id;
            lock (_gate)
            {
                if (_stopping.IsCancellationRequested || !_waiting.TryDequeue(out id))
                {
                    _isRunning = false;
                    return;
                }

                _waitingIds.Remove(id);
            }

            try
            {
                TellNow(id);
                await Task.Delay(Pause, _store.Options.Time, _stopping);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                // The node stops. The next start may propagate again.
            }
        }
    }

    private void TellNow(ResourceId id)
    {
        if (_servers.Own.RainPort is not { } rainPort || _store.FindEntry(id) is not { Blob.Length: <= ClassicFormat.LengthMax })
        {
            return;
        }

        foreach (var node in _servers.ClassicAddresses().Where(_answers.Allows))
        {
            _transport.PropagateClassic(id, rainPort, node);
        }
    }
}
