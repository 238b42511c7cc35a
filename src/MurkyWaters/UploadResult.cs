namespace MurkyWaters;

/// <summary>The end of an upload.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Resource">What is stored now, when something is.</param>
public sealed record UploadResult(UploadOutcome Outcome, StoredResource? Resource);

/// <summary>How an upload ended.</summary>
public enum UploadOutcome
{
    /// <summary>The resource is new.</summary>
    Created,

    /// <summary>A new version took the place of another.</summary>
    Replaced,

    /// <summary>The same bytes were there; no new version.</summary>
    Unchanged,

    /// <summary>The bytes do not have the announced digest; nothing was stored.</summary>
    DigestMismatch,

    /// <summary>Fewer or more bytes came than announced; nothing was stored.</summary>
    LengthMismatch,

    /// <summary>The precondition failed at the commit; nothing was stored.</summary>
    PreconditionFailed,

    /// <summary>Another name has the same id, and has it first; nothing was stored.</summary>
    NameTaken,

    /// <summary>The version there is, or its deletion, has the last stamp that a version can have; nothing was stored.</summary>
    NoLaterVersion,

    /// <summary>More bytes came than a manifest can describe in blocks of this size; nothing was stored.</summary>
    TooLong,
}
