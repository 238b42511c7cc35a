using System.Net;
using System.Net.Sockets;

namespace EndToEnd;

/// <summary>Forwards TCP connections, and breaks the first of them in mid-answer.</summary>
internal sealed class BreakingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly int _targetPort;
    private readonly long _bytesBeforeBreak;
    private readonly int _breaks;
    private readonly Task _accepting;
    private int _broken;

    public BreakingRelay(int targetPort, long bytesBeforeBreak, int breaks)
    {
        _targetPort = targetPort;
        _bytesBeforeBreak = bytesBeforeBreak;
        _breaks = breaks;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections were broken.</summary>
    public int Broken => Volatile.Read(ref _broken);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ForwardAsync(await _listener.AcceptSocketAsync(_stopping.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using (client)
        {
            try
            {
                await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _targetPort), _stopping.Token);
                await Task.WhenAny(PumpAsync(client, server, long.MaxValue), PumpAsync(server, client, _bytesBeforeBreak));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // The test is over.
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, long bytesMax)
    {
        var buffer = new byte[64 * 1024];
        var total = 0L;
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer, _stopping.Token)) > 0)
            {
                total += count;
                await to.SendAsync(buffer.AsMemory(0, count), _stopping.Token);
                if (total > bytesMax && Broken < _breaks)
                {
                    // A reset, as of a network that fails, not a clean end.
                    Interlocked.Increment(ref _broken);
                    to.LingerState = new LingerOption(true, 0);
                    return;
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side has gone.
        }
    }
}
