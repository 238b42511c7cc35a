using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>How a resource is to be found.</summary>
public sealed record OpenOptions
{
    /// <summary>Where to look.</summary>
    public OpenSource Source { get; init; }

    /// <summary>First byte wanted soon; more can be demanded by reading.</summary>
    public long DemandOffset { get; init; }

    /// <summary>Bytes wanted soon; 0 for the manifest only.</summary>
    public long DemandLength { get; init; } = long.MaxValue;

    /// <summary>For whom, as of <see cref="PouringRain.Protocol.PeerAddress.Network"/>: fetches are shared out by it.</summary>
    public Bits128 Network { get; init; }
}

/// <summary>Where to look for a resource.</summary>
public enum OpenSource
{
    /// <summary>Here, then in the rain.</summary>
    Any,

    /// <summary>Only here.</summary>
    LocalOnly,

    /// <summary>In the rain, even if it is here.</summary>
    RainOnly,
}
