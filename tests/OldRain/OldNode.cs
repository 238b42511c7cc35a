using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace OldRain;

/// <summary>
/// A node as the system of 2012 had them, written from the description of its format alone, and sharing no line with the programs under
/// test. It listens on one socket and streams from another; with a third of each time it asks. It answers whoever asks, takes droplets
/// from whoever sends them, forgets a subscriber 5.0 s after its last SUBSCRIBE, and repeats its own every 4.0 s.
/// </summary>
internal sealed class OldNode : IAsyncDisposable
{
    private const int Subscribe = 1, Unsubscribe = 2, Propagate = 3;
    private const int DatagramBytesMax = 65_507;
    private static readonly TimeSpan SubscriberLifetime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SubscribeInterval = TimeSpan.FromSeconds(4);

    private readonly IPAddress _address;
    private readonly Socket _listening;
    private readonly Socket _streaming;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<(IPEndPoint Peer, ulong Id), long> _subscribers = new();
    private readonly ConcurrentDictionary<ulong, byte[]> _resources = new();
    private readonly ConcurrentDictionary<IPEndPoint, bool> _servers = new();
    private readonly ConcurrentBag<Task> _fetches = [];
    private readonly Task _listen;
    private readonly Task _stream;

    public OldNode(IPAddress? address = null)
    {
        _address = address ?? IPAddress.Loopback;
        _listening = Open();
        _streaming = Open();
        _listen = Task.Run(ListenAsync);
        _stream = Task.Run(StreamAsync);
    }

    /// <summary>Where it listens; no droplet comes from here.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listening.LocalEndPoint!;

    /// <summary>How long its client waits in silence.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>What it holds.</summary>
    public ConcurrentDictionary<ulong, byte[]> Resources => _resources;

    /// <summary>Whom it asks.</summary>
    public IEnumerable<IPEndPoint> Servers => _servers.Keys;

    public int SubscriberCount => _subscribers.Count;

    /// <summary>What SUBSCRIBEs came for.</summary>
    public ConcurrentQueue<ulong> Subscribed { get; } = new();

    /// <summary>What PROPAGATEs came for.</summary>
    public ConcurrentQueue<ulong> Propagated { get; } = new();

    public void AddServer(IPEndPoint server) => _servers.TryAdd(server, true);

    /// <summary>Stores, and asks the other nodes to fetch it.</summary>
    public void Put(ulong id, byte[] bytes)
    {
        _resources[id] = bytes;
        using var asking = Open();
        foreach (var server in _servers.Keys)
        {
            asking.SendTo(OldCode.Numbers(Propagate, id, (ulong)EndPoint.Port), server);
        }
    }

    /// <summary>What is here, or what its servers rain; null when they are silent.</summary>
    public async Task<byte[]?> GetAsync(ulong id)
    {
        if (_resources.TryGetValue(id, out var bytes))
        {
            return bytes;
        }

        using var asking = Open();
        var servers = _servers.Keys.ToArray();
        var decoder = new OldDecoder();
        var buffer = new byte[DatagramBytesMax];
        long? subscribed = null;
        while (bytes is null)
        {
            if (subscribed is null || Stopwatch.GetElapsedTime(subscribed.Value) >= SubscribeInterval)
            {
                SendToAll(Subscribe);
                subscribed = Stopwatch.GetTimestamp();
            }

            using var silence = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            silence.CancelAfter(Patience);
            try
            {
                var received = await asking.ReceiveFromAsync(buffer, new IPEndPoint(_address, 0), silence.Token);
                if (OldCode.NumberAt(buffer, 0) == id)
                {
                    bytes = decoder.Add(buffer.AsSpan(0, received.ReceivedBytes));
                }
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }

        SendToAll(Unsubscribe);
        _resources[id] = bytes;
        return bytes;

        void SendToAll(ulong type)
        {
            foreach (var server in servers)
            {
                asking.SendTo(OldCode.Numbers(type, id), server);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll([_listen, _stream, .. _fetches]);
        _listening.Dispose();
        _streaming.Dispose();
        _stopping.Dispose();
    }

    private Socket Open()
    {
        var socket = new Socket(_address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4_000_000 };
        socket.Bind(new IPEndPoint(_address, 0));
        return socket;
    }

    private async Task ListenAsync()
    {
        var buffer = new byte[64];
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var received = await _listening.ReceiveFromAsync(buffer, new IPEndPoint(_address, 0), _stopping.Token);
                Handle(buffer.AsSpan(0, received.ReceivedBytes), (IPEndPoint)received.RemoteEndPoint);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Handle(ReadOnlySpan<byte> message, IPEndPoint from)
    {
        if (message.Length is not (16 or 24))
        {
            // Messages of another time, which this one does not know.
            return;
        }

        var id = OldCode.NumberAt(message, 1);
        switch (OldCode.NumberAt(message, 0))
        {
            case Subscribe:
                Subscribed.Enqueue(id);
                if (_resources.ContainsKey(id))
                {
                    _subscribers[(from, id)] = Stopwatch.GetTimestamp();
                }

                break;
            case Unsubscribe:
                _subscribers.TryRemove((from, id), out _);
                break;
            case Propagate when message.Length == 24:
                Propagated.Enqueue(id);
                AddServer(new IPEndPoint(from.Address, (int)OldCode.NumberAt(message, 2)));
                _fetches.Add(GetAsync(id));
                break;
            default:
                break;
        }
    }

    private async Task StreamAsync()
    {
        var random = new Random(2012);
        try
        {
            while (true)
            {
                var bytes = 0;
                foreach (var ((peer, id), subscribed) in _subscribers)
                {
                    if (Stopwatch.GetElapsedTime(subscribed) >= SubscriberLifetime)
                    {
                        _subscribers.TryRemove((peer, id), out _);
                        continue;
                    }

                    var droplet = OldCode.Droplet(id, OldCode.DrawKey(random), _resources[id]);
                    await _streaming.SendToAsync(droplet, peer, _stopping.Token);
                    bytes += droplet.Length;
                }

                // Some 20 MB/s, so that little is lost in the receiver's buffer.
                await Task.Delay(1 + (bytes / 20_000), _stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
