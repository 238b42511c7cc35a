namespace PouringRain.Protocol.Grouping;

/// <summary>How datagrams of group rain are told from others that one socket takes.</summary>
public static class GroupFormat
{
    /// <summary>Whether a datagram is a message of group rain, for a <see cref="GroupSender"/> or a <see cref="GroupReceiver"/>. The
    /// droplets of a group are those of any rain, under the stream's id where others have that of a subscription.</summary>
    public static bool IsGroupMessage(ReadOnlySpan<byte> datagram) => WireFormat.Is(datagram, MessageType.Group);
}
