using System.Net;
using Gateway.Access;
using Gateway.Configuration;
using Gateway.Machine;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using PouringRain.Protocol;

namespace Gateway.Connections;

/// <summary>
/// The connections that are open, by the address that they come from, within what the machine gives: one descriptor each, and one more
/// for every request in work, which has a file open. Where there is no room, who has most gives way to who has least, connections
/// without a request (idle ones, and those whose request does not come) before others and of these the oldest. Thread-safe.
/// </summary>
internal sealed partial class ConnectionTable
{
    /// <summary>Connections looked at for one without a request, before the oldest of all has to do.</summary>
    private const int LooksMax = 64;

    /// <summary>An address with more connections than this gets a bound of what the system holds for each: it would take megabytes for
    /// every reader that does not read, until it has none left for anybody and resets whom it likes.</summary>
    private const int ManyOfOneAddress = 32, UnsentBytesOfMany = 64 * 1024;

    /// <summary>Connections that are being closed and may still have their descriptor.</summary>
    private const int ClosingMax = 16;

    private readonly Lock _gate = new();
    private readonly AddressShares<HeldConnection> _shares = new();
    private readonly IReadOnlyList<System.Net.IPNetwork> _proxies;
    private readonly ILogger _logger;
    private TaskCompletionSource? _closed;
    private ulong _lastProxyShare;
    private long? _lastTold;
    private int _closingCount;
    private int _requestCount;
    private long _evictedCount;
    private long _refusedCount;

    public ConnectionTable(MachineLimits machine, LoadedSettings loaded, ILogger<ConnectionTable> logger)
    {
        var settings = loaded.Settings.Gateway;
        ConnectionCountMax = settings.ConnectionCountMax > 0
            ? Math.Min(settings.ConnectionCountMax, machine.ClientDescriptors)
            : machine.ConnectionCount;
        DescriptorCountMax = machine.ClientDescriptors;
        _proxies = settings.TrustedProxies;
        _logger = logger;
    }

    /// <summary>Connections that may be open at once.</summary>
    public int ConnectionCountMax { get; }

    /// <summary>Connections and requests in work that there may be at once.</summary>
    public int DescriptorCountMax { get; }

    public int ConnectionCount
    {
        get
        {
            lock (_gate)
            {
                return _shares.Count + _closingCount;
            }
        }
    }

    public int RequestCount => Volatile.Read(ref _requestCount);

    /// <summary>Connections closed for others, and not taken in the first place, so far.</summary>
    public (long Evicted, long Refused) Closed => (Interlocked.Read(ref _evictedCount), Interlocked.Read(ref _refusedCount));

    /// <summary>Waits until those that are being closed have given back what they held.</summary>
    public async ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task closed;
            lock (_gate)
            {
                if (_closingCount < ClosingMax)
                {
                    return;
                }

                _closed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                closed = _closed.Task;
            }

