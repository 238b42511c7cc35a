using System.Net;
using System.Net.Sockets;

namespace Benchmarks.Processes;

/// <summary>Ports of loopback that are free for TCP and UDP.</summary>
internal static class Ports
{
    public static int[] Free(int count)
    {
        var sockets = new List<Socket>();
        var ports = new List<int>();
        try
        {
            while (ports.Count < count)
            {
                var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                sockets.AddRange([tcp, udp]);
                tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                var port = ((IPEndPoint)tcp.LocalEndPoint!).Port;
                try
                {
                    udp.Bind(new IPEndPoint(IPAddress.Loopback, port));
                    ports.Add(port);
                }
                catch (SocketException)
                {
                    // Taken for UDP: the next one.
                }
            }
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }

        return [.. ports];
    }
}
