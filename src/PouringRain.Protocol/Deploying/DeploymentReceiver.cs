namespace PouringRain.Protocol.Deploying;

/// <summary>How a receiver of a deployment stands.</summary>
public enum ReceiverState : byte
{
    /// <summary>Its wave has not begun, or it has not.</summary>
    Waiting,

    /// <summary>It fetches.</summary>
    Receiving,

    /// <summary>It reads back what it has.</summary>
    Verifying,

    /// <summary>It has sent its receipt.</summary>
    Done,

    /// <summary>It cannot have it.</summary>
    Failed,

    /// <summary>It does not answer.</summary>
    Late,
}

/// <summary>A receiver of a deployment.</summary>
public sealed record DeploymentReceiver
{
    /// <summary>Who.</summary>
    public required NodeId Node { get; init; }

    /// <summary>How it stands.</summary>
    public required ReceiverState State { get; init; }

    /// <summary>Source blocks that are there, or were read back.</summary>
    public int Blocks { get; init; }

    /// <summary>Datagrams lost on the way of a million, so far.</summary>
    public int LossPerMillion { get; init; }

    /// <summary>Bytes a second now.</summary>
    public long RateBytesPerSecond { get; init; }

    /// <summary>When it had read back all, milliseconds of Unix time by its clock; null until it is done.</summary>
    public long? ReceiptMs { get; init; }

    /// <summary>Why it failed or waits; a sentence, or nothing.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Whether no more comes of it.</summary>
    public bool IsFinal => State is ReceiverState.Done or ReceiverState.Failed;
}

/// <summary>How a deployment stands.</summary>
public enum DeploymentPhase : byte
{
    /// <summary>It is to begin later.</summary>
    Waiting,

    /// <summary>It goes on.</summary>
    Running,

    /// <summary>Its receivers are told to leave it.</summary>
    Stopping,

    /// <summary>As many as were wanted have it.</summary>
    Completed,

    /// <summary>Too few have it, and more will not.</summary>
    Failed,

    /// <summary>It was stopped.</summary>
    Stopped,
}
