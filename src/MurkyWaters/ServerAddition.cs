namespace MurkyWaters;

/// <summary>What came of naming a server.</summary>
public enum ServerAddition
{
    /// <summary>It is asked from now on.</summary>
    Added,

    /// <summary>It was among them.</summary>
    Known,

    /// <summary>As many were added as may be.</summary>
    Full,
}
