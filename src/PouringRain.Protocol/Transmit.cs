namespace PouringRain.Protocol;

/// <summary>One output of a state machine: bytes written to the caller's buffer, to be sent as one datagram, or as several equal
/// segments (the last may be shorter) in one call where the system can.</summary>
/// <param name="To">The peer.</param>
/// <param name="Length">Bytes written, all segments together.</param>
/// <param name="SegmentSize">Bytes of one datagram; equals <paramref name="Length"/> when it is one.</param>
public readonly record struct Transmit(PeerAddress To, int Length, int SegmentSize);
