using System.Net;
using System.Net.Sockets;
using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace PouringRain.Network;

/// <summary>Fetches in wire format 1, whose droplets name no subscription: a socket for each, a few at a time.</summary>
internal sealed class ClassicClient : IAsyncDisposable
{
    /// <summary>Each may hold a resource of 4 MB and a kernel buffer.</summary>
    private const int FetchCountMax = 8;

    /// <summary>Some sixty of the largest droplets.</summary>
    private const int ReceiveBufferBytes = 4 * 1024 * 1024;

    private readonly DatagramFaults? _faults;
    private readonly SemaphoreSlim _places = new(FetchCountMax);
    private readonly CancellationTokenSource _closing = new();

    public ClassicClient(DatagramFaults? faults) => _faults = faults;

    /// <summary>As <see cref="RainClient.FetchClassicAsync"/>.</summary>
    public async Task<byte[]?> FetchAsync(ResourceId resource, PeerAddress server, TimeSpan? silence, CancellationToken cancellationToken)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        await _places.WaitAsync(cancellation.Token).ConfigureAwait(false);
        try
        {
            var fetch = new ClassicFetch(resource, server, silence ?? ClassicFetch.DefaultSilence, MonotonicClock.Now);
            return await RunAsync(fetch, server, cancellation.Token).ConfigureAwait(false);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>As <see cref="RainClient.PropagateClassic"/>.</summary>
    public static void Propagate(ResourceId resource, ushort rainPort, PeerAddress node)
    {
        using var socket = Open(node);
        Span<byte> message = stackalloc byte[ClassicFormat.PropagateBytes];
        Send(
            socket, message[..ClassicFormat.Write(new ClassicMessage(ClassicMessageType.Propagate, resource, rainPort), message)],
            node.ToIPEndPoint().Serialize());
    }

    /// <summary>Cancels what runs and waits for it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        for (var i = 0; i < FetchCountMax; i++)
        {
            await _places.WaitAsync().ConfigureAwait(false);
        }
    }

    private async Task<byte[]?> RunAsync(ClassicFetch fetch, PeerAddress server, CancellationToken cancellationToken)
    {
        using var socket = Open(server);
        socket.ReceiveBufferSize = ReceiveBufferBytes;
        socket.Bind(new IPEndPoint(server.IsIPv4 ? IPAddress.Any : IPAddress.IPv6Any, 0));
        var from = new SocketAddress(socket.AddressFamily);
        var to = server.ToIPEndPoint().Serialize();
        var buffer = new byte[DatagramSocket.BufferBytes];
        var incoming = _faults is null
            ? null
            : new FaultInjector(_faults, 3, (peer, datagram) => fetch.Handle(MonotonicClock.Now, peer, datagram));
        try
        {
            while (true)
            {
                var now = MonotonicClock.Now;
                incoming?.Release(now);
                while (fetch.TryPollTransmit(now, buffer, out var transmit))
                {
                    Send(socket, buffer.AsSpan(0, transmit.Length), to);
                }

                if (fetch.End != ClassicFetchEnd.None)
                {
                    return fetch.Result;
                }

                var length = await ReceiveAsync(socket, buffer, from, fetch.NextTimeout - now, cancellationToken).ConfigureAwait(false);
                Handle(fetch, incoming, from, buffer.AsSpan(0, length));
            }
        }
        finally
        {
            fetch.Cancel();
            while (fetch.TryPollTransmit(MonotonicClock.Now, buffer, out var transmit))
            {
                Send(socket, buffer.AsSpan(0, transmit.Length), to);
            }
        }
    }

    /// <summary>Not connected: droplets come from another port than SUBSCRIBE goes to.</summary>
    private static Socket Open(PeerAddress server) =>
        new(server.IsIPv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);

    private static void Handle(ClassicFetch fetch, FaultInjector? incoming, SocketAddress from, ReadOnlySpan<byte> datagram)
    {
        if (datagram.IsEmpty)
        {
            return;
        }

        var peer = SocketAddresses.Read(from);
        if (incoming is null)
        {
            fetch.Handle(MonotonicClock.Now, peer, datagram);
        }
        else
        {
            incoming.Pass(MonotonicClock.Now, peer, datagram);
        }
    }

    private static void Send(Socket socket, ReadOnlySpan<byte> datagram, SocketAddress to)
    {
        try
        {
            socket.SendTo(datagram, SocketFlags.None, to);
        }
        catch (SocketException)
        {
            // As good as lost: silence ends the fetch.
        }
    }

    private static async ValueTask<int> ReceiveAsync(
        Socket socket, Memory<byte> buffer, SocketAddress from, TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(atMost.TotalMilliseconds))));
        try
        {
            return await socket.ReceiveFromAsync(buffer, SocketFlags.None, from, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
        catch (SocketException)
        {
            return 0;
        }
    }
}
