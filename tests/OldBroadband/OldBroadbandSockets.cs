using System.Net;
using System.Net.Sockets;

namespace OldBroadband;

/// <summary>Server and client on real sockets of this machine, at their own ports; each loses some of what comes to it.</summary>
internal static class OldBroadbandSockets
{
    private const int ServerPort = 7854, ClientPort = 7855;
    private static readonly TimeSpan ServerPause = TimeSpan.FromMilliseconds(1);

    /// <summary>Streams until it is cancelled: ten datagrams a millisecond at the most.</summary>
    public static async Task ServeAsync(byte[] image, IPAddress broadcast, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { EnableBroadcast = true };
        socket.Bind(new IPEndPoint(IPAddress.Any, ServerPort));
        var to = new IPEndPoint(broadcast, ClientPort);
        var server = new OldBroadbandServer(image, datagram => socket.SendTo(datagram, to));
        var buffer = new byte[2048];
        while (!cancellationToken.IsCancellationRequested)
        {
            for (var i = 0; i < 10; i++)
            {
                while (socket.Available > 0)
                {
                    server.Take(buffer.AsSpan(0, socket.Receive(buffer)));
                }

                server.Step();
            }

            await Task.Delay(ServerPause, CancellationToken.None);
        }
    }

    /// <summary>Takes what comes, to the end.</summary>
    /// <param name="server">Where the server is.</param>
    /// <param name="loss">The share of what comes that is lost, 0 to 1.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<byte[]> ReceiveAsync(IPAddress server, double loss, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4_000_000 };
        socket.Bind(new IPEndPoint(IPAddress.Any, ClientPort));
        var random = new Random(5);
        var client = new OldBroadbandClient(nack => socket.SendTo(nack, new IPEndPoint(server, ServerPort)));
        var buffer = new byte[2048];
        while (!client.HasEnded)
        {
            var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), cancellationToken);
            if (random.NextDouble() >= loss)
            {
                client.Take(buffer.AsSpan(0, received.ReceivedBytes));
            }
        }

        return client.Output;
    }
}
