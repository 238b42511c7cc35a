namespace PouringRain.Protocol.Archiving;

/// <summary>What a node is asked to do with the pieces of a resource.</summary>
public enum ArchiveVerb : byte
{
    /// <summary>Say what is there.</summary>
    Look,

    /// <summary>Let the pieces rain, made of the whole that is there.</summary>
    Mint,

    /// <summary>Let them rain no more.</summary>
    Unmint,

    /// <summary>Have and keep a piece: fetched, or made of others.</summary>
    Take,

    /// <summary>Keep of the resource what it is, and no bytes of it beside pieces.</summary>
    Shrink,

    /// <summary>Have and keep the whole, made of pieces.</summary>
    Restore,

    /// <summary>Have no pieces any more, nor what the resource is if its bytes are not there.</summary>
    Drop,

    /// <summary>Have a piece no more: another node has it too.</summary>
    Leave,
}

/// <summary>An order about one version in one coding. The same may come again and again, and is obeyed once.</summary>
public sealed record ArchiveOrder
{
    /// <summary>Drawn for each question: the answers to it are one.</summary>
    public required ulong Serial { get; init; }

    /// <summary>What is to be done.</summary>
    public required ArchiveVerb Verb { get; init; }

    /// <summary>The resource.</summary>
    public required ResourceId Resource { get; init; }

    /// <summary>The version of it, and no other.</summary>
    public required Sha256Digest Version { get; init; }

    /// <summary>The coding's name: 1 to <see cref="Manifest.CodeBytesMax"/> visible ASCII characters.</summary>
    public required string Coding { get; init; }

    /// <summary>Which piece, 0 to 31, where it is about one.</summary>
    public int Index { get; init; }

    /// <summary>Which version that piece was before it was lost, as far as who asks has noted; null when that is not known.</summary>
    public Sha256Digest? Piece { get; init; }
}

/// <summary>How far a node is.</summary>
public enum ArchiveProgress : byte
{
    /// <summary>Nothing is to be done.</summary>
    Done,

    /// <summary>It is at it.</summary>
    Working,

    /// <summary>It could not; the reason says why. Asked once more it tries once more.</summary>
    Failed,
}

/// <summary>What a node has of a version, and how far it is with what it was asked.</summary>
public sealed record ArchiveReport
{
    /// <summary>The most bytes of <see cref="Reason"/> in UTF-8.</summary>
    public const int ReasonBytesMax = 160;

    /// <summary>How far it is.</summary>
    public ArchiveProgress Progress { get; init; }

    /// <summary>Whether the bytes are there, whole.</summary>
    public bool HasWhole { get; init; }

    /// <summary>Whether it knows the version as one in pieces.</summary>
    public bool IsInPieces { get; init; }

    /// <summary>Whether the pieces rain, made of the whole.</summary>
    public bool IsMinted { get; init; }

    /// <summary>The pieces that it keeps: bit i stands for piece i.</summary>
    public uint Pieces { get; init; }

    /// <summary>Bytes that were done of what was asked.</summary>
    public long Bytes { get; init; }

    /// <summary>Why it failed; a sentence, or nothing.</summary>
    public string Reason { get; init; } = "";
}
