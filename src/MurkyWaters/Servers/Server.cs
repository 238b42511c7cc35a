using MurkyWaters.Fetching;
using PouringRain.Protocol;

namespace MurkyWaters.Servers;

/// <summary>One server known, and what was learnt of it. Fields change under the table's lock.</summary>
internal sealed class Server(ServerName name, ServerOrigin origin)
{
    public ServerName Name { get; } = name;

    public ServerOrigin Origin { get; set; } = origin;

    /// <summary>Null until its name is resolved.</summary>
    public PeerAddress? Address { get; set; }

    public bool IsUnresolvable { get; set; }

    public ServerState State { get; set; }

    public TimeSpan RoundTrip { get; set; }

    public long RateBytesPerSecond { get; set; }

    public double Loss { get; set; }

    public DateTimeOffset? LastSeen { get; set; }

    /// <summary>Whether it ever answered.</summary>
    public bool HasAnswered { get; set; }

    /// <summary>How often in a row it did not answer.</summary>
    public int SilentCount { get; set; }

    /// <summary>When the first of those times was.</summary>
    public DateTimeOffset SilentSince { get; set; }

    /// <summary>Until when a lie is what is said of it, whatever else it does.</summary>
    public DateTimeOffset LiedUntil { get; set; }

    public ServerSnapshot ToSnapshot(DateTimeOffset now, bool isOwn) => new(
        Name.ToString(),
        StateNames.Of(Origin),
        StateNames.Of(IsUnresolvable ? ServerState.Unresolvable : now < LiedUntil ? ServerState.Lied : State),
        RoundTrip > TimeSpan.Zero ? RoundTrip.TotalMilliseconds : null,
        RateBytesPerSecond,
        Loss,
        LastSeen,
        isOwn);
}
