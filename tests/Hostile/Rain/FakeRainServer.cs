using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using PouringRain.Protocol;

namespace Hostile.Rain;

/// <summary>A rain server that speaks wire format 2 and keeps to it as far as each of its resources says. It knows no rate control: what is
/// asked for is sent at once, up to a bound.</summary>
internal sealed class FakeRainServer : IAsyncDisposable
{
    /// <summary>What a path of loopback takes at once without loss.</summary>
    private const int DropletsAtOnce = 128;

    private const uint Token = 0x7072_6574;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly ConcurrentDictionary<ulong, FakeResource> _resources = new();
    private readonly Dictionary<(SocketAddress, uint), Row> _rows = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly TimeSpan _tricklePause;
    private readonly Task _work;
    private long _asked;

    /// <param name="address">Where it is.</param>
    /// <param name="tricklePause">Between two droplets of <see cref="Delivery.Trickle"/>.</param>
    public FakeRainServer(string address, TimeSpan? tricklePause = null)
    {
        _tricklePause = tricklePause ?? TimeSpan.FromMilliseconds(300);
        _socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        EndPoint = (IPEndPoint)_socket.LocalEndPoint!;
        _work = Task.Run(Work);
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>SUBSCRIBEs that came.</summary>
    public long AskedCount => Interlocked.Read(ref _asked);

    /// <summary>What it has under an id, from now on.</summary>
    public FakeResource this[ulong id]
    {
        set => _resources[id] = value;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _socket.Dispose();
        _stop.Dispose();
    }

    private void Work()
    {
        var from = new SocketAddress(AddressFamily.InterNetwork);
        var datagram = new byte[2048];
        while (!_stop.IsCancellationRequested)
        {
            if (!_socket.Poll(TimeSpan.FromMilliseconds(20), SelectMode.SelectRead))
            {
                Serve();
                continue;
            }

            int length;
            try
            {
                length = _socket.ReceiveFrom(datagram, SocketFlags.None, from);
            }
            catch (SocketException)
            {
                // Somebody to whom it sent is gone.
                continue;
            }

            if (SubscribeMessage.TryParse(datagram.AsSpan(0, length), out var message, out var items))
            {
                Interlocked.Increment(ref _asked);
                Take(from, message, items);
            }

            Serve();
        }
    }

    private void Take(SocketAddress from, SubscribeMessage message, ReadOnlySpan<byte> items)
    {
        if (!_resources.TryGetValue(message.Resource.Value, out var resource))
        {
            Send(from, new ShortMessage
            {
                Type = MessageType.NotFound,
                SubscriptionId = message.SubscriptionId,
                Resource = message.Resource,
                ClientTime = message.ClientTime,
            }.Write(_buffer));
            return;
        }

        var isValidated = message.Token == Token;
        if (!isValidated || message.WantsOffer || message.Version is null)
        {
            var offer = resource.Offer;
            offer.SubscriptionId = message.SubscriptionId;
            offer.IsAddressValidated = isValidated;
            offer.Token = Token;
            offer.ClientTime = message.ClientTime;
            offer.Number = message.Number;
            Send(from, offer.Write(_buffer, resource.Code));
        }

        if (!isValidated || resource.Delivery == Delivery.OfferOnly)
        {
            return;
        }

        var key = (from, message.SubscriptionId);
        if (!_rows.TryGetValue(key, out var row))
        {
            var copy = new SocketAddress(AddressFamily.InterNetwork);
            from.Buffer.CopyTo(copy.Buffer);
            row = new Row(copy, message.SubscriptionId, resource);
            _rows.Add((copy, message.SubscriptionId), row);
        }

        row.Message = message;
        for (var i = 0; i < items.Length / RequestItem.SizeBytes; i++)
        {
            var number = message.FirstRequest + (uint)i;
            if (row.NextRequest is { } next && !SequenceNumber.IsAfter(number, next - 1))
            {
                continue;
            }

            row.NextRequest = number + 1;
            var item = RequestItem.Read(items[(i * RequestItem.SizeBytes)..]);
            row.Requests.Enqueue((number, message.AreGuesses ? item.Below((uint)resource.SymbolsOf(item.BlockNumber)) : item));
        }

        SendStatus(row);
    }

    private void Serve()
    {
        foreach (var row in _rows.Values)
        {
            var budget = row.Resource.Delivery switch
            {
                Delivery.Everything => DropletsAtOnce,
                Delivery.ManifestOnly => DropletsAtOnce,
                Delivery.Trickle when _clock.Elapsed >= row.Due => 1,
                _ => 0,
            };
            var sent = 0;
            while (sent < budget && row.Requests.TryPeek(out var request))
            {
                var (number, item) = request;
                row.AtRequest = number;
                if (row.Offset >= item.Count)
                {
                    row.Requests.Dequeue();
                    row.Offset = 0;
                    row.AtRequest = number + 1;
                    continue;
                }

                if (row.Resource.Delivery == Delivery.ManifestOnly && item.BlockNumber != WireFormat.ManifestBlockNumber)
                {
                    break;
                }

                if (SendDroplet(row, item.BlockNumber, item.EsiAt(row.Offset)))
                {
                    sent++;
                    row.Due = _clock.Elapsed + _tricklePause;
                }

                row.Offset++;
            }

            if (sent > 0)
            {
                SendStatus(row);
            }
        }
    }

    private bool SendDroplet(Row row, uint block, uint esi)
    {
        var length = WireFormat.DropletHeaderBytes + row.Resource.Offer.SymbolSize;
        var datagram = _buffer.AsSpan(0, length);
        if (!row.Resource.TryWrite(block, esi, datagram[WireFormat.DropletHeaderBytes..]))
        {
            return false;
        }

        new DropletMessage
        {
            SubscriptionId = row.SubscriptionId,
            Tag = DropletMessage.TagOf(row.Resource.Offer.Version),
            Sequence = row.Sequence++,
            ServerTime = (uint)(_clock.Elapsed.TotalMicroseconds % (1 << 24)),
            BlockNumber = block,
            Esi = esi,
        }.WriteHeader(datagram);
        Send(row.Peer, length);
        return true;
    }

    private void SendStatus(Row row) => Send(row.Peer, new StatusMessage
    {
        SubscriptionId = row.SubscriptionId,
        Tag = DropletMessage.TagOf(row.Resource.Offer.Version),
        ClientTime = row.Message.ClientTime,
        Number = row.Message.Number,
        NextSequence = row.Sequence,
        Request = row.AtRequest,
        RequestOffset = (ushort)row.Offset,
        IsDry = row.Requests.Count == 0,
        IsComplete = true,
    }.Write(_buffer, []));

    private void Send(SocketAddress to, int length)
    {
        try
        {
            _socket.SendTo(_buffer.AsSpan(0, length), SocketFlags.None, to);
        }
        catch (SocketException)
        {
            // Gone, or the kernel has no room: lost.
        }
    }

    private sealed class Row(SocketAddress peer, uint subscriptionId, FakeResource resource)
    {
        public SocketAddress Peer => peer;

        public uint SubscriptionId => subscriptionId;

        public FakeResource Resource => resource;

        public SubscribeMessage Message { get; set; }

        public Queue<(uint Number, RequestItem Item)> Requests { get; } = new();

        public uint? NextRequest { get; set; }

        public uint AtRequest { get; set; }

        public int Offset { get; set; }

        public uint Sequence { get; set; } = 1000;

        public TimeSpan Due { get; set; }
    }
}
