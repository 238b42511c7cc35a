using MurkyWaters.Fetching;
using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace MurkyWaters.Deploying;

/// <summary>One order that is obeyed: a fetch, again when nobody could deliver, then the reading back. Thread-safe.</summary>
internal sealed class DeployWork : IDisposable
{
    /// <summary>Pauses before it is tried again: a node that has just started has not heard the others yet.</summary>
    private static readonly TimeSpan[] Pauses =
        [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(8)];

    /// <summary>What does not come on the group within this is fetched: multicast may not pass to here.</summary>
    private static readonly TimeSpan GroupPatience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private readonly ResourceStore _store;
    private readonly FetchTable _fetches;
    private readonly DeployGroups _groups;
    private readonly TimeProvider _time;
    private readonly DeployRate _rate;
    private readonly CancellationTokenSource _stopping = new();
    private volatile SharedFetch? _fetch;
    private volatile DeployReport _report = new() { Progress = DeployProgress.Waiting };
    private Manifest? _readBack;
    private long _readBytes;

    public DeployWork(ResourceStore store, FetchTable fetches, DeployGroups groups, TimeProvider time, DeployOrder order)
    {
        (_store, _fetches, _groups, _time, Order) = (store, fetches, groups, time, order);
        _rate = new DeployRate(time);
    }

    public DeployOrder Order { get; }

    /// <summary>When somebody asked last.</summary>
    public Instant AskedAt { get; set; }

    /// <summary>Ends when nothing is done for it any more.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Whether no more comes of it.</summary>
    public bool IsOver => _report.IsFinal;

    /// <summary>How far it is.</summary>
    public DeployReport Report()
    {
        if (_report is { IsFinal: true } final)
        {
            return final;
        }

        if (Volatile.Read(ref _readBack) is { } manifest)
        {
            var bytes = Interlocked.Read(ref _readBytes);
            return new DeployReport
            {
                Progress = DeployProgress.Verifying,
                Blocks = bytes == manifest.Layout.Length ? manifest.Layout.BlockCount : manifest.Layout.BlockAt(bytes),
                BlockCount = manifest.Layout.BlockCount,
                LossPerMillion = _report.LossPerMillion,
                RateBytesPerSecond = _rate.Note(DeployProgress.Verifying, bytes),
            };
        }

        return _fetch?.Snapshot() is { } transfer ? Of(transfer, _report.Reason) with
        {
            Progress = DeployProgress.Receiving,
            RateBytesPerSecond = _rate.Note(DeployProgress.Receiving, transfer.ReceivedBytes),
        }
        : _report;
    }

    /// <summary>Begins.</summary>
    /// <param name="onEnded">Told when no more comes of it, and by which defect, if by one.</param>
    public void Start(Action<DeployWork, Exception?> onEnded) => Completion = Task.Run(async () =>
    {
        Exception? broken = null;
        try
        {
            _report = await HaveAsync();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            _report = Stopped;
        }
        catch (StoreException error)
        {
            _report = Failure($"Its store: {error.Message}");
        }
        catch (Exception error)
        {
            broken = error;
            _report = Failure("It failed in a way that it should not; its log has more.");
        }

        onEnded(this, broken);
    });

    /// <summary>Leaves it, soon.</summary>
    public void Stop()
    {
        if (Completion.IsCompleted && !_report.IsFinal)
        {
            _report = Stopped;
        }

        _ = _stopping.CancelAsync();
    }

    /// <summary>To be called once it is over.</summary>
    public void Dispose() => _stopping.Dispose();

    private static DeployReport Stopped => new() { Progress = DeployProgress.Stopped };

    private static DeployReport Failure(string reason) => new() { Progress = DeployProgress.Failed, Reason = reason };

