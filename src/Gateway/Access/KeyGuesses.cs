using System.Net;
using System.Net.Sockets;
using PouringRain.Protocol;

namespace Gateway.Access;

/// <summary>
/// Wrong keys by address, in IPv6 by network of 64 bits, which is what one has. Each address may be wrong some times in a row, and once a
/// second in the long run (GCRA: all that is kept is when it will have served its time). Bounded: when too many addresses are
/// remembered, those go that have served theirs, or else the one that has least to serve. Thread-safe.
/// </summary>
internal sealed class KeyGuesses(TimeProvider time)
{
    /// <summary>Wrong keys in a row: a page with an old key asks some ten times before its user has seen why.</summary>
    public const int CountMax = 20;

    private const int AddressCountMax = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Bits128, long> _servedAt = [];

    private long Interval => time.TimestampFrequency;

    /// <summary>How many addresses are remembered.</summary>
    public int AddressCount
    {
        get
        {
            lock (_gate)
            {
                return _servedAt.Count;
            }
        }
    }

    /// <summary>How long no key of an address is looked at; null when the next one is.</summary>
    public TimeSpan? WaitOf(IPAddress? address)
    {
        lock (_gate)
        {
            if (!_servedAt.TryGetValue(KeyOf(address), out var servedAt))
            {
                return null;
            }

            var wait = servedAt - time.GetTimestamp() - ((CountMax - 1) * Interval);
            return wait > 0 ? TimeSpan.FromSeconds((double)wait / time.TimestampFrequency) : null;
        }
    }

    /// <summary>An address gave a wrong key.</summary>
    public void NoteWrong(IPAddress? address)
    {
        var key = KeyOf(address);
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (!_servedAt.TryGetValue(key, out var servedAt) && _servedAt.Count >= AddressCountMax)
            {
                MakeRoom(now);
            }

            _servedAt[key] = Math.Max(servedAt, now) + Interval;
        }
    }

    private void MakeRoom(long now)
    {
        foreach (var (address, servedAt) in _servedAt)
        {
            if (servedAt <= now)
            {
                _servedAt.Remove(address);
            }
        }

        if (_servedAt.Count >= AddressCountMax)
        {
            _servedAt.Remove(_servedAt.MinBy(one => one.Value).Key);
        }
    }

    private static Bits128 KeyOf(IPAddress? address)
    {
        if (address is null)
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[16];
        var isNetwork = address.AddressFamily == AddressFamily.InterNetworkV6 && !address.IsIPv4MappedToIPv6;
        (isNetwork ? address : address.MapToIPv6()).TryWriteBytes(bytes, out _);
        var number = Bits128.Read(bytes);
        return isNetwork ? number with { Low = 0 } : number;
    }
}
