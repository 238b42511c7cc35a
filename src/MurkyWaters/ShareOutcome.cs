namespace MurkyWaters;

/// <summary>What a link's token is worth.</summary>
public enum ShareOutcome
{
    /// <summary>Nothing: nobody's, or revoked.</summary>
    Unknown,

    /// <summary>It may be read.</summary>
    Open,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>It was for one download, which has been.</summary>
    Spent,

    /// <summary>Another node knows.</summary>
    Elsewhere,
}
