namespace MurkyWaters.Servers;

/// <summary>What is known of a server; in JSON and in metrics the same words in camel case.</summary>
internal enum ServerState
{
    /// <summary>It was not asked yet.</summary>
    Unknown,

    /// <summary>It answered.</summary>
    Up,

    /// <summary>It did not answer, or fell silent.</summary>
    Silent,

    /// <summary>It was overloaded.</summary>
    Busy,

    /// <summary>It had another version than the one wanted.</summary>
    Stale,

    /// <summary>It rained wrong bytes.</summary>
    Lied,

    /// <summary>It answered, and brought next to nothing of what it was asked for.</summary>
    Withholding,

    /// <summary>Its name leads to no address.</summary>
    Unresolvable,
}
