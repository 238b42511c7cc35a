using MurkyWaters.Cluster;

namespace MurkyWaters.Engines.Etcd;

/// <summary>A lease of etcd's, renewed until it is disposed or lost. Everything that ends with its holder has one of its own: what a
/// request writes that comes late, after the lease was given back, is refused.</summary>
internal sealed class EtcdLease : IAsyncDisposable
{
    private readonly EtcdClient _client;
    private readonly TimeProvider _time;
    private readonly TimeSpan _life;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _renewing;
    private long _renewedAt;
    private int _isDisposed;

    private EtcdLease(EtcdClient client, TimeProvider time, long id, TimeSpan life, long grantedAt)
    {
        _client = client;
        _time = time;
        _life = life;
        Id = id;
        _renewedAt = grantedAt;
        _renewing = RenewAsync();
    }

    /// <summary>etcd's number of it.</summary>
    public long Id { get; }

    /// <summary>Whether it cannot have run out yet: it lives on from when the renewal that was answered last was sent.</summary>
    public bool IsHeld => !_lost.IsCancellationRequested && _time.GetElapsedTime(Interlocked.Read(ref _renewedAt)) < _life;

    /// <summary>Cancelled when it is lost, or disposed.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Asks for one.</summary>
    public static async Task<EtcdLease> GrantAsync(
        EtcdClient client, TimeProvider time, TimeSpan life, TimeSpan patience, CancellationToken cancellationToken)
    {
        var id = Random.Shared.NextInt64(1, long.MaxValue);
        var sentAt = time.GetTimestamp();
        await GrantAsync(client, id, life, patience, cancellationToken);
        return new EtcdLease(client, time, id, life, sentAt);
    }

    /// <summary>Asks for one that nobody renews.</summary>
    public static async Task<long> GrantUnrenewedAsync(
        EtcdClient client, TimeSpan life, TimeSpan patience, CancellationToken cancellationToken)
    {
        var id = Random.Shared.NextInt64(1, long.MaxValue);
        await GrantAsync(client, id, life, patience, cancellationToken);
        return id;
    }

    /// <summary>It is not there any more, as etcd said in another matter.</summary>
    public void NoteLost() => _lost.Cancel();

    /// <summary>Gives it back, with all that ends with it. When etcd is away, it runs out.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
        {
            return;
        }

        await _ended.CancelAsync();
        await _renewing;
        await _lost.CancelAsync();
        try
        {
            await _client.CallAsync(EtcdPaths.Revoke, EtcdRequests.Lease(Id), TimeSpan.Zero, CancellationToken.None);
        }
        catch (Exception e) when (e is ClusterUnavailableException or EtcdException)
        {
            // Nobody renews it any more.
        }

        _ended.Dispose();
    }

    private static async Task GrantAsync(
        EtcdClient client, long id, TimeSpan life, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            await client.CallAsync(EtcdPaths.Grant, EtcdRequests.Grant(id, life), patience, cancellationToken);
        }
        catch (EtcdException e) when (e.Code == EtcdException.FailedPrecondition)
        {
            // An earlier try made it, whose answer did not come.
        }
    }

    private async Task RenewAsync()
    {
        try
        {
            var pause = _life / 3;
            while (IsHeld)
            {
                await Task.Delay(pause, _time, _ended.Token);
                var sentAt = _time.GetTimestamp();
                try
                {
                    var answer = await _client.CallAsync(
                        EtcdPaths.KeepAlive, EtcdRequests.Lease(Id), _life / 3, _ended.Token);

                    // One that is gone has no life left.
                    if (answer.Find("result").FindInt64("TTL") <= 0)
                    {
                        break;
                    }

                    Interlocked.Exchange(ref _renewedAt, sentAt);
                    pause = _life / 3;
                }
                catch (ClusterUnavailableException)
                {
                    // Tried again, soon, until it must have run out.
                    pause = _life / 20;
                }
            }

            await _lost.CancelAsync();
        }
        catch (EtcdException)
        {
            await _lost.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // It was disposed.
        }
    }
}
