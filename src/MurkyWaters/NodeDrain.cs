namespace MurkyWaters;

/// <summary>How far a node is with giving away what it keeps.</summary>
/// <param name="IsDone">Whether nothing is left: it may be switched off.</param>
/// <param name="ResourcesLeft">Resources that are left; null while that is not known.</param>
/// <param name="BytesLeft">Their bytes; null while that is not known.</param>
/// <param name="RateBytesPerSecond">Bytes a second that go.</param>
/// <param name="EtaSeconds">When all will be gone at this pace, in seconds; null while nothing moves.</param>
public sealed record NodeDrain(bool IsDone, long? ResourcesLeft, long? BytesLeft, long RateBytesPerSecond, double? EtaSeconds)
{
    /// <summary>By what the node says.</summary>
    internal static NodeDrain Of(PouringRain.Protocol.Cluster.NodeStatus status)
    {
        // Before it has begun, and until it has looked through all, what is left is not known.
        if (!status.IsDraining || status.Replication is not { } keeping || (!keeping.IsSettled && keeping.Strays == 0))
        {
            return new NodeDrain(false, null, null, 0, null);
        }

        var rate = keeping.StrayRateBytesPerSecond;
        return new NodeDrain(
            status.HasGivenAway, keeping.Strays, keeping.StrayBytes, rate,
            keeping.StrayBytes == 0 ? 0 : rate > 0 ? (double)keeping.StrayBytes / rate : null);
    }
}
