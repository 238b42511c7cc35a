using System.Collections.Frozen;
using PouringRain.Protocol;
using PouringRain.Protocol.Sealing;

namespace PouringRain.Network;

/// <summary>What all the sockets that share <see cref="SealSettings"/> dropped, and when that was told last: a peer under another secret
/// asks at every port, and is one line in the log. Thread-safe.</summary>
public sealed class SealAccount
{
    private static readonly TimeSpan WarningInterval = TimeSpan.FromMinutes(1);
    private static readonly FrozenDictionary<OpenOutcome, string> Reasons = new Dictionary<OpenOutcome, string>
    {
        [OpenOutcome.NotSealed] = "not-sealed",
        [OpenOutcome.Refused] = "refused",
        [OpenOutcome.Replayed] = "replayed",
        [OpenOutcome.UnknownSender] = "unknown-sender",
        [OpenOutcome.TooManyStrangers] = "too-many-strangers",
        [OpenOutcome.TooManyForgeries] = "too-many-forgeries",
    }.ToFrozenDictionary();

    private readonly long[] _counts = new long[1 + (int)Enum.GetValues<OpenOutcome>().Max()];
    private long _nextWarning = long.MinValue;

    /// <summary>Datagrams dropped so far, by the reason: <c>not-sealed</c>; <c>refused</c>: another secret, or changed on the way;
    /// <c>replayed</c>; <c>unknown-sender</c>: droplets that overtook the datagram that shows their sender; <c>too-many-strangers</c> and
    /// <c>too-many-forgeries</c>: not tried.</summary>
    public IReadOnlyDictionary<string, long> Dropped =>
        Reasons.ToDictionary(reason => reason.Value, reason => Interlocked.Read(ref _counts[(int)reason.Key]));

    /// <summary>Datagrams of which a peer with the right secret sends none.</summary>
    internal long RefusedCount => Count(OpenOutcome.NotSealed) + Count(OpenOutcome.Refused) + Count(OpenOutcome.TooManyStrangers)
        + Count(OpenOutcome.TooManyForgeries);

    /// <summary>Notes a datagram that was not opened.</summary>
    internal void Note(OpenOutcome outcome) => Interlocked.Increment(ref _counts[(int)outcome]);

    /// <summary>Whether it is time to say so again; if so, not for a minute.</summary>
    internal bool TryWarn(Instant now)
    {
        var next = Interlocked.Read(ref _nextWarning);
        return now.Nanoseconds >= next
            && Interlocked.CompareExchange(ref _nextWarning, (now + WarningInterval).Nanoseconds, next) == next;
    }

    private long Count(OpenOutcome outcome) => Interlocked.Read(ref _counts[(int)outcome]);
}
