using System.Buffers.Binary;
using System.Net.Sockets;

namespace Gateway.Connections;

/// <summary>What the other end of a TCP connection has taken.</summary>
internal static class TcpProgress
{
    private const int Tcp = 6, TcpInfo = 11, NotSentLowAt = 25, BytesAckedOffset = 120;

    /// <summary>Bytes that the other end has acknowledged, by the kernel's account; null where
    /// it keeps none (other systems than Linux).</summary>
    public static long? TryReadAcknowledged(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        try
        {
            Span<byte> info = stackalloc byte[BytesAckedOffset + sizeof(long)];
            return socket.GetRawSocketOption(Tcp, TcpInfo, info) == info.Length
                ? BinaryPrimitives.ReadInt64LittleEndian(info[BytesAckedOffset..])
                : null;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Another kind of socket, or one that is closed already.
            return null;
        }
    }

    /// <summary>Bounds what the system takes from here before it has sent it, where the system can (Linux). What is on its way, which the
    /// path's speed needs, is not bounded.</summary>
    public static void LimitUnsent(Socket socket, int bytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            socket.SetRawSocketOption(Tcp, NotSentLowAt, BitConverter.GetBytes(bytes));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Another kind of socket, or one that is closed already.
        }
    }
}
