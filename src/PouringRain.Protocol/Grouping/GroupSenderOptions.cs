namespace PouringRain.Protocol.Grouping;

/// <summary>Where, how fast and how long a <see cref="GroupSender"/> rains.</summary>
public sealed record GroupSenderOptions
{
    private readonly int _frameBytes;

    /// <summary>Where it rains: a group, a broadcast address, or one host.</summary>
    public required PeerAddress Group { get; init; }

    /// <summary>Bits a second on the wire, all headers counted, so that a link of that rate never builds a queue; at least 1.</summary>
    public required long RateBitsPerSecond { get; init; }

    /// <summary>Whether that is the most only, and the rate follows what most receivers get.</summary>
    public bool IsRateAutomatic { get; init; }

    /// <summary>Key of the address tokens, 32 random bytes.</summary>
    public required ReadOnlyMemory<byte> TokenKey { get; init; }

    /// <summary>Bytes of headers that a datagram has on the wire; by default those of Ethernet, IP and UDP: 42 over IPv4, 62 over
    /// IPv6.</summary>
    public int FrameBytes
    {
        get => _frameBytes > 0 ? _frameBytes : Group.IsIPv4 ? 42 : 62;
        init => _frameBytes = value;
    }

    /// <summary>Whether datagrams are sealed on their way out, which the rate then counts.</summary>
    public bool IsSealed { get; init; }

    /// <summary>The port at the sender's address where an ordinary rain server has the same version; 0 when there is none, and receivers
    /// that lack something can only wait for another round.</summary>
    public ushort RainPort { get; init; }

    /// <summary>How many receivers it waits for before it begins; 0 to begin at once.</summary>
    public int WaitForReceivers { get; init; }

    /// <summary>After how long it begins all the same.</summary>
    public TimeSpan WaitAtMost { get; init; } = TimeSpan.FromDays(1);

    /// <summary>With fewer receivers it does not begin, and ends.</summary>
    public int ReceiversAtLeast { get; init; }

    /// <summary>How many receipts are enough; 0 for those of all that announced themselves.</summary>
    public int Quorum { get; init; }

    /// <summary>How often it goes through the blocks at most: all of them at first, then those that somebody lacks; 0 for as long as
    /// somebody does, or more than one in twenty where there is a rain server for the others.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>Bytes of blocks in which the rain is interleaved and repaired; receivers must hold as much. At least two blocks.</summary>
    public long WindowBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>How many symbols of a block feedback makes it rain at most in addition, as a share of the block's.</summary>
    public double RepairShareMax { get; init; } = 0.5;

    /// <summary>The most receivers that it keeps account of; it rains for others as well, and knows nothing of them.</summary>
    public int ReceiverCountMax { get; init; } = 10_000;

    /// <summary>How long it waits after the last round for receipts, when nothing is heard of those that still lack something.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes that each droplet is taken to have beyond its own: a simulation of very many receivers rains short symbols at the
    /// pace of long ones.</summary>
    internal int DropletBytesMore { get; init; }
}
