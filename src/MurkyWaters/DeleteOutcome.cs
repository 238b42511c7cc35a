namespace MurkyWaters;

/// <summary>How a deletion ended.</summary>
public enum DeleteOutcome
{
    /// <summary>A tombstone is stored and on its way to the other nodes.</summary>
    Deleted,

    /// <summary>There was nothing to delete, here or elsewhere, or nobody could say.</summary>
    NotFound,

    /// <summary>The precondition failed.</summary>
    PreconditionFailed,

    /// <summary>No tombstone can follow the version that there is: it was stamped by a clock that is too far ahead.</summary>
    NoLaterVersion,
}
