using Microsoft.Extensions.Logging;
using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace PouringRain.Network;

/// <summary>The loop of a <see cref="RainListener"/>: a rain server, and beside it on the same port one of format 1 where that is
/// allowed.</summary>
internal sealed class ListenerLoop : DatagramLoop
{
    /// <summary>Bursts sent before what came is looked at: about 1 MiB.</summary>
    private const int TransmitsPerTurn = 16;

    private readonly RainServerOptions _options;
    private readonly IRainCatalog _catalog;
    private readonly Action<PropagateRequest> _onPropagate;
    private readonly ClassicRain? _classic;
    private readonly byte[] _sendBuffer = GC.AllocateArray<byte>(DatagramSocket.PayloadBytesMax, pinned: true);
    private readonly ClassicServer? _classicServer;
    private readonly AwaitedDatagrams _awaited = new();
    private RainServer _server;
    private bool _isClosing;
    private long _dropletsBefore, _bytesBefore, _companyBytesBefore;
    private long _droplets, _bytes, _companyBytes;
    private int _subscribers;
    private long _awaitedDropped;

    public ListenerLoop(
        DatagramSocket socket, RainServerOptions options, IRainCatalog catalog, Action<PropagateRequest> onPropagate,
        DatagramFaults? faults,
        ClassicRain? classic, SealSettings? seal, ILogger logger)
        : base(socket, faults, seal, logger)
    {
        _options = options;
        _catalog = catalog;
        _onPropagate = onPropagate;

        // Format 1 knows no seal, so whoever speaks it is not to be heard.
        _classic = seal is null ? classic : null;
        _server = new RainServer(options, catalog, RandomNumber.Draw());
        _catalog.Loaded += OnLoaded;
        _classicServer = _classic is null ? null : new ClassicServer(_classic.Options, _classic.Catalog, RandomNumber.Draw());
    }

    /// <summary>The subscriber table; on the loop's thread.</summary>
    public SubscriberSnapshot[] SnapshotSubscribers(Instant now) =>
        _classicServer is null
            ? _server.SnapshotSubscribers(now)
            : [.. _server.SnapshotSubscribers(now), .. _classicServer.SnapshotSubscribers(now)];

    /// <summary>Droplets and bytes rained so far, the bytes of them that went to nodes which fetch in company, and subscribers now, as of
    /// the last turn. Thread-safe.</summary>
    public (long Droplets, long Bytes, long CompanyBytes, int Subscribers) Figures =>
        (Interlocked.Read(ref _droplets), Interlocked.Read(ref _bytes), Interlocked.Read(ref _companyBytes),
            Volatile.Read(ref _subscribers));

    /// <summary>Datagrams that waited for the catalog and were dropped. Thread-safe.</summary>
    public long AwaitedDropped => Interlocked.Read(ref _awaitedDropped);

    /// <summary>Tells every subscriber to go elsewhere, then ends the loop; on the loop's thread. Format 1 has no word for it.</summary>
    public void Close()
    {
        _isClosing = true;
        _catalog.Loaded -= OnLoaded;
        _server.Close();
    }

    /// <inheritdoc/>
    protected override void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (_classicServer is null || !_classicServer.Handle(now, from, datagram))
        {
            HandOn(now, from, datagram);
        }
    }

    /// <summary>On any thread. By the time that the loop comes to it, the datagram in which it was asked for is kept.</summary>
    private void OnLoaded(ResourceId resource) => Post(now =>
    {
        foreach (var (from, datagram) in _awaited.Take(now, resource))
        {
            try
            {
                HandOn(now, from, datagram.Span);
            }
            catch (Exception exception)
            {
                Log.DatagramFailed(Logger, exception, from);
            }
        }

        Volatile.Write(ref _awaitedDropped, _awaited.Dropped);
    });

    private void HandOn(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (_server.Handle(now, from, datagram) is { } loading)
        {
            _awaited.Add(now, loading, from, datagram);
            Volatile.Write(ref _awaitedDropped, _awaited.Dropped);
        }
    }

    /// <inheritdoc/>
    protected override Instant Advance(Instant now)
    {
        var next = AdvanceServer(now);
        Volatile.Write(ref _droplets, _dropletsBefore + _server.DropletsSent);
        Volatile.Write(ref _bytes, _bytesBefore + _server.BytesSent);
        Volatile.Write(ref _companyBytes, _companyBytesBefore + _server.CompanyBytesSent);
        Volatile.Write(ref _subscribers, _server.SubscriberCount);
        if (_isClosing && _server.IsClosed)
        {
            Stop();
        }

        return _classicServer is null ? next : Instant.Min(next, AdvanceClassic(_classicServer, now));
    }

    /// <inheritdoc/>
    protected override int LengthOfFirst(ReadOnlySpan<byte> coalesced) => coalesced.Length;

    private Instant AdvanceServer(Instant now)
    {
        try
        {
            while (_server.TryPollEvent(out var request))
            {
                Tell(_onPropagate, request);
            }

            for (var i = 0; i < TransmitsPerTurn; i++)
            {
                if (!_server.TryPollTransmit(now, _sendBuffer, out var transmit))
                {
                    return _server.NextTimeout;
                }

                Send(now, transmit, _sendBuffer);
                now = MonotonicClock.Now;
            }

            return now;
        }
        catch (Exception exception)
        {
            // Subscriptions are soft state: their clients renew them, but for the one that fails again.
            Log.ServerFailed(Logger, exception, Socket.LocalEndPoint);
            _dropletsBefore += _server.DropletsSent;
            _bytesBefore += _server.BytesSent;
            _companyBytesBefore += _server.CompanyBytesSent;
            _server.Retire();
            _server = new RainServer(_options, _catalog, RandomNumber.Draw());
            if (_isClosing)
            {
                _server.Close();
            }

            return now + TimeSpan.FromMilliseconds(10);
        }
    }

    private Instant AdvanceClassic(ClassicServer server, Instant now)
    {
        while (server.TryPollEvent(out var request))
        {
            Tell(_classic!.OnPropagate, request);
        }

        for (var i = 0; i < TransmitsPerTurn; i++)
        {
            if (!server.TryPollTransmit(now, _sendBuffer, out var transmit))
            {
                return server.NextTimeout;
            }

            Send(now, transmit, _sendBuffer);
        }

        return now;
    }

    private void Tell<T>(Action<T> listener, T request)
    {
        try
        {
            listener(request);
        }
        catch (Exception exception)
        {
            Log.PropagateHandlerFailed(Logger, exception);
        }
    }
}