    private async Task<DeployReport> HaveAsync()
    {
        if (Order.Mode == DeployMode.Group && _groups.Has(Order.Group) && FindHere() is null)
        {
            await ListenAsync();
        }

        for (var (tries, blocks) = (0, 0); ; tries++)
        {
            _stopping.Token.ThrowIfCancellationRequested();
            if (FindHere() is { } here)
            {
                return await VerifyAsync(here);
            }

            if (!_store.TryMakeRoom(Order.Length - HeldBytes(), countsForQuota: true))
            {
                return Failure($"Its disk has no room for {Order.Length} bytes.");
            }

            var (reason, isFinal) = await FetchAsync();
            if (reason is null)
            {
                continue;
            }

            if (_report.Blocks > blocks)
            {
                // It has come further, so it is worth while.
                (blocks, tries) = (_report.Blocks, 0);
            }

            if (isFinal || tries >= Pauses.Length)
            {
                return Failure(reason);
            }

            _report = _report with { Progress = DeployProgress.Waiting, RateBytesPerSecond = 0, Reason = $"{reason} It is tried again." };
            await Task.Delay(Pauses[tries], _time, _stopping.Token);
        }
    }

    /// <summary>Takes what comes on the group, for as long as anything does.</summary>
    private async Task ListenAsync()
    {
        using var intake = new GroupIntake(_store, Order);
        if (_groups.TryReceive(Order, _store.NodeId, intake) is not { } receiving)
        {
            return;
        }

        await using (receiving)
        {
            var since = _time.GetTimestamp();
            while (!receiving.Completion.IsCompleted && !receiving.IsOnUnicast
                && (receiving.Sender is not null || _time.GetElapsedTime(since) < GroupPatience))
            {
                await Task.WhenAny(receiving.Completion, Task.Delay(LookEvery, _time, _stopping.Token));
                _stopping.Token.ThrowIfCancellationRequested();
                _report = Of(receiving);
            }

            var why = receiving.UnicastReason;
            _report = Of(receiving) with
            {
                Progress = DeployProgress.Waiting,
                RateBytesPerSecond = 0,
                Reason = why.Length > 0 ? $"It is fetched: {why}." : "It is fetched.",
            };
        }
    }

    private DeployReport Of(GroupReceiving receiving)
    {
        var snapshot = receiving.Snapshot;
        return new DeployReport
        {
            Progress = receiving.Sender is null ? DeployProgress.Waiting : DeployProgress.Receiving,
            Blocks = snapshot.Blocks,
            BlockCount = receiving.Manifest?.Layout.BlockCount ?? 0,
            LossPerMillion = (int)(snapshot.Loss * 1e6),
            RateBytesPerSecond = snapshot.RateBitsPerSecond / 8,
            Reason = receiving.Sender is null ? $"It listens on {Order.Group}." : $"It comes on {Order.Group}.",
        };
    }

    private long HeldBytes() => _store.Partials.FindAll(Order.Resource)
        .FirstOrDefault(partial => partial.Manifest.Version == Order.Version)?.HeldBytes ?? 0;

    private StoreEntry? FindHere() =>
        _store.FindEntry(Order.Resource) is { IsTombstone: false } entry && entry.Resource.Manifest.Version == Order.Version ? entry : null;

