using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using MurkyWaters.Cluster;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Etcd;

/// <summary>Jobs in etcd. What is deleted leaves a mark that ends by itself: a request to create it that comes late would otherwise find
/// nothing in its way.</summary>
internal sealed class EtcdJobs : IClusterJobs
{
    /// <summary>Of a write that finds a mark of a deletion, or finds that one has just ended.</summary>
    private const int TryCountMax = 5;

    private readonly EtcdClient _client;
    private readonly EtcdKeys _keys;
    private readonly EtcdTimes _times;
    private readonly EtcdTurns _turns;
    private readonly Func<NodeId?> _self;
    private readonly Action _ring;

    /// <summary>The jobs.</summary>
    /// <param name="client">Asks.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="times">The patience.</param>
    /// <param name="turns">Has the turns.</param>
    /// <param name="self">Who this is.</param>
    /// <param name="ring">Is told that something was written.</param>
    public EtcdJobs(EtcdClient client, EtcdKeys keys, EtcdTimes times, EtcdTurns turns, Func<NodeId?> self, Action ring)
    {
        (_client, _keys, _times, _turns, _self, _ring) = (client, keys, times, turns, self, ring);
    }

    /// <inheritdoc/>
    public Task<ClusterJob?> PutAsync(
        string kind, string id, ReadOnlyMemory<byte> document, long revision, IClusterTurn? turn, CancellationToken cancellationToken) =>
        RefusedAsUnavailable(async () =>
        {
            var key = _keys.JobOf(kind, id);
            var writer = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
            var value = JobDocument.Write(writer, document);
            var expected = revision;
            for (var i = 0; i < TryCountMax; i++)
            {
                var (isDone, at, there) = await WriteAsync(key, expected, turn, EtcdRequests.Put(key, value), cancellationToken);
                var read = there is null ? null : JobDocument.TryRead(there.Value);
                if (isDone || read?.Writer == writer)
                {
                    return new ClusterJob(kind, id, document, isDone ? at : there!.ModRevision, Runner: null);
                }

                // For who creates it a deleted one is none.
                var next = there is null ? 0 : read?.Document.Length == 0 ? there.ModRevision : -1;
                if (revision != 0 || next < 0 || next == expected)
                {
                    return null;
                }

                expected = next;
            }

            return null;
        });

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string kind, string id, long revision, IClusterTurn? turn, CancellationToken cancellationToken) =>
        RefusedAsUnavailable(async () =>
        {
            var key = _keys.JobOf(kind, id);
            var lease = await EtcdLease.GrantUnrenewedAsync(_client, _times.DeletionMark, _times.Call, cancellationToken);
            var (isDone, _, there) = await WriteAsync(
                key, revision, turn, EtcdRequests.Put(key, JobDocument.WriteDeleted("-"), lease), cancellationToken);
            return isDone || there is null || JobDocument.TryRead(there.Value) is { Document.Length: 0 };
        });

    /// <inheritdoc/>
    public Task<ImmutableArray<ClusterJob>> ListAsync(string kind, CancellationToken cancellationToken) =>
        RefusedAsUnavailable<ImmutableArray<ClusterJob>>(async () =>
        {
            var folder = $"{_keys.Jobs}{EtcdKeys.Checked(kind)}/";
            var (jobs, _) = await EtcdListing.ReadAsync(
                _client, folder, revision: 0, EtcdRegistry.JobCountMax, _times.Call, cancellationToken);
            var (runners, _) = await EtcdListing.ReadAsync(
                _client, $"{_keys.Runners}{kind}/", revision: 0, EtcdRegistry.JobCountMax, _times.Call, cancellationToken);
            var runnersByKey = runners.ToDictionary(entry => entry.Key, StringComparer.Ordinal);
            return
            [
                .. from entry in jobs
                   let id = entry.Key[folder.Length..]
                   where EtcdKeys.IsName(id)
                   let read = JobDocument.TryRead(entry.Value)
                   where read is { Document.Length: > 0 }
                   select new ClusterJob(
                       kind, id, read.Document, entry.ModRevision,
                       EtcdState.RunnerOf(runnersByKey.GetValueOrDefault(_keys.RunnerOf(kind, id)))),
            ];
        });

    /// <inheritdoc/>
    public async Task<IClusterTurn?> TryRunAsync(string kind, string id, CancellationToken cancellationToken)
    {
        var self = _self() ?? throw new InvalidOperationException("A node registers before it runs jobs.");
        var turn = await _turns.TryTakeOnlyAsync(_keys.RunnerOf(kind, id), self, cancellationToken);
        _ring();
        return turn;
    }

    /// <summary>Writes a key if it is of a revision and a turn is held; otherwise tells what is there.</summary>
    private async Task<(bool IsDone, long Revision, EtcdEntry? There)> WriteAsync(
        string key, long revision, IClusterTurn? turn, Action<Utf8JsonWriter> write, CancellationToken cancellationToken)
    {
        List<Action<Utf8JsonWriter>> compare = [EtcdRequests.IsModified(key, revision)];
        if (turn is not null)
        {
            var held = turn as EtcdTurn ?? throw new ArgumentException("The turn is of another registry.", nameof(turn));
            compare.Add(EtcdRequests.IsCreated(held.Key, held.Fence));
        }

        var answer = await _client.CallAsync(
            EtcdPaths.Transaction, EtcdRequests.Transaction(compare, [write], [EtcdRequests.Get(key)]), _times.Call, cancellationToken);
        _ring();
        return answer.FindFlag("succeeded")
            ? (true, answer.Find("header").FindInt64("revision"), null)
            : (false, 0, answer.FindList("responses").SelectMany(response => EtcdEntry.ReadAll(response.Find("response_range")))
                .FirstOrDefault());
    }

    /// <summary>What etcd refuses here is nothing that the caller can mend.</summary>
    private static async Task<T> RefusedAsUnavailable<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (EtcdException e)
        {
            throw new ClusterUnavailableException(e.Message, e);
        }
    }
}
