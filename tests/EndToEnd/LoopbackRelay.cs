using System.Net;
using System.Net.Sockets;

namespace EndToEnd;

/// <summary>What relays have in common: each connection that comes gets one to the target, and somebody who passes bytes between the
/// two.</summary>
internal sealed class LoopbackRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly int _targetPort;
    private readonly Func<Socket, Socket, CancellationToken, Task> _pass;
    private readonly Func<Task> _before;
    private readonly Task _accepting;

    /// <summary>Begins to listen.</summary>
    /// <param name="targetPort">The port of loopback where what comes goes.</param>
    /// <param name="pass">Passes bytes between who came and the target, until there are no more. What sockets throw ends that connection
    /// alone.</param>
    /// <param name="before">What is waited for before the target is gone to; null for nothing.</param>
    public LoopbackRelay(int targetPort, Func<Socket, Socket, CancellationToken, Task> pass, Func<Task>? before = null)
    {
        _targetPort = targetPort;
        _pass = pass;
        _before = before ?? (() => Task.CompletedTask);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

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
                await _before();
                await server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _targetPort), _stopping.Token);
                await _pass(client, server, _stopping.Token);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // A side has gone, or the test is over.
            }
        }
    }
}
