namespace MurkyWaters;

/// <summary>How long a resource stays here.</summary>
public enum Retention
{
    /// <summary>It came by PUT, or because a node propagated it: until it is deleted.</summary>
    Kept,

    /// <summary>It was fetched for a reader, and may be evicted.</summary>
    Cached,
}
