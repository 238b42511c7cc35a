using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>Takes or gives one datagram.</summary>
internal delegate void DatagramAction(PeerAddress peer, ReadOnlySpan<byte> datagram);

/// <summary>Loses, doubles and holds back datagrams on their way in one direction, as <see cref="DatagramFaults"/> says. What is held
/// back follows one to eight later datagrams, or ten milliseconds when no more come.</summary>
internal sealed class FaultInjector
{
    private const int OvertakenMax = 8;
    private static readonly TimeSpan HeldMax = TimeSpan.FromMilliseconds(10);
    private readonly DatagramFaults _faults;
    private readonly DatagramAction _deliver;
    private readonly List<Held> _held = [];
    private ulong _state;

    public FaultInjector(DatagramFaults faults, ulong direction, DatagramAction deliver)
    {
        _faults = faults;
        _deliver = deliver;
        _state = faults.Seed ^ (direction * 0xD1B5_4A32_D192_ED03);
    }

    /// <summary>When <see cref="Release"/> has something to do though no datagram came.</summary>
    public Instant NextTimeout { get; private set; } = Instant.Never;

    /// <summary>Passes one datagram on: never, once, twice or later.</summary>
    public void Pass(Instant now, PeerAddress peer, ReadOnlySpan<byte> datagram)
    {
        if (Draw() >= _faults.Loss)
        {
            PassOnce(now, peer, datagram);
            if (Draw() < _faults.Duplicate)
            {
                PassOnce(now, peer, datagram);
            }
        }

        foreach (var held in _held)
        {
            held.Overtaken++;
        }

        Release(now);
    }

    /// <summary>Passes on what was held back long enough.</summary>
    public void Release(Instant now)
    {
        NextTimeout = Instant.Never;
        for (var i = 0; i < _held.Count;)
        {
            var held = _held[i];
            if (held.Overtaken < held.OvertakenMax && held.Until > now)
            {
                NextTimeout = Instant.Min(NextTimeout, held.Until);
                i++;
                continue;
            }

            _held.RemoveAt(i);
            _deliver(held.Peer, held.Datagram);
        }
    }

    private void PassOnce(Instant now, PeerAddress peer, ReadOnlySpan<byte> datagram)
    {
        if (Draw() < _faults.Reorder)
        {
            // One more than is drawn: the datagram itself counts as the first that passes.
            _held.Add(new Held(peer, datagram.ToArray(), 2 + (int)(Draw() * OvertakenMax), now + HeldMax));
        }
        else
        {
            _deliver(peer, datagram);
        }
    }

    // SplitMix64 (Steele, Lea and Flood, 2014), as a number in [0, 1).
    private double Draw()
    {
        var z = _state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }

    private sealed class Held(PeerAddress peer, byte[] datagram, int overtakenMax, Instant until)
    {
        public PeerAddress Peer { get; } = peer;

        public byte[] Datagram { get; } = datagram;

        public int OvertakenMax { get; } = overtakenMax;

        public Instant Until { get; } = until;

        public int Overtaken { get; set; }
    }
}
