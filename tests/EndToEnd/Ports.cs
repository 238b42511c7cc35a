using System.Net;
using System.Net.Sockets;

namespace EndToEnd;

/// <summary>Ports of loopback for processes that are yet to be started. They lie below those that the system gives to sockets without a
/// port of their own, and none is given out twice: nobody takes one between its choice and the start.</summary>
internal static class Ports
{
    /// <summary>Linux gives out those from 32768 on, unless it is told otherwise; few programs listen between these.</summary>
    private const int First = 12_000, End = 32_000;

    private static readonly HashSet<int> Given = [];

    /// <summary>Ports that are free, for TCP and for UDP.</summary>
    public static int[] Take(int count)
    {
        var ports = new List<int>();
        lock (Given)
        {
            while (ports.Count < count)
            {
                var port = Random.Shared.Next(First, End);
                if (!Given.Contains(port) && IsFree(port))
                {
                    Given.Add(port);
                    ports.Add(port);
                }
            }
        }

        return [.. ports];
    }

    private static bool IsFree(int port)
    {
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            tcp.Bind(new IPEndPoint(IPAddress.Loopback, port));
            udp.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