    /// <summary>Fetches it.</summary>
    /// <returns>Why that failed, and whether it would again; nothing when it is here.</returns>
    private async Task<(string? Reason, bool IsFinal)> FetchAsync()
    {
        if (_fetches.Have(Order.Resource, Order.Version, FetchCeiling.Of(Order.RateBytesPerSecond)) is not var (fetch, isOwn))
        {
            return ("As many fetches run there as may.", false);
        }

        _fetch = fetch;
        try
        {
            await fetch.Completion.WaitAsync(_stopping.Token);
        }
        catch (OperationCanceledException) when (isOwn)
        {
            // One that somebody else began is left to him.
            fetch.GiveUp();
            throw;
        }
        finally
        {
            _report = Of(fetch.Snapshot(), "");
            _fetch = null;
        }

        if (FindHere() is not null)
        {
            return default;
        }

        _stopping.Token.ThrowIfCancellationRequested();
        if (_store.FindEntry(Order.Resource) is { } other
            && (fetch.End == FetchEndReason.Completed || fetch.Manifest?.IsNewerThan(other.Resource.Manifest) == false))
        {
            return (other.IsTombstone ? "It was deleted." : "What is there is newer, and stays.", true);
        }

        return fetch.End switch
        {
            FetchEndReason.NotFound => ("No node that answers has this version.", false),
            FetchEndReason.Busy => ("All servers, or the node itself, are at their limits.", false),
            FetchEndReason.Unanswered or FetchEndReason.Stalled => ("The servers are silent.", false),
            FetchEndReason.NoNetwork => ("It has no network.", false),
            FetchEndReason.IntegrityFailure => ("No honest server is left.", true),
            FetchEndReason.NotUnderstood => ("Its release is an older one, which does not understand this version.", true),
            _ when _store.Space.IsFull => ("Its disk is full.", true),
            _ when _store.Files.Health.Trouble is { } trouble => ($"Its store: {trouble}", true),
            _ => (fetch.Snapshot().Verdict, false),
        };
    }

    private async Task<DeployReport> VerifyAsync(StoreEntry entry)
    {
        var manifest = entry.Resource.Manifest;
        if (_store.TryLease(entry) is not { } lease)
        {
            return Failure("It was replaced, or had to go, before it could be read back.");
        }

        using (lease)
        {
            Interlocked.Exchange(ref _readBytes, 0);
            Volatile.Write(ref _readBack, manifest);
            try
            {
                var digest = await Task.Run(
                    () => ReadBack.Digest(lease.Blob, bytes => Interlocked.Exchange(ref _readBytes, bytes), _stopping.Token));
                return digest != manifest.Sha256 ? await FailReadBackAsync(entry, lease.Blob) : new DeployReport
                {
                    Progress = DeployProgress.Done,
                    Blocks = manifest.Layout.BlockCount,
                    BlockCount = manifest.Layout.BlockCount,
                    LossPerMillion = _report.LossPerMillion,
                    Receipt = digest,
                    ReceiptMs = _time.GetUtcNow().ToUnixTimeMilliseconds(),
                };
            }
            catch (IOException error)
            {
                return Failure($"What was written cannot be read back: {error.Message}");
            }
            finally
            {
                Volatile.Write(ref _readBack, null);
            }
        }
    }

    /// <summary>The disk has other bytes than were written: the copy goes where nobody takes it for one.</summary>
    private async Task<DeployReport> FailReadBackAsync(StoreEntry entry, Blob blob)
    {
        var manifest = entry.Resource.Manifest;
        for (var block = 0; !blob.IsInline && block < manifest.Layout.BlockCount; block++)
        {
            if (BlockChecks.Compare(manifest, block, blob.FilePath!) == BlockChecks.Finding.Bad)
            {
                await _store.SetAsideAsync(Order.Resource, blob, block);
                return Failure($"What was read back is not what was written (block {block}).");
            }
        }

        return Failure("What was read back is not what was written.");
    }

    private static DeployReport Of(TransferSnapshot transfer, string reason)
    {
        var (came, lost) = (transfer.Replaced?.Droplets ?? 0L, transfer.Replaced?.Lost ?? 0L);
        foreach (var source in transfer.Sources)
        {
            (came, lost) = (came + source.Droplets, lost + source.Lost);
        }

        return new DeployReport
        {
            Progress = DeployProgress.Waiting,
            Blocks = Math.Min(transfer.DecodedBlocks, transfer.Blocks),
            BlockCount = transfer.Blocks,
            LossPerMillion = came + lost == 0 ? 0 : (int)Math.Clamp(1e6 * lost / (came + lost), 0, 1e6),
            Reason = reason,
        };
    }
}
