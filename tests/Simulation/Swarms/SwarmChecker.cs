using System.Buffers.Binary;
using PouringRain.Protocol;

namespace Simulation.Swarms;

/// <summary>Looks at every datagram of a swarm: to addresses that were only named little is sent, and who is honest claims only what it
/// holds.</summary>
public sealed class SwarmChecker
{
    private const int ProbeCountMax = 3, ProbeBytesMax = 134, SealBytes = 51;

    /// <summary>To whom nothing is brought asks again after 1, 2, 4 and 8 s.</summary>
    private const int StarvingProbeCountMax = 5 * ProbeCountMax;

    private static readonly TimeSpan StarvingAfter = TimeSpan.FromSeconds(1), ProbingTime = TimeSpan.FromSeconds(3);

    /// <summary>How long it is remembered that somebody did not answer.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(30);

    private readonly SimWorld _world;
    private readonly IReadOnlyList<TrialNode> _nodes;
    private readonly ICollection<string> _broken;
    private readonly bool _isSealed;
    private readonly Dictionary<(PeerAddress From, PeerAddress To), Queue<Instant>> _probes = [];
    private readonly HashSet<int> _liars;

    /// <summary>When a node last got a droplet, and when it last asked though it had got none for a while.</summary>
    private readonly Dictionary<Bits128, Instant> _fed = [], _starved = [];

    public SwarmChecker(SimWorld world, IReadOnlyList<TrialNode> nodes, HashSet<int> liars, ICollection<string> broken, bool isSealed)
    {
        _world = world;
        _nodes = nodes;
        _liars = liars;
        _broken = broken;
        _isSealed = isSealed;
        world.Network.OnSent = OnSent;
        world.Network.OnDelivered = OnDelivered;
    }

    /// <summary>Datagrams to addresses that nobody has.</summary>
    public int ProbeCount { get; private set; }

    /// <summary>What was sent may wait in the queue of a slow link for seconds, or be lost: who is fed is who got something.</summary>
    private void OnDelivered(PeerAddress from, PeerAddress to, ReadOnlyMemory<byte> datagram)
    {
        // Sealed droplets are compact.
        if (datagram.Span[0] == 0xD2 || WireFormat.Is(datagram.Span, MessageType.Droplet))
        {
            _fed[to.Address] = _world.Now;
        }
    }

    private void OnSent(PeerAddress from, PeerAddress to, ReadOnlyMemory<byte> datagram)
    {
        if (IsNobody(to))
        {
            OnProbe(from, to, datagram.Length);
        }
        else if (!_isSealed && from.Port == 1980)
        {
            CheckClaims(from, datagram.Span);
        }
    }

    private bool IsNobody(PeerAddress peer) =>
        Liar.IsInvented(peer) || (uint)peer.Address.Low - 0x0A00_0001 >= _nodes.Count
        || (peer.Port != 1980 && peer.Port is < 4000 or > 4100);

    private void OnProbe(PeerAddress from, PeerAddress to, int bytes)
    {
        ProbeCount++;
        if (!_probes.TryGetValue((from, to), out var sent))
        {
            _probes.Add((from, to), sent = new Queue<Instant>());
        }

        while (sent.TryPeek(out var oldest) && _world.Now - oldest > Memory)
        {
            sent.Dequeue();
        }

        sent.Enqueue(_world.Now);
        if (_world.Now - _fed.GetValueOrDefault(from.Address) >= StarvingAfter)
        {
            _starved[from.Address] = _world.Now;
        }

        var isStarving = _starved.TryGetValue(from.Address, out var starved) && _world.Now - starved < ProbingTime;
        if (bytes > ProbeBytesMax + (_isSealed ? SealBytes : 0) || sent.Count > (isStarving ? StarvingProbeCountMax : ProbeCountMax))
        {
            Break($"{from} sends {to}, which was only named, {sent.Count} datagrams, the last of {bytes} bytes");
        }

        if (!to.IsUnicast || to.IsLoopback)
        {
            Break($"{from} sends to {to}, which can be nobody's");
        }
    }

    private void CheckClaims(PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        var index = (int)((uint)from.Address.Low - 0x0A00_0001);
        if (index >= _nodes.Count || _liars.Contains(index)
            || !HaveMessage.TryParse(datagram, out var have, out var bitmap, out var arrivals, out _) || !have.IsAddressValidated)
        {
            return;
        }

        var content = _nodes[index].Content;
        for (var i = 0; i < bitmap.Length * 8; i++)
        {
            if ((bitmap[i / 8] & (1 << (i % 8))) != 0 && content?.HasBlock((int)have.FirstBlock + i) != true)
            {
                Break($"{from} claims block {have.FirstBlock + i}, which it does not hold");
            }
        }

        for (var i = 0; i < arrivals.Length; i += 4)
        {
            if (content?.HasBlock(BinaryPrimitives.ReadInt32BigEndian(arrivals[i..])) != true)
            {
                Break($"{from} claims block {BinaryPrimitives.ReadInt32BigEndian(arrivals[i..])}, which it does not hold");
            }
        }

        if (have.IsComplete && content?.IsComplete != true)
        {
            Break($"{from} claims to hold all");
        }
    }

    private void Break(string promise)
    {
        if (_broken.Count < 5)
        {
            _broken.Add(promise);
        }
    }
}
