namespace PouringRain.Protocol.Classic;

/// <summary>
/// What wire format 1 sends to one address, all ports and all servers that share the budget together. The format checks no sender, so that
/// whoever forges an address turns the rain on it: it gets no more than an original client needs, one resource with what the code takes
/// beside it, and what is spent comes back slowly. Thread-safe.
/// </summary>
public sealed class ClassicBudget
{
    /// <summary>Droplets that an original client needs of one resource: decodings take 91 on average and 140 at worst, and the last few
    /// come as what is spent comes back.</summary>
    public const int DropletsPerResource = 128;

    /// <summary>Addresses whose spending is remembered; others are not answered until one of them has its whole budget again.</summary>
    public const int AddressCountMax = 4096;

    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();

    // When all that an address spent has come back, as in a generic cell rate algorithm: what is spent is told by how far off that is.
    private readonly Dictionary<Bits128, Instant> _wholeAt = [];
    private Instant _sweepAt;

    /// <summary>Makes a budget.</summary>
    /// <param name="bytesPerAddress">What an address gets at once: by default the longest
    /// resource and what the code takes beside it.</param>
    /// <param name="refillBytesPerSecond">What comes back a second: by default so much that a client, which gives up after a second of
    /// silence, hears two of the largest droplets in that time.</param>
    public ClassicBudget(
        long bytesPerAddress = (long)DropletsPerResource * (ClassicFormat.DropletHeaderBytes + ClassicFormat.SymbolSizeMax),
        long refillBytesPerSecond = 2 * (ClassicFormat.DropletHeaderBytes + ClassicFormat.SymbolSizeMax))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesPerAddress, ClassicFormat.DropletHeaderBytes + ClassicFormat.SymbolSizeMax);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(refillBytesPerSecond);
        BytesPerAddress = bytesPerAddress;
        RefillBytesPerSecond = refillBytesPerSecond;
    }

    /// <summary>Bytes of datagrams that an address gets at once.</summary>
    public long BytesPerAddress { get; }

    /// <summary>Bytes of what was spent that come back a second.</summary>
    public long RefillBytesPerSecond { get; }

    /// <summary>Addresses whose spending is remembered now, at most <see cref="AddressCountMax"/>.</summary>
    public int AddressCount
    {
        get
        {
            lock (_gate)
            {
                return _wholeAt.Count;
            }
        }
    }

    /// <summary>Spends bytes on a peer's address, or says when there may be enough.</summary>
    /// <param name="now">The time.</param>
    /// <param name="peer">Whose address; of IPv6 the first 64 bits, since a host may have all addresses that begin so.</param>
    /// <param name="bytes">Bytes of a datagram.</param>
    /// <param name="availableAt">When to try again.</param>
    public bool TrySpend(Instant now, PeerAddress peer, int bytes, out Instant availableAt)
    {
        var address = peer.Network;
        lock (_gate)
        {
            if (!_wholeAt.TryGetValue(address, out var wholeAt) && _wholeAt.Count >= AddressCountMax && !TrySweep(now))
            {
                availableAt = now + SweepInterval;
                return false;
            }

            wholeAt = Instant.Max(wholeAt, now) + TimeOf(bytes);
            availableAt = wholeAt - TimeOf(BytesPerAddress);
            if (availableAt > now)
            {
                return false;
            }

            _wholeAt[address] = wholeAt;
            return true;
        }
    }

    private TimeSpan TimeOf(long bytes) => TimeSpan.FromSeconds((double)bytes / RefillBytesPerSecond);

    private bool TrySweep(Instant now)
    {
        if (now < _sweepAt)
        {
            return false;
        }

        _sweepAt = now + SweepInterval;
        foreach (var (address, wholeAt) in _wholeAt)
        {
            if (wholeAt <= now)
            {
                _wholeAt.Remove(address);
            }
        }

        return _wholeAt.Count < AddressCountMax;
    }
}
