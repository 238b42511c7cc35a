namespace PouringRain.Protocol.Broadband;

/// <summary>What a <see cref="BroadbandServer"/> has done.</summary>
/// <param name="Phase">What it does now.</param>
/// <param name="Position">Bytes of the stream that the group was sent, in the running round.</param>
/// <param name="Round">Counted from 1.</param>
/// <param name="SentBytes">Bytes of all datagrams, the headers of IP and UDP counted.</param>
/// <param name="RepairedBytes">Bytes of the stream that were sent to one client alone.</param>
/// <param name="ClientCount">Clients that were heard.</param>
/// <param name="WaitingCount">Clients of these that asked within the last seconds.</param>
/// <param name="RewindCount">Times that a client's repair began.</param>
/// <param name="IgnoredCount">Datagrams that were none of the format, out of bounds, or not allowed.</param>
public sealed record BroadbandServerFigures(
    BroadbandPhase Phase, long Position, int Round, long SentBytes, long RepairedBytes, int ClientCount, int WaitingCount, long RewindCount,
    long IgnoredCount);
