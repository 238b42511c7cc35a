namespace PouringRain.Protocol.Broadband;

/// <summary>What a <see cref="BroadbandServer"/> does.</summary>
public enum BroadbandPhase
{
    /// <summary>It waits for clients, which it makes show themselves.</summary>
    Waiting,

    /// <summary>It streams.</summary>
    Streaming,

    /// <summary>The stream is at its end: END is repeated, and who asks is repaired.</summary>
    Ending,

    /// <summary>Nobody asks any more.</summary>
    Done,
}
