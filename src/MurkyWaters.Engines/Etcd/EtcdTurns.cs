using System.Globalization;
using MurkyWaters.Cluster;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Etcd;

/// <summary>
/// Turns of keys over all nodes, in the order in which etcd created the keys of those who wait. Of one process one at a time waits in etcd,
/// in the order of asking, so that a crowd at one node is one key. Thread-safe.
/// </summary>
internal sealed class EtcdTurns
{
    private static readonly TimeSpan LookMin = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LookMax = TimeSpan.FromMilliseconds(75);
    private readonly KeyedGates<string> _gates = new();
    private readonly EtcdClient _client;
    private readonly EtcdKeys _keys;
    private readonly EtcdTimes _times;
    private readonly TimeProvider _time;

    /// <summary>Nobody has a turn yet.</summary>
    public EtcdTurns(EtcdClient client, EtcdKeys keys, EtcdTimes times, TimeProvider time)
    {
        (_client, _keys, _times, _time) = (client, keys, times, time);
    }

    /// <summary>See <see cref="IClusterRegistry.TryLockAsync"/>.</summary>
    public async Task<EtcdTurn?> TryTakeAsync(string key, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var folder = _keys.TurnsOf(key);
        var startedAt = _time.GetTimestamp();
        ThrowIfAway();
        KeyedGates<string>.Turn local;
        using (var limit = new CancellationTokenSource(timeout, _time))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken))
        {
            try
            {
                local = _gates.TryEnter(key, out var free) ? free : await _gates.EnterAsync(key, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return null;
            }
        }

        EtcdTurn? turn = null;
        try
        {
            return turn = await QueueAsync(folder, local, () => timeout - _time.GetElapsedTime(startedAt), cancellationToken);
        }
        catch (EtcdException e)
        {
            throw new ClusterUnavailableException(e.Message, e);
        }
        finally
        {
            if (turn is null)
            {
                local.Dispose();
            }
        }
    }

    /// <summary>Takes a key that one can have; null when somebody has it.</summary>
    public async Task<EtcdTurn?> TryTakeOnlyAsync(string key, NodeId node, CancellationToken cancellationToken)
    {
        ThrowIfAway();
        EtcdLease? lease = null;
        EtcdTurn? turn = null;
        try
        {
            lease = await EtcdLease.GrantAsync(_client, _time, _times.TurnLease, _times.Call, cancellationToken);
            var created = await CreateAsync(key, lease, $"{node}", cancellationToken);
            return turn = created > 0 ? new EtcdTurn(key, created, lease, local: null) : null;
        }
        catch (EtcdException e)
        {
            throw new ClusterUnavailableException(e.Message, e);
        }
        finally
        {
            if (turn is null && lease is not null)
            {
                await lease.DisposeAsync();
            }
        }
    }

    private void ThrowIfAway()
    {
        if (_client.IsAway)
        {
            throw new ClusterUnavailableException(_client.Trouble ?? "etcd does not answer");
        }
    }

    /// <summary>Waits behind those who came before. Whose lease is lost while waiting starts again at the end.</summary>
    private async Task<EtcdTurn?> QueueAsync(
        string folder, KeyedGates<string>.Turn local, Func<TimeSpan> left, CancellationToken cancellationToken)
    {
        while (true)
        {
            var lease = await EtcdLease.GrantAsync(_client, _time, _times.TurnLease, _times.Call, cancellationToken);
            EtcdTurn? turn = null;
            try
            {
                var key = folder + lease.Id.ToString("x16", CultureInfo.InvariantCulture);
                var created = await CreateAsync(key, lease, "", cancellationToken);
                for (var pause = LookMin; created > 0; pause = pause * 1.5 < LookMax ? pause * 1.5 : LookMax)
                {
                    var answer = await _client.CallAsync(
                        EtcdPaths.Transaction,
                        EtcdRequests.Transaction(
                            [EtcdRequests.IsCreated(key, created)], [EtcdRequests.GetCreatedBefore(folder, created)], []),
                        _times.Call, cancellationToken);
                    if (!answer.FindFlag("succeeded"))
                    {
                        break;
                    }

                    if (Ranges(answer).Count == 0)
                    {
                        return turn = new EtcdTurn(key, created, lease, local);
                    }

                    if (left() <= pause)
                    {
                        return null;
                    }

                    await Task.Delay(pause, _time, cancellationToken);
                }
            }
            catch (EtcdException e) when (e.Code == EtcdException.NotFound)
            {
                // The lease is gone.
            }
            finally
            {
                if (turn is null)
                {
                    await lease.DisposeAsync();
                }
            }

            if (left() <= TimeSpan.Zero)
            {
                return null;
            }
        }
    }

    /// <summary>Creates a key; the revision of its creation, 0 when it is there with another lease.</summary>
    private async Task<long> CreateAsync(string key, EtcdLease lease, string value, CancellationToken cancellationToken)
    {
        var answer = await _client.CallAsync(
            EtcdPaths.Transaction,
            EtcdRequests.Transaction(
                [EtcdRequests.IsCreated(key, 0)],
                [EtcdRequests.Put(key, System.Text.Encoding.ASCII.GetBytes(value), lease.Id)], [EtcdRequests.Get(key)]),
            _times.Call, cancellationToken);
        return answer.FindFlag("succeeded") ? answer.Find("header").FindInt64("revision")
            : Ranges(answer).Find(entry => entry.Lease == lease.Id)?.CreateRevision ?? 0;
    }

    private static List<EtcdEntry> Ranges(System.Text.Json.JsonElement answer) =>
        [.. answer.FindList("responses").SelectMany(response => EtcdEntry.ReadAll(response.Find("response_range")))];
}
