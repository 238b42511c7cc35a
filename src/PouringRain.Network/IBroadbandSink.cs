namespace PouringRain.Network;

/// <summary>Takes a stream as it comes.</summary>
public interface IBroadbandSink
{
    /// <summary>Takes what follows. It may wait: what comes meanwhile is asked for again.</summary>
    void Append(ReadOnlySpan<byte> bytes);
}
