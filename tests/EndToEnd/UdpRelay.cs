using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace EndToEnd;

/// <summary>Forwards datagrams between one client and one server on loopback, both ways, and keeps a copy of each.</summary>
internal sealed class UdpRelay : IAsyncDisposable
{
    private readonly Socket _front = Open();
    private readonly Socket _back = Open();
    private readonly IPEndPoint _server;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private volatile IPEndPoint? _client;

    public UdpRelay(int serverPort)
    {
        _server = new IPEndPoint(IPAddress.Loopback, serverPort);
        _running = Task.WhenAll(
            ForwardAsync(_front, _back, ToServer, from =>
            {
                _client = from;
                return _server;
            }),
            ForwardAsync(_back, _front, ToClient, _ => _client));
    }

    /// <summary>Where the client is to send.</summary>
    public int Port => ((IPEndPoint)_front.LocalEndPoint!).Port;

    /// <summary>Every datagram of the client.</summary>
    public ConcurrentQueue<byte[]> ToServer { get; } = new();

    /// <summary>Every datagram of the server.</summary>
    public ConcurrentQueue<byte[]> ToClient { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _front.Dispose();
        _back.Dispose();
        _stopping.Dispose();
    }

    private static Socket Open()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 * 1024 * 1024 };
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private async Task ForwardAsync(Socket from, Socket to, ConcurrentQueue<byte[]> captured, Func<IPEndPoint, IPEndPoint?> receiverOf)
    {
        var buffer = new byte[65_536];
        while (true)
        {
            SocketReceiveFromResult received;
            try
            {
                received = await from.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            var datagram = buffer.AsSpan(0, received.ReceivedBytes).ToArray();
            captured.Enqueue(datagram);
            if (receiverOf((IPEndPoint)received.RemoteEndPoint) is { } receiver)
            {
                await to.SendToAsync(datagram, SocketFlags.None, receiver);
            }
        }
    }
}
