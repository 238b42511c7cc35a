namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>What is said of an entry with single bits; others are refused.</summary>
[Flags]
internal enum ToldFlags : byte
{
    None = 0,

    /// <summary>The copy counts as a replica.</summary>
    Kept = 1,

    /// <summary>It is a tombstone.</summary>
    Deleted = 2,

    /// <summary>It may be of what was deleted so long ago that others have forgotten it.</summary>
    InDoubt = 4,

    /// <summary>Who tells it has just made it, so that getting it is no repair.</summary>
    Fresh = 8,

    All = Kept | Deleted | InDoubt | Fresh,
}
