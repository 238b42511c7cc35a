using System.Net;
using OldBroadband;
using PouringRain.Protocol.Broadband;

namespace PouringRain.Protocol.Tests.Broadband;

/// <summary>A network of virtual time with one server, old or ours, and clients of both kinds: every datagram takes half a millisecond,
/// and each client loses its own.</summary>
internal sealed class BroadbandScene
{
    public const long RateBytesPerSecond = 6_250_000;
    public static readonly PeerAddress Group = PeerAddress.From(IPEndPoint.Parse("10.1.255.255:7855"));
    public static readonly PeerAddress ServerAddress = PeerAddress.From(IPEndPoint.Parse("10.1.0.1:7854"));
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(0.5);

    private readonly PriorityQueue<Action, (Instant, long)> _events = new();
    private readonly List<Client> _clients = [];
    private readonly byte[] _buffer = new byte[65_536];
    private readonly Random _random;
    private readonly double _loss;
    private OldBroadbandServer? _oldServer;
    private Instant _scheduled = Instant.Never;
    private long _eventCount;

    public BroadbandScene(int seed, int imageBytes, double loss)
    {
        _random = new Random(seed);
        _loss = loss;
        Image = new byte[imageBytes];
        _random.NextBytes(Image);
    }

    public byte[] Image { get; }

    public Instant Now { get; private set; } = new(1);

    public BroadbandServer? Server { get; private set; }

    public IReadOnlyList<Client> Clients => _clients;

    /// <summary>Datagrams of the server: when, to whom, and their lengths.</summary>
    public List<(Instant At, PeerAddress To, int Length)> Sent { get; } = [];

    public long SentBytes => Sent.Sum(one => (long)one.Length + 28);

    /// <summary>How long the image takes at the rate, headers not counted.</summary>
    public TimeSpan Ideal => TimeSpan.FromSeconds((double)Image.Length / RateBytesPerSecond);

    public BroadbandScene WithServer(Func<BroadbandServerOptions, BroadbandServerOptions>? change = null)
    {
        var options = new BroadbandServerOptions
        {
            Group = Group,
            Allowed = [IPNetwork.Parse("10.1.0.0/16")],
            RateBytesPerSecond = RateBytesPerSecond,
        };
        Server = new BroadbandServer(change?.Invoke(options) ?? options, new MemorySource(Image), Now);
        Schedule();
        return this;
    }

    /// <summary>A server of old, behind a card that sends at the rate.</summary>
    public BroadbandScene WithOldServer()
    {
        _oldServer = new OldBroadbandServer(Image, datagram => Send(Group, datagram));
        StepOld();
        return this;
    }

    public Client AddClient(bool isOld, TimeSpan after = default, double? loss = null)
    {
        var address = PeerAddress.From(IPEndPoint.Parse($"10.1.1.{_clients.Count + 1}:7855"));
        var client = new Client { Address = address, Loss = loss ?? _loss };
        _clients.Add(client);
        At(Now + after, () =>
        {
            client.Old = isOld ? new OldBroadbandClient(nack => SendNack(address, nack)) : null;
            client.Ours = isOld ? null : new BroadbandClient(new BroadbandClientOptions { Server = ServerAddress });
        });
        return client;
    }

    /// <summary>Has anybody send something to the server.</summary>
    public void SendNack(PeerAddress from, byte[] nack) => At(Now + Latency, () =>
    {
        if (_random.NextDouble() < _loss)
        {
            return;
        }

        _oldServer?.Take(nack);
        Server?.Handle(Now, from, nack);
        Drive();
    });

    public void At(Instant when, Action action) => _events.Enqueue(action, (when, _eventCount++));

    public bool AreDone() => _clients.All(client => client.EndedAt is not null);

    /// <summary>Lets time pass until a condition holds; false when it did not in time.</summary>
    public bool RunUntil(Func<bool> condition, TimeSpan atMost)
    {
        var end = Now + atMost;
        while (!condition())
        {
            if (!_events.TryDequeue(out var action, out var when) || when.Item1 > end)
            {
                return false;
            }

            Now = when.Item1;
            action();
        }

        return true;
    }

    private void StepOld()
    {
        _oldServer!.Step();
        At(Now + TimeSpan.FromSeconds((double)(Sent[^1].Length + 28) / RateBytesPerSecond), StepOld);
    }

    private void Drive()
    {
        while (Server?.TryPollTransmit(Now, _buffer, out var transmit) == true)
        {
            for (var at = 0; at < transmit.Length; at += transmit.SegmentSize)
            {
                Send(transmit.To, _buffer[at..Math.Min(at + transmit.SegmentSize, transmit.Length)]);
            }
        }

        Schedule();
    }

    private void Schedule()
    {
        var next = Server?.NextTimeout ?? Instant.Never;
        if (next == Instant.Never || (next >= _scheduled && _scheduled > Now))
        {
            return;
        }

        _scheduled = Instant.Max(next, Now);
        At(_scheduled, Drive);
    }

    private void Send(PeerAddress to, byte[] datagram)
    {
        Sent.Add((Now, to, datagram.Length));
        foreach (var client in _clients)
        {
            if ((to == Group || to == client.Address) && _random.NextDouble() >= client.Loss)
            {
                At(Now + Latency, () => client.Take(this, datagram));
            }
        }
    }

    internal sealed class Client
    {
        private readonly List<byte> _output = [];

        public required PeerAddress Address { get; init; }

        public required double Loss { get; init; }

        public OldBroadbandClient? Old { get; set; }

        public BroadbandClient? Ours { get; set; }

        public Instant? EndedAt { get; private set; }

        public byte[] Output => Old?.Output ?? [.. _output];

        public void Take(BroadbandScene scene, byte[] datagram)
        {
            Old?.Take(datagram);
            if (Ours is not null)
            {
                _output.AddRange(Ours.Handle(scene.Now, ServerAddress, datagram));
                DriveOurs(scene);
            }

            if (EndedAt is null && (Old?.HasEnded ?? Ours?.IsComplete) == true)
            {
                EndedAt = scene.Now;
            }
        }

        private void DriveOurs(BroadbandScene scene)
        {
            var nack = new byte[8];
            while (Ours!.TryPollTransmit(scene.Now, nack, out _))
            {
                scene.SendNack(Address, [.. nack]);
            }

            if (Ours.NextTimeout is var next && next != Instant.Never && next > scene.Now)
            {
                scene.At(next, () =>
                {
                    if (Ours.NextTimeout == scene.Now)
                    {
                        DriveOurs(scene);
                    }
                });
            }
        }
    }

    private sealed class MemorySource(byte[] bytes) : IByteSource
    {
        public long Length => bytes.Length;

        public void Read(long offset, Span<byte> destination) => bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }
}