            await closed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Takes a new connection in; null when there is no room for one more of its address.</summary>
    public HeldConnection? TryAdmit(ConnectionContext connection)
    {
        var held = new HeldConnection(connection, this);
        HeldConnection? victim = null;
        bool isMany;
        lock (_gate)
        {
            var network = NetworkOf(connection.RemoteEndPoint);
            if (IsFull(1) && (victim = FindVictim(network)) is null)
            {
                Interlocked.Increment(ref _refusedCount);
                Tell();
                return null;
            }

            if (victim is not null)
            {
                Evict(victim);
            }

            held.Place = _shares.Add(network, held);
            isMany = _shares.CountOf(network) > ManyOfOneAddress;
        }

        if (isMany && connection.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
        {
            TcpProgress.LimitUnsent(socket, UnsentBytesOfMany);
        }

        victim?.Abort(new ConnectionAbortedException("Others need the connection's place."));
        return held;
    }

    /// <summary>A request has come; false when there is no room for its file.</summary>
    public bool TryBegin(HeldConnection held)
    {
        held.Begin();
        if (Interlocked.Increment(ref _requestCount) + _shares.Count <= DescriptorCountMax)
        {
            return true;
        }

        HeldConnection? victim = null;
        lock (_gate)
        {
            if (IsFull(0) && (victim = FindVictim(held.Place?.Network ?? default)) is not null)
            {
                if (victim == held)
                {
                    victim = null;
                }
                else
                {
                    Evict(victim);
                }
            }

            if (IsFull(0))
            {
                Interlocked.Increment(ref _refusedCount);
                Tell();
                End(held);
                return false;
            }
        }

        victim?.Abort(new ConnectionAbortedException("Others need the connection's place."));
        return true;
    }

    public void End(HeldConnection held)
    {
        held.End();
        Interlocked.Decrement(ref _requestCount);
    }

    /// <summary>A connection is closed.</summary>
    public void Remove(HeldConnection held)
    {
        TaskCompletionSource? closed = null;
        lock (_gate)
        {
            if (held.IsEvicted)
            {
                _closingCount--;
                (closed, _closed) = (_closed, null);
            }
            else if (held.Place is { } place)
            {
                _shares.Remove(place);
            }
        }

        closed?.TrySetResult();
    }

    private bool IsFull(int more) =>
        _shares.Count + more > ConnectionCountMax || _shares.Count + more + Volatile.Read(ref _requestCount) > DescriptorCountMax;

    private void Evict(HeldConnection victim)
    {
        victim.IsEvicted = true;
        _shares.Remove(victim.Place!);
        _closingCount++;
        Interlocked.Increment(ref _evictedCount);
        Tell();
    }

    /// <summary>Who is to make room for one more of a network.</summary>
    private HeldConnection? FindVictim(Bits128 network)
    {
        if (_shares.LargestNetwork is not { } largest)
        {
            return null;
        }

        var isOfLargest = _shares.CountOf(network) + 1 >= _shares.LargestCount;
        return (isOfLargest ? FindIdle(network) : null) ?? FindIdle(largest) ?? (isOfLargest ? null : _shares.OldestOf(largest)?.Item);
    }

    /// <summary>The oldest connection of a network without a request. Those that are in work, or were since they were looked at last, are
    /// the newest from now on.</summary>
    private HeldConnection? FindIdle(Bits128 network)
    {
        for (var looks = 0; looks < LooksMax && _shares.OldestOf(network) is { } place; looks++)
        {
            if (place.Item.IsIdleSinceLook())
            {
                return place.Item;
            }

            place.Renew();
        }

        return null;
    }

    /// <summary>By which share a connection counts. Those of a trusted proxy, which are many clients, each have one of their own.</summary>
    private Bits128 NetworkOf(EndPoint? remote)
    {
        if (remote is not IPEndPoint endPoint || Proxies.IsTrusted(endPoint.Address, _proxies))
        {
            // No address of the world is in this range: it is below the first global one of IPv6.
            return new Bits128(0x0100_0000_0000_0001, ++_lastProxyShare);
        }

        return PeerAddress.From(endPoint).Network;
    }

    /// <summary>Once a minute. Under the lock.</summary>
    private void Tell()
    {
        if (_lastTold is { } last && TimeProvider.System.GetElapsedTime(last) < TimeSpan.FromMinutes(1))
        {
            return;
        }

        _lastTold = TimeProvider.System.GetTimestamp();
        NoRoom(
            _logger, _shares.Count, ConnectionCountMax, RequestCount, DescriptorCountMax, _shares.LargestCount, _evictedCount,
            _refusedCount);
    }

    [LoggerMessage(
        10, LogLevel.Warning,
        "No room for all connections: {Count} of {Max} are open, with {Requests} requests in work {Descriptors} together at most, {Most} "
        + "of one address; "
        + "{Evicted} were closed for others and {Refused} refused so far (Gateway:MaxConnections, the limit of open files)")]
    private static partial void NoRoom(
        ILogger logger, int count, int max, int requests, int descriptors, int most, long evicted, long refused);
}
