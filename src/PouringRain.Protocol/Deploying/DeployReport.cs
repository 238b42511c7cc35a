namespace PouringRain.Protocol.Deploying;

/// <summary>How far a node is with what it was asked to have.</summary>
public enum DeployProgress : byte
{
    /// <summary>It has not begun, or tries again soon.</summary>
    Waiting,

    /// <summary>It fetches.</summary>
    Receiving,

    /// <summary>It has all, and reads it back from the disk.</summary>
    Verifying,

    /// <summary>What was read back is what it should be.</summary>
    Done,

    /// <summary>It cannot have it; the reason says why.</summary>
    Failed,

    /// <summary>It has left it, as it was told to.</summary>
    Stopped,
}

/// <summary>What a node says of what it was asked to have.</summary>
public sealed record DeployReport
{
    /// <summary>The most bytes of <see cref="Reason"/> in UTF-8.</summary>
    public const int ReasonBytesMax = 160;

    /// <summary>How far it is.</summary>
    public required DeployProgress Progress { get; init; }

    /// <summary>Source blocks verified; while it reads back, those that were read back.</summary>
    public int Blocks { get; init; }

    /// <summary>Source blocks in all; 0 while that is not known.</summary>
    public int BlockCount { get; init; }

    /// <summary>Datagrams lost on the way of a million, so far.</summary>
    public int LossPerMillion { get; init; }

    /// <summary>Bytes a second now.</summary>
    public long RateBytesPerSecond { get; init; }

    /// <summary>SHA-256 of the bytes read back, once it is done.</summary>
    public Sha256Digest Receipt { get; init; }

    /// <summary>When they had been read back, milliseconds of Unix time by that node's clock.</summary>
    public long ReceiptMs { get; init; }

    /// <summary>Why it failed, or waits; a sentence, or nothing.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Whether no more comes of it.</summary>
    public bool IsFinal => Progress >= DeployProgress.Done;
}
