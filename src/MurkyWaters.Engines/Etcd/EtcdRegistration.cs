using Microsoft.Extensions.Logging;
using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Etcd;

/// <summary>Keeps this node's two keys as they should be, the one that ends with its lease and the lasting one. What it does, it does
/// in the registry's loop, but for taking nodes off.</summary>
internal sealed class EtcdRegistration : IAsyncDisposable
{
    private static readonly TimeSpan RemovalPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan TwinPause = TimeSpan.FromMinutes(1);
    private readonly EtcdClient _client;
    private readonly EtcdKeys _keys;
    private readonly EtcdTimes _times;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action _ring;
    private EtcdLease? _lease;
    private RegisteredNode? _self;
    private long _leasesLost;
    private long _writtenLease;
    private long? _twinAt;
    private bool _isRegistered;

    /// <summary>Nothing is registered yet.</summary>
    public EtcdRegistration(EtcdClient client, EtcdKeys keys, EtcdTimes times, TimeProvider time, ILogger logger, Action ring)
    {
        (_client, _keys, _times, _time, _logger, _ring) = (client, keys, times, time, logger, ring);
    }

    /// <summary>What this node says of itself; null when it is not to be registered.</summary>
    public RegisteredNode? Self
    {
        get => Volatile.Read(ref _self);
        set => Volatile.Write(ref _self, value);
    }

    /// <summary>Whether the keys were as they should be when they were read last.</summary>
    public bool IsRegistered => Volatile.Read(ref _isRegistered) && Volatile.Read(ref _lease) is { IsHeld: true };

    /// <summary>Leases that ran out or were lost.</summary>
    public long LeasesLost => Interlocked.Read(ref _leasesLost);

    /// <summary>Writes the keys where they are not as they should be; the next time that the state is read shows it.</summary>
    public async Task KeepAsync(EtcdState state, CancellationToken cancellationToken)
    {
        if (Self is not { } self)
        {
            Volatile.Write(ref _isRegistered, false);
            await EndLeaseAsync();
            return;
        }

        var lease = await FindLeaseAsync(cancellationToken);
        var value = NodeDocument.Write(self);
        var (nodeKey, memberKey) = (_keys.NodeOf(self.Id), _keys.MemberOf(self.Id));
        var (node, member) = (state.Find(nodeKey), state.Find(memberKey));
        var isRight = node?.Lease == lease.Id && node.Value.AsSpan().SequenceEqual(value)
            && member?.Value.AsSpan().SequenceEqual(value) == true;
        if (isRight != Volatile.Read(ref _isRegistered))
        {
            Volatile.Write(ref _isRegistered, isRight);
            if (isRight)
            {
                EtcdLog.Registered(_logger, $"{self.Id}");
            }
        }

        if (isRight)
        {
            return;
        }

        TellOfTwin(self, node, lease);
        try
        {
            // Whatever else has been written meanwhile is read first: this one may come late.
            var answer = await _client.CallAsync(
                EtcdPaths.Transaction,
                EtcdRequests.Transaction(
                    [
                        EtcdRequests.IsModified(nodeKey, node?.ModRevision ?? 0),
                        EtcdRequests.IsModified(memberKey, member?.ModRevision ?? 0),
                    ],
                    [EtcdRequests.Put(nodeKey, value, lease.Id), EtcdRequests.Put(memberKey, value)], []),
                _times.Try, cancellationToken);
            _writtenLease = answer.FindFlag("succeeded") ? lease.Id : _writtenLease;
        }
        catch (EtcdException e) when (e.Code == EtcdException.NotFound)
        {
            lease.NoteLost();
        }

        _ring();
    }

    /// <summary>See <see cref="IClusterRegistry.RemoveAsync"/>.</summary>
    /// <param name="id">Of the node.</param>
    /// <param name="known">What it said of itself last, if that is known here.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<NodeRemoval> RemoveAsync(NodeId id, RegisteredNode? known, CancellationToken cancellationToken)
    {
        var (nodeKey, memberKey) = (_keys.NodeOf(id), _keys.MemberOf(id));
        var isSelf = Self?.Id == id;
        if (isSelf)
        {
            Self = null;
        }

        var startedAt = _time.GetTimestamp();
        while (true)
        {
            _ring();
            var node = await GetAsync(nodeKey, cancellationToken);
            var member = await GetAsync(memberKey, cancellationToken);
            var last = member is not null && NodeDocument.TryRead(member.Value, out var read, out _) ? read : known;
            if (node is null && last is null)
            {
                return NodeRemoval.Unknown;
            }

            if (node is null)
            {
                var answer = await _client.CallAsync(
                    EtcdPaths.Transaction,
                    EtcdRequests.Transaction(
                        [EtcdRequests.IsCreated(nodeKey, 0), EtcdRequests.IsModified(memberKey, member?.ModRevision ?? 0)],
                        [EtcdRequests.Put(memberKey, NodeDocument.Write(last!, isGone: true))], []),
                    _times.Call, cancellationToken);
                if (answer.FindFlag("succeeded"))
                {
                    EtcdLog.Removed(_logger, $"{id}");
                    _ring();
                    return NodeRemoval.Removed;
                }
            }

            // This node's own key goes in a moment.
            if ((node is not null && !isSelf) || _time.GetElapsedTime(startedAt) > _times.Call + _times.NodeLease)
            {
                return NodeRemoval.StillThere;
            }

            await Task.Delay(RemovalPause, _time, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await EndLeaseAsync();

    private async Task<EtcdLease> FindLeaseAsync(CancellationToken cancellationToken)
    {
        if (_lease is { IsHeld: true } held)
        {
            return held;
        }

        if (_lease is not null)
        {
            Interlocked.Increment(ref _leasesLost);
            EtcdLog.LeaseLost(_logger);
            await EndLeaseAsync();
        }

        var lease = await EtcdLease.GrantAsync(_client, _time, _times.NodeLease, _times.Try, cancellationToken);
        lease.Lost.Register(_ring);
        Volatile.Write(ref _lease, lease);
        return lease;
    }

    private async Task EndLeaseAsync()
    {
        if (_lease is { } lease)
        {
            Volatile.Write(ref _lease, null);
            await lease.DisposeAsync();
        }
    }

    private async Task<EtcdEntry?> GetAsync(string key, CancellationToken cancellationToken)
    {
        var answer = await _client.CallAsync(
            EtcdPaths.Range, EtcdRequests.Range(key, $"{key}\0", limit: 1), _times.Call, cancellationToken);
        return EtcdEntry.ReadAll(answer).FirstOrDefault();
    }

    /// <summary>Another lease on a key that this process wrote with the one it still has: somebody else writes it.</summary>
    private void TellOfTwin(RegisteredNode self, EtcdEntry? node, EtcdLease lease)
    {
        if (node is not null && node.Lease != lease.Id && _writtenLease == lease.Id
            && (_twinAt is not { } at || _time.GetElapsedTime(at) > TwinPause))
        {
            _twinAt = _time.GetTimestamp();
            EtcdLog.Twin(_logger, $"{self.Id}");
        }
    }
}
